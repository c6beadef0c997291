"""Connections to a provider that sends more, or other, than it was asked for."""

import asyncio
import json

import pytest

from genaiops.errors import ProviderError
from genaiops.gateway import complete, stream
from genaiops.gateway.target import Timeouts
from genaiops.gateway.upstream import Call, upstream
from tests.gateway.conftest import KEY
from tests.gateway.fake import STREAM, chat
from tests.gateway.raw import raw_server, whole


def said(text: str) -> bytes:
    return whole(chat(text).pieces[0])


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch):
    def asking(server, **more):
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.port}/v1")
        return complete(model="openai/x", messages="Hi", retries=0, **more).text

    return asking


POISON = {
    "a whole answer": said("of somebody else"),
    "half an answer": said("of somebody else")[:200],
    "a few letters": b"HTTP/1",
    "an error": whole(b"{}", status="500 No"),
    "no HTTP": b"}}",
}


@pytest.mark.parametrize("more", POISON)
def test_what_nobody_asked_for_never_answers_the_next_request(ask, more):
    with raw_server([said("first") + POISON[more], said("second")]) as server:
        answers = [ask(server), ask(server)]

    assert answers == ["first", "second"]
    assert server.connections == 2


def test_a_connection_is_used_again_while_answers_are_what_was_asked_for(ask):
    with raw_server([said("first"), said("second")]) as server:
        assert [ask(server), ask(server)] == ["first", "second"]

    assert server.connections == 1


def test_what_comes_before_the_answer_is_not_the_answer(ask):
    early = b"HTTP/1.1 103 Early\r\nlink: </x>\r\nretry-after: 9\r\n\r\n"
    with raw_server([early + early + said("first")]) as server:
        assert ask(server) == "first"


def test_a_connection_that_ends_with_its_answer_is_not_used_again(ask):
    body = chat("first").pieces[0]
    closing = whole(body, "connection: close")
    old = b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
    with raw_server([closing, old % (len(body), body), said("third")]) as server:
        assert [ask(server), ask(server), ask(server)] == ["first", "first", "third"]

    assert server.connections == 3


def test_a_connection_that_the_provider_closed_meanwhile_is_replaced_unseen(ask):
    with raw_server([said("first")]) as server:
        assert ask(server) == "first"  # after its last answer the server closes
        server.answers.append(said("second"))

        assert ask(server) == "second"

    assert server.connections == 2


LENGTHS = {
    "two lengths": ["content-length: 3"],
    "a length and chunks": ["transfer-encoding: chunked"],
    "no number": ["content-length: many"],
}


@pytest.mark.parametrize("lines", LENGTHS)
def test_an_answer_whose_end_is_doubtful_is_an_error(ask, lines):
    body = json.dumps({"choices": []}).encode()
    doubtful = "broke off|is not HTTP|not a chat completion"
    with (
        raw_server([whole(body, *LENGTHS[lines])]) as server,
        pytest.raises(ProviderError, match=doubtful),
    ):
        ask(server)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
CHUNKS = HEAD + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in STREAM)


def read_streams(server, monkeypatch, then):
    """Two streams one after the other, as far as they say something; `then` is run between."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    call = Call(f"http://127.0.0.1:{server.port}/v1", {}, b"{}", Timeouts())

    async def read():
        pool = await upstream()
        for _ in range(2):
            answer, text = await pool.stream(call), b""
            while STREAM[-1] not in text:
                text += await answer.read()
            answer.close(complete=True)
            await then(answer)

    asyncio.run(read())


def test_a_stream_whose_framing_ends_a_moment_later_leaves_its_connection(monkeypatch):
    async def ended(answer):
        server.go.set()
        while not (answer.usable or answer.closed):  # the server ends after its last answer
            await asyncio.sleep(0.001)

    with raw_server([(CHUNKS, b"0\r\n\r\n")] * 2) as server:
        read_streams(server, monkeypatch, ended)

    assert (len(server.heads), server.connections) == (2, 1)


ODD_ENDS = [
    b"5\r\nmore!\r\n" * 20_000,
    b"no chunk at all\r\n",
    b"0\r\n\r\n" + said("of somebody else"),
]


@pytest.mark.parametrize("end", ODD_ENDS, ids=["endless", "no HTTP", "a further answer"])
def test_a_stream_that_goes_on_after_its_end_loses_its_connection(monkeypatch, end):
    async def closed(answer):
        server.go.set()
        while not answer.closed:
            await asyncio.sleep(0.001)

    with raw_server([(CHUNKS, end)] * 2) as server:
        read_streams(server, monkeypatch, closed)

    assert (len(server.heads), server.connections) == (2, 2)


def test_an_end_that_does_not_come_is_not_waited_for(ask, monkeypatch):
    with raw_server([(CHUNKS, b"0\r\n\r\n"), said("second")]) as server:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.port}/v1")
        text = "".join(chunk.text for chunk in stream(model="openai/x", messages="Hi"))

        assert (text, ask(server)) == ("Hello!", "second")
