"""Streams of Anthropic that end before their end: one span, its status, and the text that came."""

import asyncio
import contextlib
import inspect
import logging

import anthropic
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import genaiops
from genaiops.tracing import diagnostics
from genaiops.tracing.provider import GenaiopsSpanProcessor
from tests.tracing.autolog.server import (
    ASK,
    serving,
    sse,
    stream,
    streamed,
    text_block,
    whole,
)

EVENTS = stream(text_block(texts=("One ", "two ", "three ", "four")))
HALF = 4  # events up to and with "two "
ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
ROW = (
    "name, status, status_message, finish_reasons, input_tokens, output_tokens, outputs, "
    "attributes, ttft_ms, parent_span_id, events"
)
REQUEST = {"model": "claude-x", "max_tokens": 9, "messages": ASK}


class RefusedError(Exception):
    """What the consumer of a stream raises."""


@pytest.fixture(scope="module")
def server():
    with serving() as made:
        yield made


@pytest.fixture(scope="module")
def client(server):
    with anthropic.Anthropic(base_url=server.url, api_key="k", max_retries=0) as made:
        yield made


@pytest.fixture(autouse=True)
def autologged(caplog):
    genaiops.anthropic.autolog()
    before = diagnostics.internal_errors()
    with caplog.at_level(logging.INFO):
        yield
    genaiops.anthropic.autolog(disable=True)
    noise = [r for r in caplog.records if not r.name.startswith(("httpx", "anthropic._base"))]
    assert noise == []
    assert diagnostics.internal_errors() == before
    assert genaiops.get_current_active_span().trace_id == "0" * 32


HOWS = ("plain", "helper", "raw", "native")
"""The last makes OpenTelemetry spans of its own, for the application's provider."""
EXPORTER, PROVIDER = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
PROVIDER.add_span_processor(SimpleSpanProcessor(EXPORTER))
PROVIDER.add_span_processor(GenaiopsSpanProcessor())


def opened(client, how):
    if how == "helper":
        return client.messages.stream(**REQUEST)
    if how == "raw":
        return client.messages.with_raw_response.create(**REQUEST, stream=True)
    if how == "native":
        client = client.with_options(open_telemetry={"tracer_provider": PROVIDER})
    return client.messages.create(**REQUEST, stream=True)


def consume(client, how, work):
    """Runs ``work(stream)`` of a sync client; the stream is closed by nobody else."""
    with genaiops.start_span("app") as app, contextlib.ExitStack() as stack:
        found = opened(client, how)
        if how == "helper":
            found = stack.enter_context(found)
        found = found.parse() if how == "raw" else found
        assert genaiops.get_current_active_span().span_id == app.span_id
        work(found)
        assert genaiops.get_current_active_span().span_id == app.span_id


def consume_async(server, how, work):
    async def main():
        web = anthropic.DefaultAsyncHttpxClient(verify=False)
        async with anthropic.AsyncAnthropic(
            base_url=server.url, api_key="k", max_retries=0, http_client=web
        ) as client:
            with genaiops.start_span("app") as app:
                async with contextlib.AsyncExitStack() as stack:
                    if how == "helper":
                        found = await stack.enter_async_context(opened(client, how))
                    else:
                        found = await opened(client, how)
                    if how == "raw":
                        found = found.parse()
                        found = await found if inspect.isawaitable(found) else found
                    assert genaiops.get_current_active_span().span_id == app.span_id
                    await work(found)
                    assert genaiops.get_current_active_span().span_id == app.span_id
                    del found
                    await asyncio.sleep(0.01)  # the loop closes generators that were dropped

    asyncio.run(main())


def second_text(event, seen):
    """Whether the second piece of text has come; helpers tell some events twice."""
    if event.type == "content_block_delta":
        seen.append(event)
    return len(seen) == 2


def close_it(stream):
    seen = []
    for event in stream:
        if second_text(event, seen):
            stream.close()
            break


def break_off(stream):
    seen = []
    for event in stream:
        if second_text(event, seen):
            break


def never_read(stream):
    pass


def read_on(stream):
    for _ in stream:
        pass


def read_until(stream, error):
    seen = []
    with stream:
        for event in stream:
            if second_text(event, seen):
                raise error


def raise_inside(stream):
    with pytest.raises(RefusedError):
        read_until(stream, RefusedError())


def interrupt(stream):
    with pytest.raises(KeyboardInterrupt):
        read_until(stream, KeyboardInterrupt())


def fail(stream):
    with pytest.raises(anthropic.APIStatusError):
        read_on(stream)


