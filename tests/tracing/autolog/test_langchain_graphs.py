"""LangGraph autolog, calls of providers below LangChain's models, and the switch."""

import asyncio
from typing import Any

import anthropic
import openai
import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_openai import OpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt

import genaiops
from tests.tracing.autolog.langchain_parts import (
    CHAIN,
    ROW,
    TOLD,
    USAGE,
    Model,
    Store,
    chain,
    recording,
    weather,
)
from tests.tracing.autolog.server import (
    message,
    serving,
    stream,
    streamed,
    text,
    text_block,
    whole,
)

CALL = {"name": "weather", "args": {"city": "Bern"}, "id": "t1", "type": "tool_call"}


@pytest.fixture(autouse=True)
def autologged(caplog):
    with recording(caplog):
        yield


def agent(*answers: Any, **options: Any):
    model = Model(answers=list(answers))

    def ask(state):
        return {"messages": [model.invoke(state["messages"])]}

    def work(state):
        return {"messages": [weather.invoke(call) for call in state["messages"][-1].tool_calls]}

    def route(state):
        return "work" if state["messages"][-1].tool_calls else END

    graph = StateGraph(MessagesState)
    graph.add_node("ask", ask)
    graph.add_node("work", work)
    graph.add_edge(START, "ask")
    graph.add_conditional_edges("ask", route)
    graph.add_edge("work", "ask")
    return graph.compile(**options)


@pytest.mark.parametrize("how", ["invoke", "stream", "ainvoke", "astream"])
def test_a_graph_is_a_tree_of_its_nodes(spans, tree, how):
    app = agent(AIMessage("", tool_calls=[CALL], usage_metadata=USAGE), "It is sunny.")
    asked = {"messages": [HumanMessage("Weather?")]}
    config = {"configurable": {"thread_id": "c1"}, "tags": ["mine"]}

    async def aconsume():
        return [step async for step in app.astream(asked, config)]

    with genaiops.start_span("app") as outer:
        if how == "invoke":
            assert app.invoke(asked, config)["messages"][-1].content == "It is sunny."
        elif how == "stream":
            for _ in app.stream(asked, config):
                assert genaiops.get_current_active_span().span_id == outer.span_id
        else:
            asyncio.run(app.ainvoke(asked, config) if how == "ainvoke" else aconsume())

    edges = [pair for pair in tree() if pair[0] != "route"]
    assert edges[:2] == [("app", None), ("LangGraph", "app")]
    assert sorted(edges[2:]) == sorted([
        ("ask", "LangGraph"), ("chat fake", "ask"), ("inside", "chat fake"),
        ("work", "LangGraph"), ("execute_tool weather", "work"), ("inside", "execute_tool weather"),
        ("ask", "LangGraph"), ("chat fake", "ask"), ("inside", "chat fake"),
    ])  # fmt: skip
    found = spans(ROW)
    assert found[1]["span_type"] == "workflow"
    assert {span["session_id"] for span in found if span["name"] != "inside"} >= {"c1"}
    assert found[1]["attributes"]["genaiops.tags"] == ["mine"]
    asking = next(span for span in found if span["name"] == "chat fake")
    called = {"type": "tool_call", "id": "t1", "name": "weather", "arguments": {"city": "Bern"}}
    assert asking["attributes"]["gen_ai.output.messages"][0]["parts"] == [called]


def test_a_graph_that_waits_for_a_human_is_no_error(spans):
    graph = StateGraph(MessagesState)
    graph.add_node("approve", lambda state: {"messages": [HumanMessage(interrupt("Really?"))]})
    graph.add_edge(START, "approve")
    app = graph.compile(checkpointer=InMemorySaver())

    app.invoke({"messages": []}, {"configurable": {"thread_id": "c1"}})

    status = {span["name"]: span["status"] for span in spans(ROW)}
    assert status == {"LangGraph": "ok", "approve": "unset"}


class ViaSdk(Model):
    """Asks a provider through its SDK, as the integrations do."""

    client: Any

    def _request(self, messages):
        return {
            "model": "claude-x",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": messages[-1].content}],
        }

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        told = self.client.messages.create(**self._request(messages))
        answer = AIMessage(told.content[0].text, usage_metadata=USAGE, response_metadata=TOLD)
        return ChatResult(generations=[ChatGeneration(message=answer)])

    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        for event in self.client.messages.create(**self._request(messages), stream=True):
            if event.type == "content_block_delta":
                yield ChatGenerationChunk(message=AIMessageChunk(event.delta.text))
        yield ChatGenerationChunk(message=AIMessageChunk("", usage_metadata=USAGE))


