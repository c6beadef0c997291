"""The openai and anthropic SDKs, unmodified, against providers of both dialects."""

import json

import anthropic
import openai
import pydantic
import pytest

from tests.gateway.clients.standin import SIGNATURE

CHAT_TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
TOOL = {"name": "weather", "input_schema": CHAT_TOOL["function"]["parameters"]}
HI = [{"role": "user", "content": "Weather?"}]
SAID = "It is 3 in Oslo and 19 in Rome."


class Weather(pydantic.BaseModel):
    city: str
    degrees: int


def result(arguments):
    return {"Oslo": "3 in Oslo", "Rome": "19 in Rome"}[json.loads(arguments)["city"]]


@pytest.fixture
def oai(url):
    with openai.OpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=0) as client:
        yield client


@pytest.fixture
def claude(url):
    with anthropic.Anthropic(base_url=url, api_key="unused", max_retries=0) as client:
        yield client


def test_openai_chats_streams_and_parses(oai, model):
    create = oai.chat.completions.create
    done = create(model=model, messages=HI)
    chunks = create(model=model, messages=HI, stream=True, stream_options={"include_usage": True})
    last = [*chunks][-1]
    with oai.chat.completions.stream(model=model, messages=HI) as stream:
        folded = stream.get_final_completion()
    parsed = oai.chat.completions.parse(model=model, messages=HI, response_format=Weather)

    assert done.choices[0].message.content == "Hello you!"
    assert (last.choices, last.usage.total_tokens) == ([], done.usage.total_tokens)
    assert folded.choices[0].message.content == "Hello you!"
    assert folded.choices[0].finish_reason == done.choices[0].finish_reason == "stop"
    assert parsed.choices[0].message.parsed == Weather(city="Oslo", degrees=3)


@pytest.mark.parametrize("streamed", [False, True])
def test_openai_runs_a_tool_loop(oai, model, streamed):
    messages = list(HI)
    for _ in range(2):
        if streamed:
            with oai.chat.completions.stream(
                model=model, messages=messages, tools=[CHAT_TOOL]
            ) as s:
                choice = s.get_final_completion().choices[0]
        else:
            done = oai.chat.completions.create(model=model, messages=messages, tools=[CHAT_TOOL])
            choice = done.choices[0]
        if choice.finish_reason == "stop":
            break
        assert choice.finish_reason == "tool_calls"
        messages.append(choice.message.model_dump(exclude_none=True))
        for call in choice.message.tool_calls:
            content = result(call.function.arguments)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": content})

    assert choice.message.content == SAID


@pytest.mark.parametrize("streamed", [False, True])
def test_signed_thoughts_come_back_to_anthropic_through_openais_sdk(oai, asked, streamed):
    more = {"model": "anthropic/claude-x", "tools": [CHAT_TOOL]}
    more["extra_body"] = {"thinking": {"type": "enabled", "budget_tokens": 2000}}

    if streamed:
        with oai.chat.completions.stream(messages=HI, **more) as stream:
            message = stream.get_final_completion().choices[0].message
    else:
        message = oai.chat.completions.create(messages=HI, **more).choices[0].message
    calls = [{"role": "tool", "tool_call_id": c.id, "content": "3"} for c in message.tool_calls]
    said = message.model_dump(exclude_none=True)
    oai.chat.completions.create(messages=[*HI, said, *calls], **more)

    [*_, (_, _, body)] = asked
    [_, turn, results] = body["messages"]
    assert turn["content"][0] == {
        "type": "thinking",
        "thinking": "Let me see.",
        "signature": SIGNATURE,
    }
    assert [b["tool_use_id"] for b in results["content"]] == ["call_1", "call_2"]
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 2000}


def test_thinking_is_left_out_when_a_client_lost_the_thoughts(oai, asked):
    call = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    messages = [*HI, {"role": "assistant", "content": None, "tool_calls": [call]}]
    messages.append({"role": "tool", "tool_call_id": "c", "content": "3"})

    oai.chat.completions.create(
        model="anthropic/claude-x", messages=messages, extra_body={"thinking": {"type": "adaptive"}}
    )

    assert "thinking" not in asked[-1][2]


