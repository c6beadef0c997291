"""Many OpenAI calls at once: every span is there, once, with its own answer under its own parent.

    python benchmarks/bench_concurrent_calls.py [--tasks 10000] [--threads 64] [--calls 100]

The real SDK on an in-process transport that answers in pieces and out of order: tasks of asyncio,
all at once, and threads that also hand calls to a pool they share. Half of the calls are streams,
some are broken off or refused. Each call notes the spans it saw around itself and what it was
given; then every row of the store is compared with these notes. The promise is no difference.
"""

import argparse
import asyncio
import itertools
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import httpx2
import openai

import genaiops

POOL = 16
PIECES = ("It ", "is ", "answer ")
SHAPES = ("whole", "stream", "whole", "stream", "refused", "broken", "responses", "stream")
COLUMNS = (
    "name, trace_id, span_id, parent_span_id, span_type, status, request_model, response_id, "
    "input_tokens, output_tokens, cache_read_tokens, inputs, outputs"
)


class Note(NamedTuple):
    """What a call knows of itself."""

    key: int
    shape: str
    trace_id: str
    parent_span_id: str
    text: str | None


notes: list[Note] = []
functions: dict[str, tuple[str, str | None]] = {}
"""Span of a traced function -> its trace and its parent."""


def shape_of(key: int) -> str:
    return SHAPES[key % len(SHAPES)]


def usage(key: int) -> tuple[int, int, int]:
    """Tokens of input, of output, and from the cache."""
    return 100 + key, 1 + key % 89, key % 13


def text_of(key: int, shape: str) -> str | None:
    if shape == "refused":
        return None
    return PIECES[0] if shape == "broken" else "".join(PIECES) + str(key)


# --- the provider --------------------------------------------------------------------------------


def answer(request: dict[str, Any], path: str) -> tuple[int, str, list[bytes]]:
    """Status, content type and pieces of the answer to one request."""
    key = int(request["model"].removeprefix("gpt-"))
    if shape_of(key) == "refused":
        return 400, "application/json", [json.dumps({"error": {"message": f"no {key}"}}).encode()]
    asked, given, cached = usage(key)
    text = "".join(PIECES) + str(key)
    if path.endswith("/responses"):
        part = {"type": "output_text", "text": text, "annotations": []}
        body = {
            "id": f"r-{key}", "object": "response", "created_at": 1, "model": request["model"], "status": "completed",
            "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
            "output": [{"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}],
            "usage": {"input_tokens": asked, "output_tokens": given, "total_tokens": asked + given, "input_tokens_details": {"cached_tokens": cached}, "output_tokens_details": {"reasoning_tokens": 0}},
        }  # fmt: skip
        return 200, "application/json", [json.dumps(body).encode()]
    tokens = {"prompt_tokens": asked, "completion_tokens": given, "total_tokens": asked + given, "prompt_tokens_details": {"cached_tokens": cached}}  # fmt: skip
    head = {"id": f"r-{key}", "created": 1, "model": request["model"]}
    if request.get("stream"):
        chunk = head | {"object": "chat.completion.chunk"}
        deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]  # fmt: skip
        deltas += [({"content": piece}, None) for piece in (*PIECES, str(key))] + [({}, "stop")]
        events = [chunk | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]} for delta, reason in deltas]  # fmt: skip
        events.append(chunk | {"choices": [], "usage": tokens})
        pieces = [f"data: {json.dumps(event)}\n\n".encode() for event in events]
        return 200, "text/event-stream", [*pieces, b"data: [DONE]\n\n"]
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}  # fmt: skip
    body = head | {"object": "chat.completion", "choices": [choice], "usage": tokens}
    return 200, "application/json", [json.dumps(body).encode()]