@pytest.fixture
def provider():
    genaiops.anthropic.autolog()
    with serving() as server, anthropic.Anthropic(base_url=server.url, api_key="k") as client:
        yield server, client
    genaiops.anthropic.autolog(disable=True)


def test_the_providers_own_span_lies_under_the_models_and_both_keep_their_tokens(
    spans, tree, provider
):
    server, client = provider
    server.answers = [whole(message(text("Bern"))), streamed(stream(text_block()))] * 2
    model = ViaSdk(answers=[], client=client)

    async def main():
        await model.ainvoke("Capital?")
        assert genaiops.get_current_active_span().trace_id == "0" * 32
        return [chunk async for chunk in model.astream("Capital?")]

    model.invoke("Capital?")
    list(model.stream("Capital?"))
    asyncio.run(main())

    assert tree() == [("chat fake", None), ("chat claude-x", "chat fake")] * 4
    assert {(span["input_tokens"], span["output_tokens"]) for span in spans(ROW)} == {(28, 9)}
    assert {span["status"] for span in spans(ROW)} == {"ok"}


def test_the_same_with_openai(spans, tree):
    class ViaOpenAi(ViaSdk):
        def _generate(self, messages, stop=None, run_manager=None, **kwargs):
            asked = [{"role": "user", "content": messages[-1].content}]
            told = self.client.chat.completions.create(model="gpt-x", messages=asked)
            answer = AIMessage(told.choices[0].message.content, usage_metadata=USAGE)
            return ChatResult(generations=[ChatGeneration(message=answer)])

    choice = {"index": 0, "message": {"role": "assistant", "content": "Bern"}, "finish_reason": "stop"}  # fmt: skip
    usage = {"prompt_tokens": 28, "completion_tokens": 9, "total_tokens": 37}
    head = {"id": "c1", "object": "chat.completion", "created": 1, "model": "gpt-x-2026"}
    genaiops.openai.autolog()
    with serving() as server, openai.OpenAI(base_url=server.url, api_key="k") as client:
        server.answers = [whole(head | {"choices": [choice], "usage": usage})] * 2
        model = ViaOpenAi(answers=[], client=client)
        model.invoke("Capital?")
        asyncio.run(model.ainvoke("Capital?"))
    genaiops.openai.autolog(disable=True)

    assert tree() == [("chat fake", None), ("chat gpt-x", "chat fake")] * 2
    assert {(span["input_tokens"], span["output_tokens"]) for span in spans(ROW)} == {(28, 9)}


def test_several_lists_of_messages_at_once_keep_their_own_calls(spans, provider):
    server, client = provider
    server.answers = [whole(message(text("Bern")))] * 4
    model = ViaSdk(answers=[], client=client)
    asked = [[HumanMessage("One?")], [HumanMessage("Two?")]]

    model.generate(asked)
    asyncio.run(model.agenerate(asked))

    found = spans(ROW)
    by_id = {span["span_id"]: span for span in found}
    calls = [span for span in found if span["name"] == "chat claude-x"]
    assert len(calls) == 4
    for span in calls:
        above = by_id[span["parent_span_id"]]
        assert above["parent_span_id"] is None
        assert above["inputs"]["messages"] == span["inputs"]["messages"]