def test_responses_come_from_both_providers(oai, model):
    done = oai.responses.create(model=model, input="Hi")
    with oai.responses.stream(model=model, input="Hi") as stream:
        folded = stream.get_final_response()
    parsed = oai.responses.parse(model=model, input="Hi", text_format=Weather)

    assert (done.output_text, done.status) == ("Hello you!", "completed")
    assert done.usage.total_tokens == 25
    assert folded.output_text == "Hello you!"
    assert folded.usage == done.usage
    assert folded.output[0].model_dump(exclude={"content"}) == done.output[0].model_dump(
        exclude={"content"}
    )
    assert parsed.output_parsed == Weather(city="Oslo", degrees=3)


@pytest.mark.parametrize("streamed", [False, True])
def test_responses_run_a_tool_loop(oai, model, streamed):
    tool = {"type": "function", "name": "weather", "parameters": TOOL["input_schema"]}
    more = {"model": model, "tools": [tool]}
    items = [{"role": "user", "content": "Weather?"}]
    for _ in range(2):
        if streamed:
            with oai.responses.stream(input=items, **more) as stream:
                done = stream.get_final_response()
        else:
            done = oai.responses.create(input=items, **more)
        calls = [item for item in done.output if item.type == "function_call"]
        items += [
            item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in done.output
        ]
        items += [
            {"type": "function_call_output", "call_id": c.call_id, "output": result(c.arguments)}
            for c in calls
        ]

    assert done.output_text == SAID


def test_anthropic_chats_and_streams(claude, model):
    asking = {"model": model, "max_tokens": 100, "messages": HI}
    done = claude.messages.create(**asking)
    with claude.messages.stream(**asking) as stream:
        text = "".join(stream.text_stream)
        folded = stream.get_final_message()

    assert (done.content[0].text, done.stop_reason) == ("Hello you!", "end_turn")
    assert text == folded.content[0].text == "Hello you!"
    assert (folded.stop_reason, folded.id) == (done.stop_reason, done.id)
    counted = [
        u.input_tokens + (u.cache_read_input_tokens or 0) for u in (done.usage, folded.usage)
    ]
    assert counted == [20, 20]
    assert folded.usage.output_tokens == done.usage.output_tokens == 5


@pytest.mark.parametrize("streamed", [False, True])
def test_anthropic_runs_a_tool_loop(claude, model, streamed):
    messages = list(HI)
    for _ in range(2):
        asking = {"model": model, "max_tokens": 100, "messages": messages, "tools": [TOOL]}
        if streamed:
            with claude.messages.stream(**asking) as stream:
                done = stream.get_final_message()
        else:
            done = claude.messages.create(**asking)
        if done.stop_reason == "end_turn":
            break
        assert done.stop_reason == "tool_use"
        messages.append({"role": "assistant", "content": [b.to_dict() for b in done.content]})
        results = [
            {"type": "tool_result", "tool_use_id": b.id, "content": result(json.dumps(b.input))}
            for b in done.content
            if b.type == "tool_use"
        ]
        messages.append({"role": "user", "content": results})

    assert done.content[0].text == SAID


def test_tokens_are_estimated_for_a_provider_that_does_not_count(claude):
    counted = claude.messages.count_tokens(model="openai/gpt-x", messages=HI)

    assert 5 <= counted.input_tokens <= 20
    assert counted.model_extra == {"estimated": True}


def test_errors_come_in_the_dialect_of_the_client(claude):
    with pytest.raises(anthropic.NotFoundError, match="is not served") as caught:
        claude.messages.create(model="nobody/x", max_tokens=5, messages=HI)

    assert caught.value.body["type"] == "error"
    assert caught.value.body["error"]["type"] == "not_found_error"
