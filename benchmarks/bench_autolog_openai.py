"""What the autolog of OpenAI adds: CPU of a whole call as a share of the bare call, and of a chunk.

    python benchmarks/bench_autolog_openai.py

The real SDK on an in-process transport, one turn of a chat with content captured and durable. The
promises are at most 0.20 of the bare call, and 4 microseconds for each chunk of a stream.
"""

import gc
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator

import httpx2
import openai

import genaiops

CALLS, CHUNKS, ROUNDS = 100, 2_000, 30
TEXT = "The printer on the second floor has no paper; the tray is to the left of the window. "
ASK = [
    {"role": "system", "content": "You answer from the handbook. " + TEXT * 6},
    {"role": "user", "content": "Where is the paper?"},
    {"role": "assistant", "content": TEXT},
    {"role": "user", "content": "And who fills it?"},
]
ANSWER = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-5-mini-2026-01-01",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT * 2, "refusal": None, "annotations": []}, "logprobs": None, "finish_reason": "stop"}],
    "usage": {
        "prompt_tokens": 120, "completion_tokens": 40, "total_tokens": 160,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    },
    "service_tier": "default", "system_fingerprint": "fp_1",
}  # fmt: skip


def _chunk(delta: dict[str, str], reason: str | None = None) -> bytes:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5-mini-2026-01-01", "service_tier": "default", "system_fingerprint": "fp_1"}  # fmt: skip
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    return f"data: {json.dumps(head | {'choices': [choice]})}\n\n".encode()


def _event(number: int) -> bytes:
    event = {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": " paper", "logprobs": [], "sequence_number": number}  # fmt: skip
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


FINAL = {
    "type": "response.completed", "sequence_number": 0,
    "response": {"id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-5-mini", "status": "completed", "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "output": [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": " paper" * CHUNKS, "annotations": []}]}]},
}  # fmt: skip
BODY = json.dumps(ANSWER).encode()
CHAT = [_chunk({"role": "assistant", "content": ""}), *[_chunk({"content": " paper"})] * CHUNKS, _chunk({}, "stop"), b"data: [DONE]\n\n"]  # fmt: skip
RESPONSES = [*map(_event, range(CHUNKS)), f"event: response.completed\ndata: {json.dumps(FINAL)}\n\n".encode()]  # fmt: skip


class _Pieces(httpx2.SyncByteStream):
    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.pieces)


def _answer(request: httpx2.Request) -> httpx2.Response:
    if b'"stream":true' in request.read().replace(b" ", b""):
        pieces = RESPONSES if request.url.path.endswith("/responses") else CHAT
        return httpx2.Response(
            200, headers={"content-type": "text/event-stream"}, stream=_Pieces(pieces)
        )
    return httpx2.Response(200, headers={"content-type": "application/json"}, content=BODY)


http = httpx2.Client(transport=httpx2.MockTransport(_answer))
client = openai.OpenAI(api_key="none", base_url="http://127.0.0.1:9/v1", http_client=http)


def calls(count: int = CALLS) -> None:
    for _ in range(count):
        client.chat.completions.create(model="gpt-5-mini", messages=ASK)


def chat_stream() -> None:
    for _ in client.chat.completions.create(model="gpt-5-mini", messages=ASK, stream=True):
        pass


def responses_stream() -> None:
    for _ in client.responses.create(model="gpt-5-mini", input="Where is it?", stream=True):
        pass


def warm() -> None:
    calls(20)


def cpu(work: Callable[[], None]) -> float:
    """Microseconds of this thread."""
    begin = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - begin) / 1e3


def both(work: Callable[[], None], count: int) -> tuple[float, float]:
    """Microseconds for each of `count` things, bare and added: medians of rounds that alternate."""
    found: dict[bool, list[float]] = {False: [], True: []}
    for number in range(ROUNDS):
        for on in (True, False) if number % 2 else (False, True):
            genaiops.openai.autolog(disable=not on)
            warm()  # patching a class costs the interpreter what it had learnt about it
            found[on].append(cpu(work) / count)
    bare = statistics.median(found[False])
    return bare, statistics.median(found[True]) - bare


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        genaiops.openai.autolog()
        calls()  # warm
        chat_stream()
        responses_stream()
        gc.collect()
        gc.freeze()
        bare, added = both(calls, CALLS)
        print(f"call: bare {bare:.0f} us, added {added:.0f} us, ratio {added / bare:.3f} (promise 0.20)")  # fmt: skip
        for name, work in (("chat", chat_stream), ("responses", responses_stream)):
            bare, added = both(work, CHUNKS)
            print(f"{name} chunk: bare {bare:.1f} us, added {added:.2f} us (promise 4)")
        os.chdir("/")


if __name__ == "__main__":
    main()
