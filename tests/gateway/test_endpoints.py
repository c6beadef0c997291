"""Everything besides chats: embeddings, models, counts of tokens, and what is passed on."""

import gzip
import json

import anthropic
import openai
import pytest

from genaiops.gateway.bills import summary_of, values_of
from tests.gateway.conftest import KEY
from tests.gateway.fake import SSE, USAGE, Reply, chat, refusal
from tests.gateway.test_app import HI, error, post, spans
from tests.gateway.test_caching import embedding
from tests.gateway.test_keys import bearer

TEAM = "gk_team_0123456789abcdef"


@pytest.fixture
def keyed(inside, monkeypatch):
    monkeypatch.setenv("TEAM_KEY", TEAM)
    return inside(
        "keys: [{name: team, key: '${TEAM_KEY}', models: ['openai/gpt-x', 'anthropic/*'], "
        "limits: {rpm: 4}}]\n"
    )


def test_embeddings_pass_through_and_are_billed(inside, provider):
    gateway = inside()
    provider.say(embedding(0.5, 1.0), refusal(503, "busy", retry_after="0"), embedding(0.5, 1.0))
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="-", max_retries=0) as client:
        made = client.embeddings.create(
            model="openai/embed", input=["Hi"], encoding_format="float", dimensions=2
        )
        client.embeddings.create(model="openai/embed", input="Hi", encoding_format="float")

    assert made.data[0].embedding == [0.5, 1.0]
    request = provider.requests[0]
    assert request.path == "/v1/embeddings"
    assert request.json == {
        "model": "embed", "input": ["Hi"], "encoding_format": "float", "dimensions": 2,
    }  # fmt: skip
    first, second = spans(gateway, 2)
    assert (first["name"], first["span_type"], first["operation"]) == (
        "embeddings embed", "embedding", "embeddings",
    )  # fmt: skip
    assert (first["input_tokens"], first["output_tokens"]) == (2, 0)
    assert json.loads(first["outputs"]) == {"embeddings": 1}
    assert second["attributes"]["genaiops.gateway.attempts"] == 2


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"model": "openai/e"}, 400, "needs the field 'input'"),
        ({"model": "anthropic/claude", "input": "x"}, 400, "cannot do this"),
        ({"model": "offline/extractive", "input": "x"}, 400, "cannot do this"),
        ({"model": "nobody/e", "input": "x"}, 404, "is not served"),
        ({"model": "openai/e", "input": "x", "api_base": "http://x"}, 400, "'api_base'"),
        (b"[", 400, "not a JSON object"),
    ],
)
def test_embeddings_that_cannot_be_are_told(inside, provider, body, status, told):
    answer = post(inside(), body, "/v1/embeddings")

    assert answer[0] == status
    assert told in error(answer)["message"]
    assert provider.requests == []


def test_one_model_is_shown_in_the_shape_of_the_caller_if_the_key_may_use_it(keyed):
    with openai.OpenAI(base_url=f"{keyed.url}/v1", api_key=TEAM, max_retries=0) as client:
        assert client.models.retrieve("openai/gpt-x").owned_by == "openai"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("openai/other")
    with anthropic.Anthropic(base_url=keyed.url, api_key=TEAM, max_retries=0) as client:
        assert client.models.retrieve("anthropic/claude").type == "model"
        assert [model.id for model in client.models.list()] == ["openai/gpt-x"]
    assert post(keyed, b"", "/v1/models/openai/gpt-x", "GET")[0] == 401
    assert post(keyed, b"", "/v1/models/openai/gpt-x", "DELETE", **bearer(TEAM))[0] == 404


def test_tokens_are_counted_by_anthropic_and_estimated_for_others(inside, provider):
    gateway = inside()
    provider.say(Reply(pieces=[b'{"input_tokens": 14}']), refusal(400, "no"))
    with anthropic.Anthropic(base_url=gateway.url, api_key="-", max_retries=0) as client:
        asked = client.messages.count_tokens(model="anthropic/claude", messages=HI)
        guessed = client.messages.count_tokens(model="openai/gpt", messages=HI)
        with pytest.raises(anthropic.BadRequestError):
            client.messages.count_tokens(model="anthropic/claude", messages=HI)

    assert asked.input_tokens == 14
    assert guessed.input_tokens > 0
    assert guessed.to_dict()["estimated"] is True
    found = spans(gateway, 3)
    assert [span["name"] for span in found] == [
        "count_tokens claude", "count_tokens gpt", "count_tokens claude",
    ]  # fmt: skip
    assert [span["status"] for span in found] == ["ok", "ok", "error"]
    assert [span["input_tokens"] for span in found] == [None] * 3


def test_head_answers_coding_agents(inside):
    assert post(inside(), b"", "/", "HEAD")[::2] == (200, b"")


# what is passed on


def proxied(gateway, path, body=b"", method="POST", **headers):
    return post(gateway, body, f"/proxy/{path}", method, **headers)


