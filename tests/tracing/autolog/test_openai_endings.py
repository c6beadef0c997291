"""Streams of OpenAI that end before their end: one span, its status, and the text that came."""

import asyncio
import contextlib
import gc
import inspect
import logging

import openai
import pytest

import genaiops
from genaiops.tracing import diagnostics
from tests.tracing.autolog.openai_events import ASK, chunks, response_events, sse, streamed
from tests.tracing.autolog.server import serving, whole

TEXTS = ("One ", "two ", "three ", "four")
CHAT, RESPONSES = [*chunks(TEXTS), "[DONE]"], response_events(TEXTS)
EVENTS = {"chat": CHAT, "responses": RESPONSES}
PART = {"chat": CHAT[:3], "responses": RESPONSES[:6]}  # up to and with "two "
ERROR = {"error": {"message": "overloaded", "type": "server_error", "code": "overloaded"}}
ROW = (
    "name, status, status_message, finish_reasons, input_tokens, output_tokens, outputs, "
    "attributes, ttft_ms, span_id, parent_span_id, events"
)
REQUEST = {
    "chat": {"model": "gpt-x", "messages": ASK},
    "responses": {"model": "gpt-x", "input": "Hello?"},
}
WAYS = ("plain", "helper", "raw")


class RefusedError(Exception):
    """What the consumer of a stream raises."""


@pytest.fixture(scope="module")
def server():
    with serving() as made:
        yield made


@pytest.fixture(scope="module")
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="k", max_retries=0) as made:
        yield made


@pytest.fixture(autouse=True)
def autologged(caplog):
    genaiops.openai.autolog()
    before = diagnostics.internal_errors()
    with caplog.at_level(logging.INFO):
        yield
    genaiops.openai.autolog(disable=True)
    noise = [r for r in caplog.records if not r.name.startswith(("httpx", "openai._base"))]
    assert noise == []
    assert diagnostics.internal_errors() == before


@pytest.fixture(scope="module", params=["chat", "responses"])
def api(request):
    return request.param


def opened(client, api, how):
    resource = client.chat.completions if api == "chat" else client.responses
    if how == "helper":
        return resource.stream(**REQUEST[api])
    if how == "raw":
        return resource.with_raw_response.create(**REQUEST[api], stream=True)
    return resource.create(**REQUEST[api], stream=True)


def consume(client, api, how, work):
    """Runs ``work(stream)`` of a sync client; the stream is closed by nobody else."""
    with genaiops.start_span(how) as app, contextlib.ExitStack() as stack:
        found = opened(client, api, how)
        if how == "helper":
            found = stack.enter_context(found)
        found = found.parse() if how == "raw" else found
        assert genaiops.get_current_active_span().span_id == app.span_id
        work(found)
        assert genaiops.get_current_active_span().span_id == app.span_id


async def consume_async(client, api, how, work):
    with genaiops.start_span(how) as app:
        async with contextlib.AsyncExitStack() as stack:
            if how == "helper":
                found = await stack.enter_async_context(opened(client, api, how))
            else:
                found = await opened(client, api, how)
            if how == "raw":
                found = found.parse()
                found = await found if inspect.isawaitable(found) else found
            assert genaiops.get_current_active_span().span_id == app.span_id
            await work(found)
            assert genaiops.get_current_active_span().span_id == app.span_id


def second_text(event, seen):
    """Whether the second piece of text has come; helpers tell it twice."""
    kind = getattr(event, "type", None)
    if kind in ("content.delta", "response.output_text.delta"):
        seen.append(event.delta)
    elif kind is None and event.choices and event.choices[0].delta.content:
        seen.append(event.choices[0].delta.content)
    return "two " in seen


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
    with pytest.raises(openai.APIError, match="overloaded"):
        read_on(stream)


def break_down(stream):
    with pytest.raises((openai.APIConnectionError, Exception), match="onnection|incomplete|peer"):
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
    with pytest.raises(openai.APIError, match="overloaded"):
        await aread_on(stream)


async def abreak_down(stream):
    with pytest.raises((openai.APIConnectionError, Exception), match="onnection|incomplete|peer"):
        await aread_on(stream)


def all_of(api):
    return streamed(EVENTS[api])


CASES = {
    "close": (close_it, aclose_it, all_of, "unset", "closed"),
    "break": (break_off, abreak_off, all_of, "unset", None),
    "never read": (never_read, anever_read, all_of, "unset", None),
    "server cut": (break_down, abreak_down, lambda api: streamed(PART[api], end="cut"), "error", None),
    "silent end": (read_on, aread_on, lambda api: streamed(PART[api], end="silent"), "error", None),
    "error event": (fail, afail, lambda api: streamed([*PART[api], ERROR]), "error", None),
    "consumer raises": (raise_inside, araise_inside, all_of, "unset", "closed"),
    "cancelled": (interrupt, cancel, lambda api: streamed(PART[api], end="hang"), "unset", None),
}  # fmt: skip
DROPPED = ("break", "never read")


