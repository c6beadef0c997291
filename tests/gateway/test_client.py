import asyncio
import gc
import multiprocessing
import threading

import pytest

import genaiops
from genaiops import gateway
from genaiops.errors import (
    AuthenticationError,
    BadRequestError,
    ConfigError,
    NotFoundError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitedError,
)
from tests.gateway.conftest import KEY
from tests.gateway.fake import (
    Reply,
    anthropic_message,
    chat,
    refusal,
    streamed,
)

MODEL = "openai/gpt-5-mini"


def ask(**more):
    return gateway.complete(model=MODEL, messages="Hi", **more)


def spans():
    return genaiops.sql("SELECT * FROM spans ORDER BY start_ns").dicts()


def test_a_completion_is_one_span_with_its_tokens(provider):
    provider.say(chat("Hello!"))

    done = gateway.complete(
        model=MODEL, messages=[{"role": "user", "content": "Hi"}], temperature=0.2
    )

    assert (done.text, done.finish_reason, done.provider) == ("Hello!", "stop", "openai")
    assert (done.model, done.cost_usd) == ("gpt-5-mini-2025", None)
    assert (done.usage.input_tokens, done.usage.output_tokens) == (12, 3)
    [request] = provider.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.json == {
        "model": "gpt-5-mini",
        "messages": [{"role": "user", "content": "Hi"}],
        "temperature": 0.2,
    }
    [span] = spans()
    assert (span["trace_id"], span["span_id"]) == (done.trace_id, done.span_id)
    columns = ("name", "span_type", "operation", "provider", "request_model", "response_model")
    assert [span[column] for column in columns] == [
        "chat gpt-5-mini", "llm", "chat", "openai", "gpt-5-mini", "gpt-5-mini-2025"
    ]  # fmt: skip
    assert (span["input_tokens"], span["output_tokens"], span["cache_read_tokens"]) == (12, 3, 4)
    assert (span["status"], span["finish_reasons"]) == ("ok", ["stop"])
    assert span["attributes"]["gen_ai.request.temperature"] == 0.2
    assert span["attributes"]["genaiops.gateway.attempts"] == 1
    assert KEY not in str(spans())


def test_a_call_is_a_child_of_the_traced_function_around_it(provider):
    provider.say(chat())

    @genaiops.trace
    def answer():
        return ask().text

    assert answer() == "Hello!"

    root, call = spans()
    assert call["parent_span_id"] == root["span_id"]
    assert call["trace_id"] == root["trace_id"]


def test_the_cost_that_a_provider_reports_is_kept(provider):
    provider.say(chat(usage={"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.0125}))

    assert ask().cost_usd == 0.0125
    assert spans()[0]["cost_usd"] == 0.0125


@pytest.mark.parametrize(
    "usage",
    [None, "lots", {"prompt_tokens": -5, "completion_tokens": "8"}, {"prompt_tokens": 10**30}],
)
def test_usage_that_makes_no_sense_is_unknown(provider, usage):
    provider.say(chat(usage=usage))

    done = ask()

    assert (done.usage.input_tokens, done.usage.output_tokens, done.cost_usd) == (None, None, None)


def test_a_formatted_prompt_is_linked_to_the_call(provider):
    provider.say(chat())
    prompt = genaiops.register_prompt("qa", "Answer: {{question}}")

    gateway.complete(model=MODEL, messages=prompt.format(question="Why?"))

    assert provider.requests[0].json["messages"][0]["content"] == "Answer: Why?"
    assert (spans()[0]["prompt_name"], spans()[0]["prompt_version"]) == ("qa", 1)


def test_an_overloaded_provider_is_asked_again(provider):
    provider.say(refusal(429, "slow", retry_after="0"), refusal(503, "no", retry_after="0"), chat())

    assert ask().text == "Hello!"

    assert len(provider.requests) == 3
    assert spans()[0]["attributes"]["genaiops.gateway.attempts"] == 3


def test_a_provider_that_asks_for_a_long_wait_is_not_asked_again(provider):
    provider.say(refusal(429, "quota exhausted", retry_after="3600"))

    with pytest.raises(RateLimitedError, match="quota exhausted") as caught:
        ask()

    assert caught.value.retry_after_s == 3600
    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, AuthenticationError),
        (404, BadRequestError),
        (307, ProviderError),
        (500, ProviderError),
        (504, ProviderTimeoutError),
    ],
)
def test_a_refusal_is_one_sentence_without_key_or_address(provider, status, error):
    location = {"location": "http://127.0.0.1:1/elsewhere"}
    said = f"bad key {KEY} at {provider.url}/v1"
    provider.say(refusal(status, said, **location))

    with pytest.raises(error) as caught:
        ask(retries=0)

    text = str(caught.value)
    assert (caught.value.status, caught.value.provider) == (status, "openai")
    assert KEY not in text
    assert provider.url not in text
    assert "\n" not in text
    assert spans()[0]["status"] == "error"
    assert KEY not in str(spans())


@pytest.mark.parametrize(
    "body", [b"<html>", b"null", b"[]", b'{"choices": []}', b"[" * 200_000, b"\xff", b""]
)
def test_an_answer_that_is_no_completion_is_an_error_of_the_provider(provider, body):
    provider.say(Reply(pieces=[body] if body else []))

    with pytest.raises(ProviderError, match="not a chat completion: check OPENAI_BASE_URL"):
        ask()