def test_any_path_of_a_provider_is_passed_on_with_its_key(inside, provider):
    gateway = inside()
    packed = gzip.compress(b'{"packed": true}')
    provider.say(
        Reply(headers={"content-type": "image/png", "set-cookie": "a=b", "x-odd": "1",
                       "x-request-id": "r1", "connection": "x-odd, keep-alive"},
              pieces=[b"\x89PNG", b"\x00"]),
        Reply(headers={"content-type": "application/json", "content-encoding": "gzip"},
              pieces=[packed]),
        Reply(status=204, headers={}),
    )  # fmt: skip

    image = proxied(
        gateway, "openai/v1/images/x%20y?size=1&key=gk_secret", {"model": "img", "prompt": "p"},
        authorization="Bearer gk_mine", cookie="s=1", x_forwarded_for="10.0.0.1", te="trailers",
        connection="x-mine", x_mine="1", x_custom="kept", traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
    )  # fmt: skip
    files = proxied(gateway, "anthropic/v1/files?limit=2", method="GET", anthropic_beta="files")
    deleted = proxied(gateway, "openai/v1/files/f1", method="DELETE")

    assert (image[0], image[2]) == (200, b"\x89PNG\x00")
    assert image[1]["content-type"] == "image/png"
    assert image[1]["x-request-id"] == "r1"
    assert "set-cookie" not in image[1]
    assert "x-odd" not in image[1]
    assert (files[0], files[2]) == (200, b'{"packed": true}')
    assert deleted[0] == 204
    first, second, third = provider.requests
    assert first.path == "/v1/images/x%20y?size=1"
    assert first.headers["authorization"] == f"Bearer {KEY}"
    assert first.headers["x-custom"] == "kept"
    assert {"cookie", "x-forwarded-for", "te", "x-mine", "traceparent"}.isdisjoint(first.headers)
    assert (second.path, second.headers["x-api-key"]) == ("/v1/files?limit=2", KEY)
    assert second.headers["anthropic-beta"] == "files"
    assert second.headers["anthropic-version"]
    assert third.path == "/v1/files/f1"
    found = spans(gateway, 3)
    assert found[0]["trace_id"] == "a" * 32
    assert [span["name"] for span in found] == ["proxy img", "proxy *", "proxy *"]
    assert found[0]["attributes"]["url.path"] == "/v1/images/x%20y"
    assert "gk_" not in json.dumps(found)


def test_passed_on_chats_are_billed_in_everybodys_words(inside, provider):
    gateway = inside(
        "  gemini: {api_key: gm-key-1234567890, base_url: '${OPENAI_BASE_URL}beta/openai'}\n"
    )
    gemini = {
        "modelVersion": "gemini-x", "candidates": [],
        "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 7, "thoughtsTokenCount": 2},
    }  # fmt: skip
    events = [b"data: %b\n\n" % json.dumps(gemini).encode()]
    provider.say(
        chat("Hi", usage=USAGE | {"cost": 0.5}),
        Reply(pieces=[json.dumps(gemini).encode()]),
        Reply(headers=SSE, pieces=events),
    )

    proxied(gateway, "openai/v1/chat/completions", {"model": "gpt-x", "messages": HI})
    native = proxied(gateway, "gemini/v1beta/models/gemini-x:generateContent", {"contents": []})
    stream = post(
        gateway, {"contents": []}, "/v1beta/models/gemini-x:streamGenerateContent?alt=sse"
    )

    assert json.loads(native[2]) == gemini
    assert stream[2] == events[0]
    assert [request.path for request in provider.requests[1:]] == [
        "/v1beta/models/gemini-x:generateContent",
        "/v1beta/models/gemini-x:streamGenerateContent?alt=sse",
    ]
    assert provider.requests[1].headers["x-goog-api-key"] == "gm-key-1234567890"
    assert "authorization" not in provider.requests[1].headers
    found = spans(gateway, 3)
    assert [(s["operation"], s["input_tokens"], s["output_tokens"]) for s in found] == [
        ("chat", 12, 2), ("generate_content", 5, 9), ("generate_content", 5, 9),
    ]  # fmt: skip
    assert found[0]["cost_usd"] == 0.5
    assert [s["request_model"] for s in found] == ["gpt-x", "gemini-x", "gemini-x"]


