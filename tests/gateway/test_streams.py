"""Bytes of streams, however they arrive."""

import json
import random

import msgspec
import pytest

from genaiops.errors import ProviderError
from genaiops.gateway.dialects.openai_chat import fold
from genaiops.gateway.exchange import ChunkReader
from genaiops.gateway.providers import provider
from genaiops.gateway.sse import Event, Splitter, events_of, write_event
from genaiops.gateway.target import Target
from tests.gateway.fake import STREAM, anthropic_events

OPENAI = Target(provider=provider("openai"), provider_name="openai", model="m")
ANTHROPIC = Target(provider=provider("anthropic"), provider_name="anthropic", model="m")


def cut(data, seed):
    """The data in pieces of random length."""
    rng = random.Random(seed)
    pieces = []
    while data:
        size = rng.randint(1, rng.choice([1, 3, 40]))
        pieces.append(data[:size])
        data = data[size:]
    return pieces


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("seed", range(20))
def test_events_are_the_same_however_the_bytes_arrive(line_end, seed):
    text = ": comment\n\nevent: a\ndata: 1\ndata: é\n\n\n\ndata:  x\nid: 7\n\ndata: last"
    whole = text.encode().replace(b"\n", line_end)
    splitter = Splitter()

    found = [event for piece in cut(whole, seed) for event in splitter.feed(piece)]

    assert found + splitter.rest() == [
        Event("a", "1\né".encode()),
        Event("", b" x"),
        Event("", b"last"),
    ]


def test_an_event_is_read_as_it_was_written():
    assert list(events_of(write_event(b'{"a":1}', "x"))) == [Event("x", b'{"a":1}')]


def test_an_endless_event_is_an_error():
    splitter = Splitter()
    splitter.feed(b"data: " + b"x" * ((16 << 20) - 6))

    with pytest.raises(ProviderError, match="more than 16 MiB"):
        splitter.feed(b"x")


@pytest.mark.parametrize("target", [OPENAI, ANTHROPIC], ids=["openai", "anthropic"])
@pytest.mark.parametrize("seed", range(10))
def test_a_stream_folds_to_the_same_completion_however_it_arrives(target, seed):
    whole = b"".join(STREAM if target is OPENAI else anthropic_events())
    reader = ChunkReader(target)

    chunks = [chunk for piece in cut(whole, seed) for chunk in reader.feed(piece)]
    completion = fold([*chunks, *reader.finish()])

    assert reader.done
    expected = "Hello!" if target is OPENAI else "Bonjour!"
    assert completion["choices"][0]["message"]["content"] == expected
    assert completion["choices"][0]["finish_reason"] == "stop"


def test_tool_calls_fold_from_their_fragments():
    def call(index, **function):
        return {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": index} | function]}}]}

    completion = fold(
        [
            call(0, id="a", function={"name": "add", "arguments": ""}),
            call(0, function={"arguments": '{"x":'}),
            call(1, id="b", function={"name": "sub", "arguments": "{}"}),
            call(0, function={"arguments": "1}"}),
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
        ]
    )

    calls = completion["choices"][0]["message"]["tool_calls"]
    assert [(c["id"], c["function"]["arguments"]) for c in calls] == [("a", '{"x":1}'), ("b", "{}")]


def test_anthropics_tool_calls_are_said_in_the_dialect_of_the_caller():
    block = {"type": "tool_use", "id": "t1", "name": "add"}
    events = [
        {"type": "content_block_start", "content_block": block},
        {"type": "content_block_delta", "delta": _json_piece('{"x":')},
        {"type": "content_block_delta", "delta": _json_piece("1}")},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
        {"type": "message_stop"},
    ]
    reader = ChunkReader(ANTHROPIC)

    chunks = list(reader.feed(b"".join(write_event(msgspec.json.encode(e)) for e in events)))
    choice = fold(chunks)["choices"][0]

    [call] = choice["message"]["tool_calls"]
    assert (call["id"], call["function"]) == ("t1", {"name": "add", "arguments": '{"x":1}'})
    assert (choice["finish_reason"], choice["native_finish_reason"]) == ("tool_calls", "tool_use")


def _json_piece(text):
    return {"type": "input_json_delta", "partial_json": text}


@pytest.mark.parametrize(
    "event",
    [
        b"null",
        b"[]",
        b"7",
        b"<html>",
        b'{"type":"message_start","message":"x"}',
        b'{"type":"error","error":{"message":"overloaded"}}',
    ],
)
def test_nonsense_in_an_anthropic_stream_is_an_error_of_the_provider(event):
    reader = ChunkReader(ANTHROPIC)
    with pytest.raises(ProviderError):
        list(reader.feed(write_event(event)))


def test_what_comes_after_the_end_is_not_read():
    reader = ChunkReader(OPENAI)

    chunks = list(reader.feed(b"".join(STREAM) + STREAM[0]))

    assert len(chunks) == len(STREAM) - 1
    assert json.loads(STREAM[0][6:]) == chunks[0]