def test_several_prompts_in_one_request_of_a_provider_count_once(spans):
    choices = [{"index": at, "text": "x", "finish_reason": "stop", "logprobs": None} for at in (0, 1)]  # fmt: skip
    usage = {"prompt_tokens": 28, "completion_tokens": 9, "total_tokens": 37}
    head = {"id": "c1", "object": "text_completion", "created": 1, "model": "gpt-x-2026"}
    genaiops.openai.autolog()
    with serving() as server:
        server.answers = [whole(head | {"choices": choices, "usage": usage})] * 2
        model = OpenAI(model="gpt-x", base_url=server.url, api_key="k")
        with genaiops.start_span("app") as app:
            model.generate(["One?", "Two?"])
            assert genaiops.get_current_active_span().span_id == app.span_id

        async def main():
            with genaiops.start_span("app") as app:
                await model.agenerate(["One?", "Two?"])
                assert genaiops.get_current_active_span().span_id == app.span_id
            await model.async_client._client.close()

        asyncio.run(main())
        model.client._client.close()
    genaiops.openai.autolog(disable=True)

    found = spans(ROW)
    by_id = {span["span_id"]: span for span in found}
    calls = [one for one in found if (one["inputs"] or {}).get("prompt") == ["One?", "Two?"]]
    assert len(calls) == 2
    for call in calls:
        above = by_id[call["parent_span_id"]]
        assert above["inputs"] == {"messages": ["One?"]}  # LangChain charges the first
        assert (above["input_tokens"], above["output_tokens"]) == (28, 9)
    counted = genaiops.sql("SELECT input_tokens, output_tokens FROM traces").rows
    assert counted == [(28, 9), (28, 9)]


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_the_newer_streams_of_events_leave_nothing_current(spans, tree):
    model = Model(answers=["It is Bern"] * 2)

    async def main():
        with genaiops.start_span("app") as app:
            stream = await model.astream_events("Capital?", version="v3")
            async for _ in stream:
                assert genaiops.get_current_active_span().span_id == app.span_id
            assert genaiops.get_current_active_span().span_id == app.span_id

    with genaiops.start_span("app") as app:
        for _ in model.stream_events("Capital?", version="v3"):
            assert genaiops.get_current_active_span().span_id == app.span_id
    asyncio.run(main())

    assert tree() == [("app", None), ("chat fake", "app"), ("inside", "chat fake")] * 2
    for span in spans(ROW):
        if span["span_type"] == "llm":
            assert (span["status"], span["output_tokens"]) == ("ok", 9)
            assert span["ttft_ms"] > 0


def test_formatted_prompts_are_linked_and_capture_and_redaction_respected(spans):
    from genaiops.model.prompt import FormattedText, PromptRef

    said = FormattedText("I am a@b.ch", PromptRef(name="qa", version=3))
    genaiops.configure(redact=["email"])
    chain("It is Bern").invoke({"question": "I am a@b.ch"})
    genaiops.configure(redact=[], capture="metadata")
    chain("It is Bern").invoke({"question": "I am a@b.ch"})
    Store().invoke("I am a@b.ch")
    Model(answers=["It is Bern"]).invoke([SystemMessage("Be brief."), HumanMessage(said)])

    found = spans(ROW)
    assert "a@b.ch" not in str(found)
    hashed = [span for span in found[5:] if span["name"] != "inside"]
    assert all(set(span["inputs"]) == {"bytes", "sha256"} for span in hashed)
    assert "Bern" not in str(hashed)
    assert found[2]["outputs"]["content"] == "It is Bern"


def test_nothing_is_recorded_when_off_dropped_or_switched_off(spans, tree):
    asked = {"question": "Capital?"}
    genaiops.configure(disabled=True)
    assert chain("It is Bern").invoke(asked) == "It is Bern"
    genaiops.configure(disabled=False, sample=0.0)
    assert chain("It is Bern").invoke(asked) == "It is Bern"
    genaiops.configure(sample=1.0)
    genaiops.langchain.autolog(disable=True)
    assert chain("It is Bern").invoke(asked) == "It is Bern"

    assert tree() == [("inside", None)]


def test_the_switch_twice_is_one_handler_and_off_restores_the_very_same_functions(tree):
    from langchain_core.runnables import config
    from langgraph._internal import _runnable

    genaiops.langchain.autolog(disable=True)
    before = (config._set_config_context, _runnable._set_config_context)
    for _ in range(3):
        genaiops.langchain.autolog()
        genaiops.langchain.autolog()
        assert config._set_config_context is not before[0]
        genaiops.langchain.autolog(disable=True)
    assert (config._set_config_context, _runnable._set_config_context) == before
    genaiops.langchain.autolog()

    chain("It is Bern").invoke({"question": "Capital?"})

    assert tree() == CHAIN


def test_the_order_of_imports_does_not_matter(program):
    out = program("""
        import genaiops
        genaiops.langchain.autolog()
        from langchain_core.runnables import RunnableLambda
        from langgraph.graph import START, StateGraph

        @genaiops.trace
        def inside(state):
            return state

        graph = StateGraph(dict)
        graph.add_node("node", lambda state: inside(state))
        graph.add_edge(START, "node")
        graph.compile().invoke({})
        rows = genaiops.sql("SELECT name, parent_span_id IS NULL FROM spans ORDER BY start_ns").rows
        print(*[name for name, root in rows], sum(root for _, root in rows))
        """)

    assert out.split() == ["LangGraph", "node", "inside", "1"]