class Pieces(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body in pieces, between which others run."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            time.sleep(0)
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            await asyncio.sleep(0)
            yield piece


class Transport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        status, kind, pieces = answer(json.loads(request.read()), request.url.path)
        return httpx2.Response(status, headers={"content-type": kind}, stream=Pieces(pieces))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        asked = json.loads(await request.aread())
        await asyncio.sleep(int(asked["model"].removeprefix("gpt-")) * 7 % 50 / 1000)
        status, kind, pieces = answer(asked, request.url.path)
        return httpx2.Response(status, headers={"content-type": kind}, stream=Pieces(pieces))


# --- the application -----------------------------------------------------------------------------


def seen(parent: str | None = None) -> tuple[str, str]:
    """Trace and span of the function that runs; notes them as a function's."""
    span = genaiops.get_current_active_span()
    if functions.setdefault(span.span_id, (span.trace_id, parent)) != (span.trace_id, parent):
        functions[span.span_id] = ("seen under two parents", None)
    return span.trace_id, span.span_id


def request_of(key: int) -> dict[str, Any]:
    return {"model": f"gpt-{key}", "messages": [{"role": "user", "content": f"question {key}"}]}


def streamed(key: int) -> dict[str, Any]:
    return request_of(key) | {"stream": True, "stream_options": {"include_usage": True}}


def content(chunk: Any) -> str:
    return chunk.choices[0].delta.content or "" if chunk.choices else ""


async def ask(client: openai.AsyncOpenAI, key: int) -> str | None:
    """The text of the answer as the application gets it."""
    shape = shape_of(key)
    if shape == "responses":
        said = await client.responses.create(model=f"gpt-{key}", input=f"question {key}")
        return said.output_text
    if shape in ("whole", "refused"):
        try:
            made = await client.chat.completions.create(**request_of(key))
        except openai.BadRequestError:
            return None
        return made.choices[0].message.content
    text = ""
    async with await client.chat.completions.create(**streamed(key)) as stream:
        async for chunk in stream:
            text += content(chunk)
            if shape == "broken" and text:
                break
    return text


def ask_sync(client: openai.OpenAI, key: int) -> str | None:
    shape = shape_of(key)
    if shape == "responses":
        return client.responses.create(model=f"gpt-{key}", input=f"question {key}").output_text
    if shape in ("whole", "refused"):
        try:
            return client.chat.completions.create(**request_of(key)).choices[0].message.content
        except openai.BadRequestError:
            return None
    text = ""
    with client.chat.completions.create(**streamed(key)) as stream:
        for chunk in stream:
            text += content(chunk)
            if shape == "broken" and text:
                break
    return text


def noted(key: int, where: tuple[str, str], text: str | None) -> None:
    notes.append(Note(key, shape_of(key), *where, text))


@genaiops.trace
async def task(client: openai.AsyncOpenAI, key: int) -> None:
    trace_id, here = seen()
    if key % 3 == 0:  # the call is the fourth span of its trace
        await middle(client, key, here)
    else:
        noted(key, (trace_id, here), await ask(client, key))


@genaiops.trace
async def middle(client: openai.AsyncOpenAI, key: int, parent: str) -> None:
    _, here = seen(parent)
    await asyncio.sleep(0)
    await inner(client, key, here)


@genaiops.trace
async def inner(client: openai.AsyncOpenAI, key: int, parent: str) -> None:
    where = seen(parent)
    noted(key, where, await ask(client, key))


@genaiops.trace
def step(client: openai.OpenAI, key: int, pool: ThreadPoolExecutor) -> None:
    where = seen()
    if key % 4 == 1:
        noted(key, where, pool.submit(ask_sync, client, key).result())
    elif key % 5 == 0:
        step_inside(client, key, where[1])
    else:
        noted(key, where, ask_sync(client, key))


@genaiops.trace
def step_inside(client: openai.OpenAI, key: int, parent: str) -> None:
    where = seen(parent)
    noted(key, where, ask_sync(client, key))


async def all_tasks(keys: range) -> None:
    http = httpx2.AsyncClient(transport=Transport())
    async with openai.AsyncOpenAI(
        api_key="none", base_url="http://127.0.0.1:9/v1", http_client=http, max_retries=0
    ) as client:
        await asyncio.gather(*(task(client, key) for key in keys))


def all_threads(first: int, threads: int, calls: int) -> None:
    http = httpx2.Client(transport=Transport())
    failed: list[threading.ExceptHookArgs] = []
    threading.excepthook = failed.append
    with (
        openai.OpenAI(
            api_key="none", base_url="http://127.0.0.1:9/v1", http_client=http, max_retries=0
        ) as client,
        ThreadPoolExecutor(POOL) as pool,
    ):

        def run(number: int) -> None:
            for key in range(first + number * calls, first + (number + 1) * calls):
                step(client, key, pool)

        workers = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    if failed:
        raise RuntimeError(f"a thread failed: {failed[0].exc_value!r}") from failed[0].exc_value


# --- the comparison ------------------------------------------------------------------------------


def wrong_in(row: dict[str, Any], note: Note) -> str | None:
    """The first thing in which the row differs from what its call knows."""
    finished = note.shape not in ("refused", "broken")
    asked, given, cached = usage(note.key) if finished else (None, None, None)
    expected = {
        "trace_id": note.trace_id, "parent_span_id": note.parent_span_id,
        "status": "error" if note.shape == "refused" else row["status"] if note.shape == "broken" else "ok",
        "response_id": None if note.shape == "refused" else f"r-{note.key}",
        "input_tokens": asked, "output_tokens": given, "cache_read_tokens": cached,
    }  # fmt: skip
    for name, value in expected.items():
        if row[name] != value:
            return f"{name} of call {note.key} ({note.shape}) is {row[name]!r}, not {value!r}"
    if f'question {note.key}"' not in row["inputs"]:
        return f"call {note.key} has the question of another: {row['inputs'][:200]}"
    said = row["outputs"] or ""
    if note.text is not None and json.dumps(note.text)[:-1] not in said:
        return f"call {note.key} has the answer of another: {said[:200]}"
    return None


def differences() -> tuple[Counter[str], list[str]]:
    """How often each kind of difference is there, and the first of them in words."""
    rows = genaiops.sql(f"SELECT {COLUMNS} FROM spans").dicts()
    calls: dict[str, list[dict[str, Any]]] = {}
    found: Counter[str] = Counter()
    words: list[str] = []
    of_functions = Counter(row["span_id"] for row in rows if row["request_model"] is None)
    for row in rows:
        if row["request_model"] is not None:
            calls.setdefault(row["request_model"], []).append(row)
        elif functions.get(row["span_id"]) != (row["trace_id"], row["parent_span_id"]):
            found["misparented"] += 1
            words.append(f"function {row['name']} {row['span_id']} is under {row['parent_span_id']}")  # fmt: skip
    found["lost"] += len(functions.keys() - of_functions.keys())
    found["doubled"] += sum(count - 1 for count in of_functions.values())
    for note in notes:
        same = calls.pop(f"gpt-{note.key}", [])
        found["lost"] += not same
        found["doubled"] += max(len(same) - 1, 0)
        wrong = wrong_in(same[0], note) if same else f"call {note.key} has no span"
        if note.text != text_of(note.key, note.shape):
            wrong = f"the application got {note.text!r} for call {note.key}"
        if wrong:
            words.append(wrong)
        if wrong and same:
            misparented = same[0]["parent_span_id"] != note.parent_span_id
            found["misparented" if misparented else "different"] += 1
    found["of nobody"] += sum(map(len, calls.values()))
    return +found, words


def timed(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--calls", type=int, default=100, help="calls of each thread")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        genaiops.openai.autolog()
        took = timed(lambda: asyncio.run(all_tasks(range(options.tasks))))
        print(f"asyncio  {options.tasks:,} calls at once in {took:.1f} s")
        took = timed(lambda: all_threads(options.tasks, options.threads, options.calls))
        print(f"threads  {options.threads} x {options.calls} calls in {took:.1f} s")
        found, words = differences()
        made = options.tasks + options.threads * options.calls
        rows = genaiops.sql("SELECT count(*) FROM spans").rows[0][0]
        os.chdir("/")
    counts = ", ".join(f"{found[name]} {name}" for name in ("lost", "doubled", "misparented", "different", "of nobody"))  # fmt: skip
    print(f"calls    {made:,} made, {len(notes):,} noted, {len(functions):,} functions, {rows:,} spans")  # fmt: skip
    print(f"spans    {counts}  (promise 0)")
    for line in itertools.islice(words, 10):
        print(f"         {line}")
    if words or found or len(notes) != made or rows != made + len(functions):
        sys.exit("the promise is not kept")


if __name__ == "__main__":
    main()
