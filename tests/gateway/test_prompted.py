"""A prompt of the registry served as a model."""

import json

import anthropic
import openai
import pytest

import genaiops
from tests.gateway.fake import anthropic_message, chat
from tests.gateway.test_app import HI, error, post, spans

SUPPORT = (
    "models:\n"
    "  support: {prompt: support/answer@production, targets: [openai/gpt-x]}\n"
    "  greeting: {prompt: greeting, targets: [anthropic/claude-x]}\n"
)


@pytest.fixture
def gateway(inside):
    genaiops.register_prompt(
        "support/answer",
        [
            {"role": "system", "content": "You help {{product}} users."},
            {"role": "user", "content": "About {{product}}:"},
        ],
        model_config={"temperature": 0.2, "max_tokens": 50},
    )
    genaiops.set_prompt_alias("support/answer", "production", 1)
    genaiops.register_prompt("greeting", "Greet the world.")
    return inside(SUPPORT)


@pytest.fixture
def client(gateway):
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="-", max_retries=0) as made:
        yield made


def test_a_prompt_answers_with_the_variables_of_the_request(gateway, client, provider):
    provider.say(chat("Sure."))

    done = client.chat.completions.create(
        model="support",
        messages=HI,
        temperature=0.9,
        extra_body={"prompt_variables": {"product": "Lamp"}},
    )

    assert done.choices[0].message.content == "Sure."
    asked = provider.requests[0].json
    assert asked["messages"] == [
        {"role": "system", "content": "You help Lamp users."},
        {"role": "user", "content": "About Lamp:"},
        *HI,
    ]
    assert (asked["model"], asked["temperature"], asked["max_tokens"]) == ("gpt-x", 0.9, 50)
    assert "prompt_variables" not in asked
    [span] = spans(gateway)
    assert (span["prompt_name"], span["prompt_version"]) == ("support/answer", 1)
    linked = {name: value for name, value in span["attributes"].items() if "prompt." in name}
    assert linked == {
        "gen_ai.prompt.name": "support/answer",
        "gen_ai.prompt.version": 1,
        "gen_ai.prompt.variable.product": "Lamp",
        "genaiops.prompt.alias": "production",
        "genaiops.prompt.hash": genaiops.load_prompt("support/answer@production").hash,
    }


def test_values_stay_out_of_the_trace_where_contents_do(gateway, client, provider):
    genaiops.configure(capture="metadata")
    provider.say(chat("Sure."))

    client.chat.completions.create(
        model="support", messages=HI, extra_body={"prompt_variables": {"product": "Lamp"}}
    )

    [span] = spans(gateway)
    assert (span["prompt_name"], span["prompt_version"]) == ("support/answer", 1)
    assert "Lamp" not in str(span)


def test_a_prompt_needs_no_messages_and_speaks_every_dialect(gateway, client, provider):
    provider.say(
        anthropic_message("Hello!"), anthropic_message("Hello!"), anthropic_message("Hello!")
    )

    chatted = client.chat.completions.create(model="greeting", messages=[])
    responded = client.responses.create(model="greeting")
    with anthropic.Anthropic(base_url=gateway.url, api_key="-", max_retries=0) as other:
        message = other.messages.create(model="greeting", max_tokens=9, messages=[])

    assert chatted.choices[0].message.content == "Hello!"
    assert responded.output_text == message.content[0].text == "Hello!"
    for request in provider.requests:
        [asked] = request.json["messages"]
        assert asked["role"] == "user"
        assert "Greet the world." in json.dumps(asked["content"])


def test_a_split_alias_gives_the_same_end_user_the_same_version(gateway, client, provider):
    genaiops.register_prompt("support/answer", [{"role": "user", "content": "New {{product}}"}])
    genaiops.split_prompt_alias("support/answer", "production", {1: 0.5, 2: 0.5})
    users = [f"user-{n}" for n in range(8)] * 2
    provider.say(*[chat()] * len(users))

    for user in users:
        client.chat.completions.create(
            model="support", messages=HI, user=user,
            extra_body={"prompt_variables": {"product": "x"}},
        )  # fmt: skip

    versions = [span["prompt_version"] for span in spans(gateway, len(users))]
    assert versions[:8] == versions[8:]
    assert set(versions) == {1, 2}


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        (None, "product"),
        ({}, "product"),
        ({"product": "x", "color": "red"}, "color"),
        ([1], "must be an object"),
        ("text", "must be an object"),
        ({"product": {"deep": [1]}, "self": 1, "": 2}, "prompt_variables"),
    ],
)
def test_wrong_variables_are_told_by_name(gateway, provider, variables, told):
    body = {"model": "support", "messages": HI, "prompt_variables": variables}

    for path, more in (("/v1/chat/completions", {}), ("/v1/messages", {"max_tokens": 5})):
        answer = post(gateway, body | more, path)
        assert answer[0] == 400
        assert told in error(answer)["message"]
    assert provider.requests == []


def test_variables_for_a_model_that_is_no_prompt_are_refused(gateway, provider):
    answer = post(gateway, {"model": "openai/x", "messages": HI, "prompt_variables": {}})

    assert (answer[0], error(answer)["message"]) == (
        400, "the field 'prompt_variables' is for models that are prompts",
    )  # fmt: skip


def test_a_prompt_that_is_not_there_is_told_and_may_come_later(inside, provider):
    gateway = inside("models: {later: {prompt: later@live, targets: [openai/x]}}\n")
    provider.say(chat("now"))

    before = post(gateway, {"model": "later", "messages": []})
    genaiops.register_prompt("later", "Speak.")
    genaiops.set_prompt_alias("later", "live", 1)
    after = post(gateway, {"model": "later", "messages": []})

    assert before[0] == 503
    assert "'later'" in error(before)["message"]
    assert (after[0], json.loads(after[2])["choices"][0]["message"]["content"]) == (200, "now")