def check(span, case, *, api):
    status, finish = CASES[case][3:]
    assert (span["name"], span["status"]) == ("chat gpt-x", status)
    told = span["attributes"].get("genaiops.stream.finish")
    if status == "unset":
        assert told in ((finish,) if finish else ("closed", "abandoned", "cancelled"))
        assert span["finish_reasons"] is None
    else:
        assert told is None
        assert span["finish_reasons"] == ["error"]
        assert span["attributes"]["error.type"]
        assert span["status_message"]
    assert (span["input_tokens"], span["output_tokens"]) == (None, None)
    if case == "never read":
        assert span["outputs"] in (None, [])
        assert span["ttft_ms"] is None
        return
    found = span["outputs"]
    text = found["content"] if api == "chat" else found[0]["content"][0]["text"]
    assert text == "One two "
    (message,) = span["attributes"]["gen_ai.output.messages"]
    assert message["parts"] == [{"type": "text", "content": "One two "}]
    assert span["ttft_ms"] > 0


@pytest.mark.parametrize("case", CASES)
def test_a_stream_that_ends_early_is_one_span_with_the_text_that_came(
    server, client, spans, api, case
):
    work, awork, answer = CASES[case][:3]
    server.answers = [answer(api) for _ in range(2 * len(WAYS))]

    async def all_ways():
        web = openai.DefaultAsyncHttpxClient(verify=False)
        async with openai.AsyncOpenAI(
            base_url=client.base_url, api_key="k", max_retries=0, http_client=web
        ) as one:
            for how in WAYS:
                await consume_async(one, api, how, awork)
            if case in DROPPED:
                gc.collect()
                await asyncio.sleep(0.01)  # the loop closes generators that were dropped

    for how in WAYS:
        consume(client, api, how, work)
    asyncio.run(all_ways())
    if case in DROPPED:
        gc.collect()

    found = spans(ROW)
    assert len(found) == 4 * len(WAYS)
    for app, span in zip(found[::2], found[1::2], strict=True):
        assert (app["status"], span["parent_span_id"]) == ("ok", app["span_id"])
        check(span, case, api=api)


def test_a_cancelled_request_is_one_span(server, spans):
    server.answers = [whole({}, end="hang")]

    async def main():
        web = openai.DefaultAsyncHttpxClient(verify=False)
        async with openai.AsyncOpenAI(
            base_url=f"{server.url}/v1", api_key="k", http_client=web
        ) as client:
            task = asyncio.create_task(client.responses.create(**REQUEST["responses"]))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())

    (span,) = spans(ROW)
    assert (span["status"], span["outputs"]) == ("unset", None)
    assert span["attributes"]["genaiops.stream.finish"] == "cancelled"


def test_bytes_that_the_application_reads_itself_and_drops_are_kept(server, client, spans, api):
    part = sse(PART[api])
    resource = client.chat.completions if api == "chat" else client.responses
    server.answers = [streamed(EVENTS[api], cuts=[len(part)])]

    with resource.with_streaming_response.create(**REQUEST[api], stream=True) as response:
        assert next(response.iter_bytes(len(part))) == part

    (span,) = spans(ROW)
    assert span["attributes"]["genaiops.stream.finish"] == "closed"
    (message,) = span["attributes"]["gen_ai.output.messages"]
    assert message["parts"] == [{"type": "text", "content": "One two "}]
    assert span["ttft_ms"] > 0


def test_a_raw_response_that_breaks_while_the_application_reads_is_an_error(server, client, spans):
    server.answers = [streamed(PART["chat"], end="cut")]

    with (
        client.chat.completions.with_streaming_response.create(
            **REQUEST["chat"], stream=True
        ) as response,
        pytest.raises(Exception, match="incomplete|peer"),
    ):
        list(response.iter_lines())

    (span,) = spans(ROW)
    assert (span["status"], span["finish_reasons"]) == ("error", ["error"])
    assert span["outputs"]["content"] == "One two "


def test_a_stream_left_at_its_last_event_is_complete(server, client, spans):
    server.answers = [streamed(RESPONSES)]

    with client.responses.create(**REQUEST["responses"], stream=True) as stream:
        for event in stream:
            if event.type == "response.completed":
                break

    (span,) = spans(ROW)
    assert (span["status"], span["finish_reasons"]) == ("ok", ["completed"])
    assert span["output_tokens"] == 5


def test_a_failure_that_the_provider_reports_in_the_stream_is_an_error(server, client, spans):
    failed = RESPONSES[-1]["response"] | {
        "status": "failed",
        "output": [],
        "usage": None,
        "error": {"code": "server_error", "message": "It broke"},
    }
    told = {"type": "error", "code": "rate_limit_exceeded", "message": "Slow down", "param": None}
    server.answers = [
        streamed([*PART["responses"], {"type": "response.failed", "response": failed}]),
        streamed([*PART["responses"], told]),
    ]

    for _ in range(2):
        list(client.responses.create(**REQUEST["responses"], stream=True))

    first, second = spans(ROW)
    assert (first["status"], first["status_message"]) == ("error", "It broke")
    assert first["attributes"]["error.type"] == "server_error"
    assert (second["status"], second["status_message"]) == ("error", "Slow down")
    for span in (first, second):
        assert span["finish_reasons"] == ["error"]
        assert span["outputs"][0]["content"][0]["text"] == "One two "