def break_down(stream):
    with pytest.raises(Exception, match="incomplete|closed|peer"):
        read_on(stream)


async def aclose_it(stream):
    seen = []
    async for event in stream:
        if second_text(event, seen):
            await stream.close()
            break


async def abreak_off(stream):
    seen = []
    async for event in stream:
        if second_text(event, seen):
            break


async def anever_read(stream):
    pass


async def aread_on(stream):
    async for _ in stream:
        pass


async def aread_until(stream, error):
    seen = []
    async with stream:
        async for event in stream:
            if second_text(event, seen):
                raise error


async def araise_inside(stream):
    with pytest.raises(RefusedError):
        await aread_until(stream, RefusedError())


async def cancel(stream):
    task = asyncio.create_task(aread_on(stream))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def afail(stream):
    with pytest.raises(anthropic.APIStatusError):
        await aread_on(stream)


async def abreak_down(stream):
    with pytest.raises(Exception, match="incomplete|closed|peer"):
        await aread_on(stream)


WHOLE = streamed(EVENTS)
PART = sse(EVENTS[:HALF])
CASES = {
    "close": (close_it, aclose_it, WHOLE, "unset", "closed", "One two "),
    "break": (break_off, abreak_off, WHOLE, "unset", None, "One two "),
    "never read": (never_read, anever_read, WHOLE, "unset", None, None),
    "server cut": (break_down, abreak_down, streamed(EVENTS[:HALF], end="cut"), "error", None, "One two "),
    "silent end": (read_on, aread_on, streamed(EVENTS[:HALF], end="silent"), "error", None, "One two "),
    "error event": (fail, afail, streamed([*EVENTS[:HALF], ERROR]), "error", None, "One two "),
    "consumer raises": (raise_inside, araise_inside, WHOLE, "unset", "closed", "One two "),
    "cancelled": (interrupt, cancel, streamed(EVENTS[:HALF], end="hang"), "unset", None, "One two "),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_stream_that_ends_early_is_one_span_with_the_text_that_came(
    server, client, spans, case, is_async
):
    work, awork, answer, *expected = CASES[case]
    EXPORTER.clear()
    for how in HOWS:
        server.answers = [answer]
        if is_async:
            consume_async(server, how, awork)
        else:
            consume(client, how, work)

    found = spans(ROW + ", span_id")
    assert len(found) == 2 * len(HOWS)
    for app, span in zip(found[::2], found[1::2], strict=True):
        assert (span["name"], span["parent_span_id"]) == ("chat claude-x", app["span_id"])
        assert app["status"] == "ok"
        check(span, *expected)
    (native,) = EXPORTER.get_finished_spans()
    assert f"{native.context.span_id:016x}" == found[-1]["span_id"]
    assert native.status.status_code.name.lower() == expected[0]


def check(span, status, finish, text):
    said = span["attributes"].get("genaiops.stream.finish")
    assert span["status"] == status
    if status == "unset":
        assert said in ((finish,) if finish else ("closed", "abandoned", "cancelled"))
        assert span["finish_reasons"] is None
    else:
        assert said is None
        assert span["finish_reasons"] == ["error"]
        assert span["attributes"]["error.type"]
        assert span["status_message"]
    if text is None:
        assert (span["outputs"], span["ttft_ms"]) == (None, None)
        return
    assert span["outputs"]["content"] == [{"type": "text", "text": text}]
    assert span["ttft_ms"] > 0
    assert (span["input_tokens"], span["output_tokens"]) == (28, None)


def test_a_cancelled_request_is_one_span(server, spans):
    server.answers = [whole({}, end="hang")]

    async def main():
        web = anthropic.DefaultAsyncHttpxClient(verify=False)
        async with anthropic.AsyncAnthropic(
            base_url=server.url, api_key="k", http_client=web
        ) as client:
            task = asyncio.create_task(client.messages.create(**REQUEST))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())

    (span,) = spans(ROW)
    assert (span["status"], span["outputs"]) == ("unset", None)
    assert span["attributes"]["genaiops.stream.finish"] == "cancelled"


def test_bytes_that_the_application_reads_itself_and_drops_are_kept(server, client, spans):
    server.answers = [streamed(EVENTS, cuts=[len(PART)])]

    with client.messages.with_streaming_response.create(**REQUEST, stream=True) as response:
        assert next(response.iter_bytes(len(PART))) == PART

    (span,) = spans(ROW)
    assert span["attributes"]["genaiops.stream.finish"] == "closed"
    assert span["outputs"]["content"] == [{"type": "text", "text": "One two "}]
    assert span["ttft_ms"] > 0
