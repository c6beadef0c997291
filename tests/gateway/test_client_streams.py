"""Streamed answers in process."""

import asyncio
import gc

import pytest

import genaiops
from genaiops import gateway
from genaiops.errors import BadRequestError, ProviderError
from tests.gateway.fake import STREAM, Reply, anthropic_events, chat, refusal, streamed

MODEL = "openai/gpt-5-mini"


def spans():
    return genaiops.sql("SELECT * FROM spans ORDER BY start_ns").dicts()


def test_a_stream_comes_in_pieces_and_ends_with_the_whole(provider):
    provider.say(streamed())

    with gateway.stream(model=MODEL, messages="Hi") as stream:
        texts = [chunk.text for chunk in stream if chunk.text]

    assert texts == ["Hel", "lo!"]
    assert (stream.completion.text, stream.completion.finish_reason) == ("Hello!", "stop")
    assert stream.completion.usage.output_tokens == 2
    assert provider.requests[0].json["stream_options"] == {"include_usage": True}
    [span] = spans()
    assert (span["status"], span["output_tokens"], span["finish_reasons"]) == ("ok", 2, ["stop"])
    assert span["ttft_ms"] > 0
    assert "Hello!" in span["outputs"]


def test_a_stream_can_be_read_asynchronously(provider):
    provider.say(streamed())

    async def main():
        stream = gateway.stream(model=MODEL, messages="Hi")
        return [chunk.text async for chunk in stream], stream.completion.text

    assert asyncio.run(main()) == (["Hel", "lo!", "", ""], "Hello!")


def test_a_stream_that_is_closed_keeps_what_it_said(provider):
    provider.say(streamed(STREAM[:1], hang=True))

    with gateway.stream(model=MODEL, messages="Hi") as stream:
        assert next(stream).text == "Hel"

    assert stream.completion.text == "Hel"
    assert provider.gone.wait(5)
    [span] = spans()
    assert (span["status"], span["finish_reasons"]) == ("unset", None)
    assert span["attributes"]["genaiops.stream.finish"] == "closed"
    assert "Hel" in span["outputs"]


def test_a_stream_that_is_dropped_ends_its_span(provider):
    provider.say(streamed(STREAM[:1], hang=True))

    stream = gateway.stream(model=MODEL, messages="Hi")
    next(stream)
    del stream
    gc.collect()

    assert provider.gone.wait(5)
    assert spans()[0]["attributes"]["genaiops.stream.finish"] == "abandoned"


@pytest.mark.parametrize(
    "reply",
    [
        streamed(STREAM[:2]),  # no [DONE]
        streamed(STREAM[:2], cut=True),
        streamed([*STREAM[:2], b'data: {"error": {"message": "overloaded"}}\n\n']),
        streamed([*STREAM[:2], b"data: <html>\n\n"]),
    ],
    ids=["no end", "cut", "error event", "html"],
)
def test_a_stream_that_breaks_raises_where_it_broke(provider, reply):
    provider.say(reply)

    stream = gateway.stream(model=MODEL, messages="Hi", retries=0)
    assert [next(stream).text, next(stream).text] == ["Hel", "lo!"]
    with pytest.raises(ProviderError, match=r"gpt-5-mini"):
        next(stream)

    assert stream.completion.text == "Hello!"
    [span] = spans()
    assert (span["status"], span["finish_reasons"]) == ("error", ["error"])


@pytest.mark.parametrize(
    "reply", [Reply(pieces=[b"{}"]), Reply(headers={"content-type": "text/html"}), chat()]
)
def test_an_answer_that_is_no_stream_is_an_error(provider, reply):
    provider.say(reply)

    with pytest.raises(ProviderError, match="asked for a stream and sent something else"):
        list(gateway.stream(model=MODEL, messages="Hi"))


def test_an_empty_stream_is_an_error(provider):
    provider.say(streamed([]))

    with pytest.raises(ProviderError, match="before it was complete"):
        list(gateway.stream(model=MODEL, messages="Hi"))


def test_a_refused_stream_raises_with_its_first_piece(provider):
    provider.say(refusal(400, "no such thing"))

    with pytest.raises(BadRequestError, match="no such thing"):
        next(gateway.stream(model=MODEL, messages="Hi"))


def test_anthropic_streams(provider):
    provider.say(streamed(anthropic_events()))

    stream = gateway.stream(model="anthropic/claude-sonnet-5", messages="Hi")

    assert "".join(piece.text for piece in stream) == "Bonjour!"
    assert stream.completion.usage.output_tokens == 3
    assert spans()[0]["finish_reasons"] == ["end_turn"]


def test_an_asynchronous_stream_that_is_closed_keeps_what_it_said(provider):
    provider.say(streamed(STREAM[:1], hang=True))

    async def main():
        async with gateway.stream(model=MODEL, messages="Hi") as stream:
            assert (await anext(stream)).text == "Hel"
        return stream.completion.text

    assert asyncio.run(main()) == "Hel"
    assert provider.gone.wait(5)
    assert spans()[0]["attributes"]["genaiops.stream.finish"] == "closed"


def test_a_cancelled_reader_ends_the_stream(provider):
    provider.say(streamed(STREAM[:1], hang=True))

    async def main():
        stream = gateway.stream(model=MODEL, messages="Hi")
        await anext(stream)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream), 0.05)

    asyncio.run(main())

    assert provider.gone.wait(5)
    assert spans()[0]["attributes"]["genaiops.stream.finish"] == "cancelled"


def test_an_asynchronous_stream_that_breaks_raises_where_it_broke(provider):
    provider.say(streamed(STREAM[:2]))

    async def main():
        stream = gateway.stream(model=MODEL, messages="Hi")
        texts = [(await anext(stream)).text, (await anext(stream)).text]
        with pytest.raises(ProviderError, match="before it was complete"):
            await anext(stream)
        return texts

    assert asyncio.run(main()) == ["Hel", "lo!"]
    assert spans()[0]["status"] == "error"


def test_a_local_model_streams_asynchronously_too():
    async def main():
        stream = gateway.stream(model="offline/extractive", messages="Hi")
        return "".join([piece.text async for piece in stream])

    assert asyncio.run(main()) == "The context does not answer this question."


def test_the_whole_answer_is_not_there_before_the_end():
    stream = gateway.stream(model="offline/extractive", messages="Hi")
    next(stream)

    with pytest.raises(ProviderError, match="read it to its end"):
        _ = stream.completion

    list(stream)
    assert list(stream) == []
    assert stream.completion.finish_reason == "stop"


def test_a_stream_that_cannot_be_asked_for_ends_its_span(provider):
    with pytest.raises(BadRequestError, match="tool of type None is not"):
        gateway.stream(model="anthropic/claude-sonnet-5", messages="Hi", tools=[{}])

    assert spans()[0]["status"] == "error"
