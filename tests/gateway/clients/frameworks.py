"""Clients of frameworks, in a process of their own: each runs chat, stream and a tool loop.

Prints one JSON object with what each of them got.
"""

import asyncio
import json
import sys

URL, MODEL = sys.argv[1], sys.argv[2]
WEATHER = {"Oslo": "3 in Oslo", "Rome": "19 in Rome"}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "description": "W", "parameters": CITY}}


def langchain(model):
    from langchain_core.messages import HumanMessage, ToolMessage

    said = model.invoke("Hi").text
    pieces = "".join(chunk.text for chunk in model.stream("Hi"))
    bound = model.bind_tools([TOOL])
    messages = [HumanMessage("Weather?")]
    called = bound.invoke(messages)
    messages.append(called)
    messages += [
        ToolMessage(WEATHER[call["args"]["city"]], tool_call_id=call["id"])
        for call in called.tool_calls
    ]
    whole = None
    for chunk in bound.stream([HumanMessage("Weather?")]):
        whole = chunk if whole is None else whole + chunk
    streamed = [call["args"]["city"] for call in whole.tool_calls]
    return [said, pieces, bound.invoke(messages).text, streamed]


def langchain_openai():
    from langchain_openai import ChatOpenAI

    return langchain(ChatOpenAI(base_url=f"{URL}/v1", api_key="unused", model=MODEL))


def langchain_anthropic():
    from langchain_anthropic import ChatAnthropic

    return langchain(ChatAnthropic(base_url=URL, api_key="unused", model_name=MODEL))


def litellm(prefix, base):
    import litellm as lib

    lib.telemetry = False
    more = {"model": f"{prefix}/{MODEL}", "api_base": base, "api_key": "unused"}
    ask = lib.completion
    question = [{"role": "user", "content": "Weather?"}]
    said = ask(messages=question, **more).choices[0].message.content
    chunks = [*ask(messages=question, stream=True, **more)]
    pieces = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    called = ask(messages=question, tools=[TOOL], **more).choices[0].message
    messages = [*question, called.model_dump(exclude_none=True)]
    for call in called.tool_calls:
        city = json.loads(call.function.arguments)["city"]
        messages.append({"role": "tool", "tool_call_id": call.id, "content": WEATHER[city]})
    streamed = lib.stream_chunk_builder(
        [*ask(messages=question, tools=[TOOL], stream=True, **more)]
    )
    cities = [
        json.loads(call.function.arguments)["city"]
        for call in streamed.choices[0].message.tool_calls
    ]
    answer = ask(messages=messages, tools=[TOOL], **more).choices[0].message.content
    return [said, pieces, answer, cities]


def agents(responses):
    import agents as lib
    from openai import AsyncOpenAI

    cities = []

    @lib.function_tool
    def weather(city: str) -> str:
        """Weather of a city."""
        cities.append(city)
        return WEATHER[city]

    async def main():
        async with AsyncOpenAI(base_url=f"{URL}/v1", api_key="unused") as client:
            kind = lib.OpenAIResponsesModel if responses else lib.OpenAIChatCompletionsModel
            model = kind(model=MODEL, openai_client=client)
            plain = lib.Agent(name="a", model=model)
            armed = lib.Agent(name="b", model=model, tools=[weather])
            said = (await lib.Runner.run(plain, "Hi")).final_output
            run = lib.Runner.run_streamed(plain, "Hi")
            async for _ in run.stream_events():
                pass
            answer = (await lib.Runner.run(armed, "Weather?")).final_output
            looped = lib.Runner.run_streamed(armed, "Weather?")
            async for _ in looped.stream_events():
                pass
            return [said, run.final_output, answer, cities[2:]]

    return asyncio.run(main())


CLIENTS = {
    "langchain_openai": langchain_openai,
    "langchain_anthropic": langchain_anthropic,
    "litellm_openai": lambda: litellm("openai", f"{URL}/v1"),
    "litellm_anthropic": lambda: litellm("anthropic", URL),
    "agents_chat": lambda: agents(False),
    "agents_responses": lambda: agents(True),
}
sys.stdout.write(json.dumps(CLIENTS[sys.argv[3]]()))