def test_an_answer_that_breaks_off_is_an_error(provider):
    provider.say(Reply(pieces=[b'{"id":'], cut=True))

    with pytest.raises(ProviderError, match="broke off"):
        ask(retries=0)


def test_a_provider_that_cannot_be_reached_is_named(provider, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")

    with pytest.raises(ProviderError, match="'openai' cannot be reached .*check OPENAI_BASE_URL"):
        ask(retries=0)


def test_a_provider_that_hangs_is_given_up(provider):
    provider.say(Reply(hang=True))

    with pytest.raises(ProviderTimeoutError, match=r"answer within 0.2 s"):
        ask(timeout_s=0.2)


def test_a_wrong_model_string_says_what_is_right(provider, monkeypatch):
    with pytest.raises(ConfigError, match="write one of .*openai/<model>"):
        gateway.complete(model="gpt-5", messages="Hi")
    with pytest.raises(ConfigError, match="unknown provider 'opnai': use one of anthropic"):
        gateway.complete(model="opnai/gpt-5", messages="Hi")
    with pytest.raises(NotFoundError, match="use one of offline/extractive"):
        gateway.complete(model="offline/magic", messages="Hi")
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ConfigError, match="no key: set OPENAI_API_KEY"):
        ask()
    assert provider.requests == []


@pytest.mark.parametrize("messages", [[], [{"content": "no role"}], ["text"], None])
def test_messages_that_are_none_are_refused(provider, messages):
    with pytest.raises(BadRequestError, match="messages must be"):
        gateway.complete(model=MODEL, messages=messages)


def test_what_is_not_json_is_refused(provider):
    with pytest.raises(BadRequestError, match="cannot be written as JSON"):
        ask(metadata={"x": object()})
    with pytest.raises(BadRequestError, match="cannot be written as JSON"):
        gateway.complete(model=MODEL, messages="\ud800")

    assert genaiops.get_current_active_span().trace_id == "0" * 32


def test_only_providers_with_a_key_are_available(provider, monkeypatch):
    assert gateway.available_providers() == ["anthropic", "offline", "openai"]

    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.setenv("OPENAI_API_KEY", " ")

    assert gateway.available_providers() == ["offline"]


def test_asynchronous_calls_run_on_the_callers_loop(provider):
    provider.say(*[chat()] * 6)

    async def main():
        calls = [gateway.acomplete(model=MODEL, messages="Hi") for _ in range(3)]
        return await asyncio.gather(*calls)

    for _ in range(2):  # each with a loop of its own
        assert [done.text for done in asyncio.run(main())] == ["Hello!"] * 3
    gc.collect()  # a connection left open would warn here

    assert len(spans()) == 6


def test_a_cancelled_call_leaves_the_provider(provider):
    provider.say(Reply(hang=True))

    async def main():
        call = asyncio.ensure_future(gateway.acomplete(model=MODEL, messages="Hi"))
        while not provider.requests:
            await asyncio.sleep(0.005)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(main())

    assert provider.gone.wait(5)
    assert spans()[0]["status"] == "unset"
    assert spans()[0]["attributes"]["genaiops.stream.finish"] == "cancelled"


def test_threads_share_the_connections(provider):
    provider.say(*[chat()] * 8)
    texts = []

    threads = [threading.Thread(target=lambda: texts.append(ask().text)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert texts == ["Hello!"] * 8


def _ask_in_child(queue):
    queue.put(ask().text)


def test_a_forked_child_calls_with_connections_of_its_own(provider):
    provider.say(chat("parent"), chat("child"), chat("parent again"))
    assert ask().text == "parent"

    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_ask_in_child, args=(queue,))
    child.start()

    assert queue.get(timeout=30) == "child"
    child.join()
    assert ask().text == "parent again"


def test_anthropic_is_asked_and_understood(provider):
    provider.say(anthropic_message())
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]

    done = gateway.complete(model="anthropic/claude-sonnet-5", messages=messages, seed=3, stop="x")

    assert (done.text, done.finish_reason, done.provider) == ("Bonjour!", "stop", "anthropic")
    assert (done.usage.input_tokens, done.usage.cache_read_tokens) == (13, 7)
    [request] = provider.requests
    assert (request.path, request.headers["x-api-key"]) == ("/v1/messages", KEY)
    assert request.json == {
        "model": "claude-sonnet-5",
        "max_tokens": 4096,
        "system": "Be kind.",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        "stop_sequences": ["x"],
    }
    [span] = spans()
    assert (span["finish_reasons"], span["cache_write_tokens"]) == (["end_turn"], 1)
    assert span["attributes"]["genaiops.gateway.dropped_parameters"] == ["seed"]


def test_what_cannot_be_said_to_anthropic_is_refused(provider):
    with pytest.raises(BadRequestError, match="tool of type None is not"):
        gateway.complete(model="anthropic/claude-sonnet-5", messages="Hi", tools=[{}])
    sound = [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]
    with pytest.raises(BadRequestError, match="message 0 holds 'input_audio'"):
        gateway.complete(model="anthropic/claude-sonnet-5", messages=sound)

    assert provider.requests == []


def test_nothing_is_recorded_when_genaiops_is_off(provider, monkeypatch, store_dir):
    genaiops.configure(disabled=True)
    provider.say(chat(), streamed())

    done = ask()
    stream = gateway.stream(model=MODEL, messages="Hi")

    assert (done.text, done.trace_id) == ("Hello!", "")
    assert "".join(piece.text for piece in stream) == "Hello!"
    assert not store_dir.exists()
