"""Formatted prompts as the arguments of other libraries."""

from typing import Any

import pydantic
import pytest
from langchain_core.prompts import PromptTemplate

import genaiops
from genaiops.errors import PromptError
from genaiops.model.prompt import prompt_ref
from genaiops.prompts import Prompt

CONFIG = {"model": "openai/gpt-5-mini", "temperature": 0, "stop": "END"}
TOOL = {"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}
MESSAGES = [
    {"role": "system", "content": 'Answer as {"a": 1}.'},
    {"role": "placeholder", "content": "{{history}}"},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "{{question}}"},
            {"type": "image_url", "image_url": {"url": "{{image}}"}},
        ],
    },
]
CALL = {"id": "1", "type": "function", "function": {"name": "find", "arguments": '{"q": 1}'}}
HISTORY: list[dict[str, Any]] = [
    {"role": "assistant", "content": "Looking", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "1", "content": "found {{question}}"},
]


class Answer(pydantic.BaseModel):
    text: str


@pytest.fixture
def prompt() -> Prompt:
    return genaiops.register_prompt(
        "qa", MESSAGES, model_config=CONFIG, tools=[TOOL], response_format=Answer
    )


def test_to_openai_gives_all_that_a_call_needs(prompt: Any):
    request = prompt.to_openai(history=HISTORY, question="Why?", image="https://x/y.png")

    assert request["model"] == "gpt-5-mini"
    assert (request["temperature"], request["stop"]) == (0, "END")
    assert request["tools"] == [TOOL]
    assert request["response_format"]["json_schema"]["name"] == "Answer"
    assert [message["role"] for message in request["messages"]] == [
        "system", "assistant", "tool", "user",
    ]  # fmt: skip
    assert request["messages"][2]["content"] == "found {{question}}"
    assert request["messages"][3]["content"][0] == {"type": "text", "text": "Why?"}
    assert prompt_ref(request).version == 1  # pyright: ignore


def test_to_anthropic_gives_all_that_a_call_needs(prompt: Any):
    request = prompt.to_anthropic(
        history=HISTORY, question="Why?", image="data:image/png;base64,AAAA"
    )

    assert request["system"] == 'Answer as {"a": 1}.'
    assert request["stop_sequences"] == ["END"]
    assert request["max_tokens"] == 4096
    assert request["tools"] == [{"name": "find", "input_schema": {"type": "object"}}]
    assert request["output_config"]["format"]["schema"] == Answer.model_json_schema()
    assert request["messages"] == [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Looking"},
                {"type": "tool_use", "id": "1", "name": "find", "input": {"q": 1}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "1", "content": "found {{question}}"}
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Why?"},
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"},
                },
            ],
        },
    ]
    assert prompt_ref(request).name == "qa"  # pyright: ignore


def test_a_text_prompt_is_what_the_user_says():
    prompt = genaiops.register_prompt("qa", "Hello {{name}}")

    assert prompt.to_openai(name="Ana") == {"messages": [{"role": "user", "content": "Hello Ana"}]}
    assert prompt.to_anthropic(name="Ana")["messages"] == [{"role": "user", "content": "Hello Ana"}]


def test_each_shape_of_tool_and_format_is_turned_into_the_others():
    tool = {"name": "find", "description": "d", "input_schema": {"type": "object"}}
    prompt = genaiops.register_prompt(
        "qa", "x", tools=[tool], response_format={"type": "object", "title": "An answer"}
    )

    asked = prompt.to_openai()

    assert asked["tools"][0]["function"] == {
        "name": "find", "description": "d", "parameters": {"type": "object"},
    }  # fmt: skip
    assert asked["response_format"]["json_schema"]["name"] == "An_answer"
    assert prompt.to_anthropic()["tools"] == [tool]


def test_what_anthropic_cannot_hold_is_refused():
    prompt = genaiops.register_prompt(
        "qa", [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]
    )

    with pytest.raises(PromptError, match="'input_audio' has no counterpart"):
        prompt.to_anthropic()


def test_langchain_escapes_literal_braces():
    text = genaiops.register_prompt("text", 'As {"a": {{a}}} for {{ b }}')
    chat = genaiops.register_prompt("chat", MESSAGES)

    template = text.partial(b="Ana").to_langchain()
    messages = chat.to_langchain()

    assert isinstance(template, PromptTemplate)
    assert template.format(a="{x}") == 'As {"a": {x}} for Ana'
    made = messages.format_messages(history=[("human", "hi")], question="Why?", image="u")
    assert [message.type for message in made] == ["system", "human", "human"]
    assert made[0].content == 'Answer as {"a": 1}.'
    assert made[2].content[0]["text"] == "Why?"
    with pytest.raises(PromptError, match="without limits"):
        genaiops.register_prompt("jinja", "{{ a }}", syntax="jinja2").to_langchain()


def test_a_placeholder_takes_messages_and_nothing_else(prompt: Any):
    for wrong in ("text", [1], [{"content": "x"}], None, [{"role": "user", "content": object()}]):
        with pytest.raises(PromptError, match="placeholder 'history'"):
            prompt.format(history=wrong, question="", image="")
    asked = prompt.format(history=[], question="", image="")
    assert len(asked) == 2


@pytest.mark.parametrize(
    "message",
    [
        {"role": "placeholder", "content": "history"},
        {"role": "placeholder", "content": "{{a}} {{b}}"},
        {"role": "placeholder"},
        {"role": "placeholder", "content": "{{a}}", "name": "x"},
        {"role": "user", "content": ["text"]},
        {"role": "user", "content": [{"text": "x"}]},
    ],
)
def test_a_message_of_the_wrong_shape_is_refused(message: dict[str, Any]):
    with pytest.raises(PromptError):
        genaiops.register_prompt("qa", [message])


def test_a_name_cannot_be_text_and_messages():
    with pytest.raises(PromptError, match="'a' stands for messages in one place"):
        genaiops.register_prompt(
            "qa", [{"type": "placeholder", "name": "a"}, {"role": "user", "content": "{{a}}"}]
        )


class Question(pydantic.BaseModel):
    question: str
    count: int = 3


def test_variables_typed_by_a_model_are_checked_converted_and_completed():
    prompt = genaiops.register_prompt("qa", "{{question}} in {{count}}").typed(Question)

    assert prompt.format(question="Why?") == "Why? in 3"
    assert prompt.format(question="Why?", count="5") == "Why? in 5"
    assert prompt.partial(count=7).format(question="Why?") == "Why? in 7"
    with pytest.raises(PromptError, match="count: Input should be a valid integer"):
        prompt.format(question="Why?", count="many")
    with pytest.raises(PromptError, match="missing 'question'; unknown 'colour'"):
        prompt.format(colour="red")


def test_a_model_must_have_the_variables_as_its_fields():
    prompt = genaiops.register_prompt("qa", "{{question}} {{context}}")

    with pytest.raises(PromptError, match="no field for 'context' and has the unused 'count'"):
        prompt.typed(Question)
    with pytest.raises(PromptError, match="use a pydantic model class"):
        prompt.typed(dict)
