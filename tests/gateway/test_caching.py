"""The cache over HTTP: what is answered again, to whom, in which dialect, and what never is."""

import json

import anthropic
import openai
import pytest

from tests.gateway.fake import (
    STREAM,
    Reply,
    anthropic_events,
    anthropic_message,
    chat,
    chunk,
    refusal,
    streamed,
)
from tests.gateway.test_app import BODY, HI, MODEL, post, spans
from tests.gateway.test_keys import bearer

CACHE = "cache: {ttl_s: 60, max_mb: 1}\n"
CLAUDE = "anthropic/claude-sonnet-5"
TWO_KEYS = (
    "keys:\n"
    "  - {name: a, key: '${A_KEY}'}\n"
    "  - {name: b, key: '${B_KEY}', limits: {rpm: 2, tpm: 1000000}}\n"
)
KEYS = {"a": "gk_a_0123456789abcdef", "b": "gk_b_0123456789abcdef"}


def said(answer):
    """What the cache had, and the text of the answer."""
    message = json.loads(answer[2])["choices"][0]["message"]
    return answer[1]["x-genaiops-cache"], message["content"]


def openai_client(gateway):
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="unused", max_retries=0)


def embedding(*vector):
    data = [{"object": "embedding", "index": 0, "embedding": list(vector)}]
    usage = {"prompt_tokens": 2, "total_tokens": 2}
    body = {"object": "list", "data": data, "model": "e", "usage": usage}
    return Reply(pieces=[json.dumps(body).encode()])


