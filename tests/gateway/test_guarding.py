"""Guardrails over HTTP: before and after, rejecting, masking and flagging, also while it streams."""

import json

import anthropic
import openai
import pytest

from tests.gateway.fake import SSE, Reply, anthropic_events, chat, chunk, streamed
from tests.gateway.test_app import BODY, HI, MODEL, error, post, spans

MAIL = "jane@example.org"
NO_SECRET = "'tests.gateway.test_guardrails:no_secret'"
END = [chunk(None, "stop"), b"data: [DONE]\n\n"]


def rules(*lines):
    return "guardrails:\n" + "".join(f"  - {{{line}}}\n" for line in lines)


def asking(text, **more):
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], **more}


def noted(gateway, count=1):
    return [span["attributes"].get("genaiops.gateway.guardrails") for span in spans(gateway, count)]


@pytest.fixture
def client(inside):
    made = []

    def make(*lines):
        gateway = inside(rules(*lines))
        made.append(openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="-", max_retries=0))
        return gateway, made[-1]

    yield make
    for one in made:
        one.close()


def test_what_is_asked_is_masked_for_the_provider_and_for_the_trace(inside, provider):
    gateway = inside(rules("judge: pii, when: before, action: mask"))
    provider.say(chat(), chat())

    post(gateway, asking(f"Write to {MAIL}", new_field=1))
    post(
        gateway,
        asking([{"type": "text", "text": f"Write to {MAIL}"}], max_tokens=9),
        "/v1/messages",
    )

    sent = [request.json["messages"][0]["content"] for request in provider.requests]
    assert sent[0] == "Write to [EMAIL]"
    assert MAIL not in json.dumps(sent)
    assert provider.requests[0].json["new_field"] == 1
    found = spans(gateway, 2)
    assert all(MAIL not in json.dumps(span["inputs"]) for span in found)
    assert noted(gateway, 2) == [["pii before mask: found: email"]] * 2


def test_what_is_asked_is_refused_in_the_dialect_of_the_caller(client, provider):
    gateway, sdk = client("judge: pii, when: before, action: reject")

    with pytest.raises(openai.BadRequestError) as refused:
        sdk.chat.completions.create(**asking(f"I am {MAIL}"))
    with (
        anthropic.Anthropic(base_url=gateway.url, api_key="-", max_retries=0) as other,
        pytest.raises(anthropic.BadRequestError, match="'pii' does not let this request pass"),
    ):
        other.messages.create(max_tokens=9, **asking(f"I am {MAIL}"))

    assert refused.value.code == "guardrail_rejected"
    assert MAIL not in str(refused.value)
    assert provider.requests == []
    assert [span["status"] for span in spans(gateway, 2)] == ["error"] * 2


def test_a_flag_is_on_the_span_and_changes_nothing(client, provider):
    gateway, sdk = client(
        "judge: pii, when: before, action: flag", "judge: pii, when: after, action: flag"
    )
    provider.say(chat(f"Ask {MAIL}"), streamed([chunk("Ask jane@"), chunk("example.org"), *END]))

    whole = sdk.chat.completions.create(**asking(f"I am {MAIL}"))
    pieces = list(sdk.chat.completions.create(**asking("Who?"), stream=True))

    assert whole.choices[0].message.content == f"Ask {MAIL}"
    assert [c.choices[0].delta.content for c in pieces] == ["Ask jane@", "example.org", None]
    assert noted(gateway, 2) == [
        ["pii before flag: found: email", "pii after flag: found: email"],
        ["pii after flag: found: email"],
    ]