@pytest.mark.parametrize(
    "path",
    [
        "openai/../anthropic/v1/x", "openai/v1/../../x", "openai/v1/%2e%2e/x", "openai/%252e%252e/x",
        "openai//evil.example/x", "openai/v1\\..\\x", "openai/v1/%5c..%5cx", "openai/v1/./x",
        "openai/v1/%0d%0ax", "openai/v1/%00", "openai/v1/x%2f..%2fy", "openai/", "openai",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_provider(inside, provider, path):
    answer = proxied(inside(), path, {"a": 1})

    assert answer[0] == 400
    assert error(answer)["message"]
    assert provider.requests == []


def test_passing_on_is_for_keys_that_may_use_the_model_and_within_limits(keyed, provider):
    provider.say(*[Reply(pieces=[b"{}"])] * 4)
    key = bearer(TEAM)

    def ask(path, body, **headers):
        return proxied(keyed, path, body, **headers)

    assert ask("openai/v1/x", {"model": "gpt-x"})[0] == 401
    assert ask("openai/v1/x", {"model": "gpt-x"}, **key)[0] == 200
    assert ask("openai/v1/x", {"model": "other"}, **key)[0] == 403
    assert ask("openai/v1/files", b"", **key)[0] == 403
    assert ask("anthropic/v1/files", b"", x_api_key=TEAM)[0] == 200
    assert ask("openai/v1/x", {"model": "gpt-x"}, x_goog_api_key=TEAM)[0] == 200
    form = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-x\r\n--b--\r\n'
    assert (
        ask("openai/v1/audio", form, content_type="multipart/form-data; boundary=b", **key)[0]
        == 200
    )
    limited = ask("openai/v1/x", {"model": "gpt-x"}, **key)
    assert (limited[0], error(limited)["code"]) == (429, "rate_limited")
    assert TEAM not in str([r.headers for r in provider.requests])


@pytest.mark.parametrize("name", ["nobody", "offline", ""])
def test_providers_that_are_not_there_are_told(inside, name):
    answer = proxied(inside(), f"{name}/v1/x", b"", "GET")

    assert answer[0] == 404
    assert "use one of anthropic, openai" in error(answer)["message"]


def test_refusals_of_a_provider_come_without_its_key_and_redirects_are_not_followed(
    inside, provider
):
    gateway = inside()
    provider.say(
        refusal(422, f"what is {KEY}?"), refusal(401, f"bad {KEY}"),
        refusal(302, "there", location=f"{provider.url}/v1/secret"),
        Reply(status=500, headers={"content-type": "text/html"}, pieces=[b"<html>"]),
    )  # fmt: skip

    answers = [proxied(gateway, "openai/v1/x", {"n": n}) for n in range(4)]

    assert [a[0] for a in answers] == [422, 401, 502, 500]
    everything = b"".join(a[2] for a in answers) + str([a[1] for a in answers]).encode()
    assert KEY.encode() not in everything
    assert str(provider.port).encode() not in everything
    assert error(answers[0])["message"] == "what is ********?"
    assert [s["status"] for s in spans(gateway, 4)] == ["error"] * 4


def test_an_answer_that_breaks_does_not_look_complete(inside, provider):
    gateway = inside()
    provider.say(Reply(headers=SSE, pieces=[b"data: 1\n\n"], cut=True))

    with pytest.raises(Exception, match="IncompleteRead"):
        proxied(gateway, "openai/v1/x", {"n": 1})

    assert spans(gateway)[0]["status"] == "error"


def test_nothing_is_passed_on_past_guardrails_unless_the_file_says_so(inside, provider):
    rule = "guardrails: [{judge: pii, when: before, action: reject}]\n"
    provider.say(Reply(pieces=[b"{}"]))

    guarded = proxied(inside(rule), "openai/v1/x", {"n": 1})
    opened = proxied(inside(f"{rule}proxy: true\n"), "openai/v1/x", {"n": 1})
    closed = proxied(inside("proxy: false\n"), "openai/v1/x", {"n": 1})

    assert [guarded[0], opened[0], closed[0]] == [403, 200, 403]


def test_usage_is_read_in_the_words_of_each_provider():
    def read(body, kind="application/json"):
        usage = summary_of(values_of(kind, body)).usage
        return usage.input_tokens, usage.output_tokens, usage.cache_read_tokens

    stream = (
        b'data: {"type":"message_start","message":{"model":"c","usage":{"input_tokens":3,'
        b'"cache_read_input_tokens":4,"output_tokens":1}}}\n\n'
        b'data: {"type":"message_delta","usage":{"output_tokens":9}}\n\n'
    )
    assert read(stream, "text/event-stream; charset=utf-8") == (7, 9, 4)
    assert read(
        b'{"usage":{"input_tokens":5,"output_tokens":6,"input_tokens_details":{"cached_tokens":2}}}'
    ) == (5, 6, 2)
    assert read(b'{"usage":{"prompt_tokens":5,"total_tokens":5}}') == (5, 0, None)
    assert read(
        b'[{"usageMetadata":{"promptTokenCount":1}},{"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":8}}]'
    ) == (1, 8, None)
    for odd in (
        b"",
        b"nope",
        b"[1]",
        b'{"usage":[]}',
        b'{"usage":{"input_tokens":-1}}',
        b'{"usage":{"input_tokens":true}}',
    ):
        assert read(odd) == (None, None, None)
    assert values_of("image/png", b"\x89") == []
