"""CPU for each event of a stream that the gateway translates, both ways.

    python benchmarks/bench_gateway_translation.py [--events 2000] [--rounds 15]

Bytes of the provider in, one event a piece, bytes of the client out: cutting, decoding, translating
and encoding, as the data plane does it. The floor is msgspec decoding and encoding the same events,
in turn in the same process.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence

import msgspec

from genaiops.gateway.dialects import anthropic, chat_streams
from genaiops.gateway.dialects.form import (
    Answer,
    Delta,
    Event,
    PartStart,
    PartStop,
    Start,
    Stop,
    Text,
    Tokens,
)
from genaiops.gateway.dialects.readers import Outgoing
from genaiops.gateway.exchange import ChunkReader
from genaiops.gateway.providers import provider
from genaiops.gateway.sse import DONE, events_of, write_event
from genaiops.gateway.target import Target

PROMISE_US = 15.0


def told(count: int) -> list[Event]:
    """A stream of text in that many deltas."""
    deltas = [Delta(0, f" word{number % 97}") for number in range(count)]
    start = [Start("msg_1", "a-model", 1), PartStart(0, Text(""))]
    return [*start, *deltas, PartStop(0), Tokens(20, count), Stop("end_turn")]


def streams(count: int) -> dict[str, list[bytes]]:
    """The stream as pieces of bytes, in each dialect."""
    chunks, native = chat_streams.ChunkWriter(), anthropic.EventWriter()
    events = told(count)
    chat = [write_event(msgspec.json.encode(c)) for e in events for c in chunks.feed(e)]
    return {
        "openai": [*chat, write_event(DONE)],
        "anthropic": [piece for e in events if (piece := native.feed(e))],
    }


def translate(pieces: Sequence[bytes], target: Target, client: str) -> Answer | bytes:
    """What the data plane does with a stream, without the sockets."""
    reader, outgoing = ChunkReader(target), Outgoing(client)
    written: list[bytes] = []
    for piece in pieces:
        for chunk in reader.feed(piece):
            data = outgoing.feed(chunk)
            if data:
                written.append(data)
    written.append(outgoing.finish())
    assert reader.done
    return b"".join(written)


def floor(bodies: Sequence[bytes]) -> int:
    """Decodes and encodes every event."""
    return sum(len(msgspec.json.encode(msgspec.json.decode(body))) for body in bodies)


def cpu_us(run: Callable[[], object], count: int) -> float:
    began = time.process_time()
    run()
    return (time.process_time() - began) * 1e6 / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    made = streams(options.events)
    missed = False
    for source, client in (("openai", "anthropic"), ("anthropic", "openai")):
        pieces = made[source]
        target = Target(provider=provider(source), provider_name=source, model="m")
        found = [event.data for event in events_of(b"".join(pieces))]
        bodies = [body for body in found if body != DONE]
        ours: list[float] = []
        least: list[float] = []
        for _ in range(options.rounds):
            ours.append(cpu_us(lambda: translate(pieces, target, client), len(found)))  # noqa: B023 - run at once
            least.append(cpu_us(lambda: floor(bodies), len(bodies)))  # noqa: B023 - run at once
        took, bare = statistics.median(ours), statistics.median(least)
        missed = missed or took > PROMISE_US
        print(
            f"{source} -> {client}: {took:.1f} us an event  promise {PROMISE_US:g} us  "
            f"({took / bare:.1f} x msgspec's decode and encode, {bare:.2f} us)"
        )
    if missed:
        sys.exit("the promise is not kept")


if __name__ == "__main__":
    main()