def test_an_answer_is_masked_whole_and_streamed_in_every_dialect(client, provider):
    gateway, sdk = client("judge: pii, when: after, action: mask")
    said = [chunk("Ask "), chunk("jane@exam"), chunk("ple.org"), chunk(" soon.")]
    usage = chunk(usage={"prompt_tokens": 1, "completion_tokens": 4, "total_tokens": 5})
    ends = [END[0], usage, END[1]]
    provider.say(chat(f"Ask {MAIL} soon."), *[streamed([*said, *ends])] * 3)

    whole = sdk.chat.completions.create(**asking("Who?"))
    with sdk.chat.completions.stream(**asking("Who?")) as stream:
        in_pieces = stream.get_final_completion()
    with (
        anthropic.Anthropic(base_url=gateway.url, api_key="-", max_retries=0) as other,
        other.messages.stream(max_tokens=9, **asking("Who?")) as stream,
    ):
        message = stream.get_final_message()

    masked = "Ask [EMAIL] soon."
    assert whole.choices[0].message.content == masked
    assert in_pieces.choices[0].message.content == masked
    assert message.content[0].text == masked
    found = spans(gateway, 3)
    assert all(MAIL not in json.dumps(span["outputs"]) for span in found)
    assert [span["output_tokens"] for span in found] == [3, 4, 4]


def test_an_answer_that_is_refused_before_its_first_word_is_a_plain_error(client, provider):
    gateway, sdk = client(f"judge: {NO_SECRET}, when: after, action: reject")
    provider.say(chat("a secret"), streamed([chunk("a sec"), chunk("ret"), *END]))

    for stream in (False, True):
        with pytest.raises(openai.BadRequestError) as refused:
            sdk.chat.completions.create(**asking("Tell"), stream=stream)
        assert refused.value.code == "guardrail_rejected"

    assert [span["status"] for span in spans(gateway, 2)] == ["error"] * 2


def test_a_stream_that_is_refused_midway_ends_with_an_error_and_nothing_of_it_leaves(
    client, provider
):
    gateway, sdk = client(f"judge: {NO_SECRET}, when: after, action: reject, window: 20")
    events = anthropic_events()
    text = {"type": "content_block_delta", "index": 0}
    words = ["word " * 8, "a sec", "ret"]
    deltas = [text | {"delta": {"type": "text_delta", "text": word}} for word in words]
    coded = [
        b"event: %b\ndata: %b\n\n" % (b"content_block_delta", json.dumps(d).encode())
        for d in deltas
    ]
    provider.say(
        streamed([chunk("word " * 8), chunk("a sec"), chunk("ret"), *END]),
        Reply(headers=SSE, pieces=[*events[:2], *coded, *events[5:]]),
    )

    got = []
    stream = sdk.chat.completions.create(**asking("Tell"), stream=True)
    with pytest.raises(openai.APIError, match="'no_secret' does not let this answer pass"):
        got.extend(piece.choices[0].delta.content or "" for piece in stream)
    body = {"model": "anthropic/claude", "max_tokens": 9, "messages": HI, "stream": True}
    native = post(gateway, body, "/v1/messages")[2]

    assert "word" in "".join(got)
    assert "sec" not in "".join(got)
    assert b"sec" not in native.replace(b"no_secret", b"")
    assert native.rstrip().splitlines()[-2] == b"event: error"
    assert b"message_stop" not in native


def test_a_guardrail_is_for_the_models_that_it_names(inside, provider):
    gateway = inside(
        "models: {open: openai/a}\n"
        + rules("judge: pii, when: before, action: reject, models: [open]")
    )
    provider.say(chat())

    assert post(gateway, asking(MAIL))[0] == 200
    assert error(post(gateway, asking(MAIL) | {"model": "open"}))["code"] == "guardrail_rejected"


def test_what_a_guardrail_touched_is_not_kept_by_the_cache(inside, provider):
    gateway = inside("cache: {}\n" + rules("judge: pii, when: after, action: mask"))
    provider.say(chat(MAIL), chat(MAIL), chat("fine"))

    answers = [post(gateway, BODY) for _ in range(4)]

    assert [a[1]["x-genaiops-cache"] for a in answers] == ["miss", "miss", "miss", "hit"]
    assert MAIL.encode() not in b"".join(a[2] for a in answers)


def test_a_guardrail_that_fails_lets_nothing_pass(inside, provider):
    gateway = inside(
        rules("judge: 'tests.gateway.test_guardrails:broken', when: before, action: reject")
    )

    answer = post(gateway, BODY)

    assert (answer[0], error(answer)["code"]) == (503, "guardrail_failed")
    assert b"Traceback" not in answer[2]