def test_the_same_request_is_answered_from_memory(inside, provider):
    gateway = inside(CACHE)
    provider.say(chat("first", usage={"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.5}))

    answers = [post(gateway, BODY | {"temperature": 0.5}) for _ in range(3)]
    spelled = post(gateway, {"temperature": 0.5, "messages": HI, "model": MODEL, "stream": False})

    assert [said(answer) for answer in [*answers, spelled]] == [
        ("miss", "first"), ("hit", "first"), ("hit", "first"), ("hit", "first"),
    ]  # fmt: skip
    assert answers[1][2] == answers[0][2]
    assert [a[1]["x-genaiops-cost-usd"] for a in answers] == ["0.5", "0", "0"]
    assert "x-genaiops-attempts" not in answers[1][1]
    assert len(provider.requests) == 1
    found = spans(gateway, 4)
    assert [s["attributes"]["genaiops.gateway.cache"] for s in found] == ["miss", *["hit"] * 3]
    assert [s["cost_usd"] for s in found] == [0.5, 0.0, 0.0, 0.0]
    assert len({answer[1]["x-genaiops-trace-id"] for answer in answers}) == 3


def test_any_parameter_makes_another_request(inside, provider):
    gateway = inside(CACHE)
    other = [
        {}, {"temperature": 0}, {"seed": 1}, {"user": "u"}, {"new_field": 1}, {"model": "openai/b"},
        {"messages": [*HI, *HI]},
    ]  # fmt: skip
    provider.say(*[chat(str(n)) for n in range(len(other))])

    answers = [post(gateway, BODY | more) for more in other]

    assert [said(answer) for answer in answers] == [("miss", str(n)) for n in range(len(other))]


def test_a_client_opts_out_by_a_header(inside, provider):
    gateway = inside(CACHE)
    provider.say(chat("1"), chat("2"), chat("3"))
    with openai_client(gateway) as client:
        ask = client.chat.completions.with_raw_response.create
        off = {"x-genaiops-cache": "off"}
        raw = [ask(model=MODEL, messages=HI, extra_headers=h) for h in (off, off, {}, {})]

    assert [answer.headers["x-genaiops-cache"] for answer in raw] == ["off", "off", "miss", "hit"]
    texts = [answer.parse().choices[0].message.content for answer in raw]
    assert texts == ["1", "2", "3", "3"]


def test_hits_are_replayed_as_streams_and_streams_fill_the_cache(inside, provider):
    gateway = inside(CACHE)
    calls = [
        {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
        {"id": "2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
    ]
    provider.say(streamed(), chat(None, choices=[
        {"index": 0, "message": {"role": "assistant", "content": None, "tool_calls": calls},
         "finish_reason": "tool_calls"},
    ]))  # fmt: skip
    with openai_client(gateway) as client:
        create = client.chat.completions.create
        usage = {"include_usage": True}
        first = list(create(model=MODEL, messages=HI, stream=True, stream_options=usage))
        again = list(create(model=MODEL, messages=HI, stream=True, stream_options=usage))
        whole = create(model=MODEL, messages=HI)
        create(model=MODEL, messages=HI, seed=1)
        with client.chat.completions.stream(model=MODEL, messages=HI, seed=1) as stream:
            replayed = stream.get_final_completion()

    def text(chunks):
        return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)

    assert text(first) == text(again) == whole.choices[0].message.content == "Hello!"
    assert first[-1].usage == again[-1].usage == whole.usage
    replayed_calls = replayed.choices[0].message.tool_calls
    assert [c.function.arguments for c in replayed_calls] == ['{"a":1}', "{}"]
    assert [c.function.name for c in replayed_calls] == ["f", "g"]
    assert len(provider.requests) == 2


def test_anthropics_clients_hit_too_in_both_shapes(inside, provider):
    gateway = inside(CACHE)
    provider.say(
        anthropic_message("Bonjour!"),
        Reply(headers={"content-type": "text/event-stream"}, pieces=anthropic_events()),
    )
    asked = {"model": CLAUDE, "max_tokens": 9, "messages": HI}
    with anthropic.Anthropic(base_url=gateway.url, api_key="unused", max_retries=0) as client:
        first, again = client.messages.create(**asked), client.messages.create(**asked)
        with client.messages.stream(**asked) as stream:
            replayed = stream.get_final_message()
        with client.messages.stream(**asked, system="Sing") as stream:
            streamed_first = stream.get_final_message()
        sung = client.messages.create(**asked, system="Sing")

    assert first.to_dict() == again.to_dict()
    assert replayed.content[0].text == "Bonjour!"
    assert replayed.usage.output_tokens == first.usage.output_tokens
    assert streamed_first.content[0].text == sung.content[0].text == "Bonjour!"
    assert len(provider.requests) == 2


def test_what_went_wrong_or_was_cut_short_is_not_kept(inside, provider):
    gateway = inside(CACHE)
    provider.say(
        refusal(400, "no"),
        streamed(STREAM[:2]),
        streamed([chunk("Hi"), chunk(None, "content_filter"), b"data: [DONE]\n\n"]),
        chat("fine"),
    )

    statuses = [post(gateway, BODY | {"stream": n in (1, 2)})[0] for n in range(4)]

    assert statuses == [400, 200, 200, 200]
    assert len(provider.requests) == 4
    assert said(post(gateway, BODY)) == ("hit", "fine")


@pytest.mark.parametrize(
    "more",
    [
        {"model": "openai/x", "previous_response_id": "resp_1", "input": "hi"},
        {"model": "openai/x", "input": "hi", "tools": [{"type": "web_search"}]},
        {"model": "openai/x", "input": "hi", "background": True},
    ],
)
def test_answers_that_depend_on_more_than_the_request_are_not_kept(inside, provider, more):
    gateway = inside(CACHE)
    answer = {
        "id": "resp_1", "object": "response", "created_at": 1, "model": "x", "status": "completed",
        "output": [{"type": "message", "id": "m", "role": "assistant", "status": "completed",
                    "content": [{"type": "output_text", "text": "hi", "annotations": []}]}],
    }  # fmt: skip
    provider.say(*[Reply(pieces=[json.dumps(answer).encode()])] * 2)

    answers = [post(gateway, more, "/v1/responses") for _ in range(2)]

    assert [a[0] for a in answers] == [200, 200]
    assert not any("x-genaiops-cache" in a[1] for a in answers)
    assert len(provider.requests) == 2


def test_one_key_is_not_given_what_another_has_asked(inside, provider, monkeypatch):
    for name, key in KEYS.items():
        monkeypatch.setenv(f"{name.upper()}_KEY", key)
    gateway = inside(CACHE + TWO_KEYS)
    provider.say(chat("for a"), chat("for b"))

    def ask(name):
        return post(gateway, BODY, **bearer(KEYS[name]))

    assert [said(ask(name)) for name in "aabb"] == [
        ("miss", "for a"), ("hit", "for a"), ("miss", "for b"), ("hit", "for b"),
    ]  # fmt: skip
    assert ask("b")[0] == 429  # hits count as requests


def test_keys_share_answers_where_the_file_says_so(inside, provider, monkeypatch):
    for name, key in KEYS.items():
        monkeypatch.setenv(f"{name.upper()}_KEY", key)
    gateway = inside("cache: {shared: true}\n" + TWO_KEYS)
    provider.say(chat("for all"))

    answers = [post(gateway, BODY, **bearer(KEYS[name])) for name in "ab"]

    assert [said(answer) for answer in answers] == [("miss", "for all"), ("hit", "for all")]


SEMANTIC = "cache: {semantic: {model: openai/e, threshold: 0.9}}\n"


def question(text, **more):
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], **more}


def test_a_question_that_means_the_same_is_answered_from_memory(inside, provider):
    gateway = inside(SEMANTIC)
    provider.say(
        embedding(1.0, 0.0), chat("Paris"),
        embedding(0.99, 0.01),
        embedding(0.0, 1.0), chat("Rome"),
        embedding(1.0, 0.0), chat("PARIS"),
    )  # fmt: skip

    answers = [
        post(gateway, question("What is the capital of France?")),
        post(gateway, question("France's capital?")),
        post(gateway, question("What is the capital of Italy?")),
        post(gateway, question("France's capital?", seed=1)),  # everything else must be equal
        post(gateway, question("What is the capital of Italy?")),
    ]

    assert [said(answer) for answer in answers] == [
        ("miss", "Paris"), ("semantic", "Paris"), ("miss", "Rome"), ("miss", "PARIS"),
        ("hit", "Rome"),
    ]  # fmt: skip
    asked = [request for request in provider.requests if request.path.endswith("/embeddings")]
    assert asked[0].json == {"model": "e", "input": "What is the capital of France?"}
    found = [span["name"] for span in spans(gateway, 9)]
    assert found.count("embeddings e") == 4


def test_a_semantic_cache_without_embeddings_is_a_cache(inside, provider):
    gateway = inside(SEMANTIC)
    provider.say(refusal(400, "no embeddings here"), chat("Paris"))

    answers = [post(gateway, question("Where?")) for _ in range(2)]

    assert [said(answer) for answer in answers] == [("miss", "Paris"), ("hit", "Paris")]
