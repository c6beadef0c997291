"""LangChain and LangGraph autolog with the real packages: trees of spans, and what each span says."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel, FakeListLLM
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage
from langchain_core.messages.tool import ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt

import genaiops
from genaiops.tracing import diagnostics
from tests.tracing.autolog.anthropic_server import (
    message,
    serving,
    stream,
    streamed,
    text,
    text_block,
    whole,
)

ROW = (
    "name, span_type, status, status_message, operation, provider, request_model, response_model, "
    "response_id, finish_reasons, input_tokens, output_tokens, cache_read_tokens, "
    "cache_write_tokens, reasoning_tokens, inputs, outputs, attributes, ttft_ms, trace_id, "
    "span_id, parent_span_id, events, session_id, prompt_name"
)
USAGE = {
    "input_tokens": 28, "output_tokens": 9, "total_tokens": 37,
    "input_token_details": {"cache_read": 5, "cache_creation": 3},
    "output_token_details": {"reasoning": 4},
}  # fmt: skip
TOLD = {"model_name": "fake-2026", "finish_reason": "stop", "id": "r1"}


class Model(BaseChatModel):
    """Answers with the next of its messages; streams their texts word by word."""

    answers: list[Any]
    model: str = "fake"

    @property
    def _llm_type(self) -> str:
        return "fake"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model, "temperature": 0.5, "max_tokens": 9, "stop_sequences": ["x"]}

    def _get_ls_params(self, stop=None, **kwargs):
        return {
            "ls_provider": "amazon_bedrock",
            "ls_model_name": self.model,
            "ls_model_type": "chat",
        }

    def _next(self) -> AIMessage:
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, str):
            answer = AIMessage(answer, usage_metadata=USAGE, response_metadata=TOLD)
        return answer

    def _generate(self, messages, stop=None, run_manager=None, **kwargs) -> ChatResult:
        inside()
        return ChatResult(generations=[ChatGeneration(message=self._next())])

    def _stream(self, messages, stop=None, run_manager=None, **kwargs) -> Iterator[Any]:
        inside()
        answer = self._next()
        for word in answer.content.split(" "):
            if word == "!":
                raise ValueError("the stream broke")
            yield ChatGenerationChunk(message=AIMessageChunk(word + " "))
        yield ChatGenerationChunk(
            message=AIMessageChunk("", usage_metadata=USAGE, response_metadata=TOLD)
        )


class Store(BaseRetriever):
    """Finds the same two documents every time."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun):
        inside()
        return [
            Document("Bern is the capital.", id="d1", metadata={"score": 0.9}),
            Document("Geneva is not.", metadata={"doc_id": 2, "relevance_score": 0.4}),
        ]


@genaiops.trace
def inside() -> None:
    """A function of the application at work inside a run."""


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    inside()
    if city == "Nowhere":
        raise ValueError("no such city")
    return f"sunny in {city}"


@pytest.fixture(autouse=True)
def autologged(caplog):
    genaiops.langchain.autolog()
    before = diagnostics.internal_errors()
    with caplog.at_level(logging.INFO):
        yield
    genaiops.langchain.autolog(disable=True)
    assert diagnostics.internal_errors() == before
    assert genaiops.get_current_active_span().trace_id == "0" * 32
    assert [r.getMessage() for r in caplog.records if not r.name.startswith("httpx")] == []


def chain(*answers: Any):
    ask = ChatPromptTemplate.from_messages([("system", "Be brief."), ("human", "{question}")])
    return ask | Model(answers=list(answers)) | StrOutputParser()


CHAIN = [
    ("RunnableSequence", None),
    ("ChatPromptTemplate", "RunnableSequence"),
    ("chat fake", "RunnableSequence"),
    ("inside", "chat fake"),
    ("StrOutputParser", "RunnableSequence"),
]


def check(span, *, streams=False):
    assert (span["span_type"], span["operation"], span["status"]) == ("llm", "chat", "ok")
    assert (span["provider"], span["request_model"]) == ("aws.bedrock", "fake")
    assert (span["response_model"], span["response_id"]) == ("fake-2026", "r1")
    assert span["finish_reasons"] == ["stop"]
    assert (span["input_tokens"], span["output_tokens"]) == (28, 9)
    assert (span["cache_read_tokens"], span["cache_write_tokens"]) == (5, 3)
    assert span["reasoning_tokens"] == 4
    assert span["inputs"]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Capital?"},
    ]
    assert (span["outputs"]["role"], span["outputs"]["content"].strip()) == (
        "assistant",
        "It is Bern",
    )
    attributes = span["attributes"]
    assert attributes["gen_ai.input.messages"][0] == {
        "role": "system", "parts": [{"type": "text", "content": "Be brief."}]
    }  # fmt: skip
    assert attributes["gen_ai.output.messages"][0]["parts"][0]["content"].strip() == "It is Bern"
    assert attributes["gen_ai.request.temperature"] == 0.5
    assert attributes["gen_ai.request.stop_sequences"] == ["x"]
    assert (span["ttft_ms"] is not None) == streams


def test_a_chain_is_a_tree_with_functions_of_ours_inside(spans, tree):
    assert chain("It is Bern").invoke({"question": "Capital?"}) == "It is Bern"

    assert tree() == CHAIN
    root, _, model, *_ = spans(ROW)
    check(model)
    assert (root["span_type"], root["inputs"], root["outputs"]) == (
        "chain", {"question": "Capital?"}, "It is Bern",
    )  # fmt: skip


def test_an_async_chain_too(spans, tree):
    assert asyncio.run(chain("It is Bern").ainvoke({"question": "Capital?"})) == "It is Bern"

    assert tree() == CHAIN
    check(spans(ROW)[2])


def test_a_streamed_chain_leaves_the_consumer_outside(spans, tree):
    with genaiops.start_span("app") as app:
        words = []
        for word in chain("It is Bern").stream({"question": "Capital?"}):
            words.append(word)
            assert genaiops.get_current_active_span().span_id == app.span_id

    assert "".join(words).strip() == "It is Bern"
    assert set(tree()) == {("app", None), ("RunnableSequence", "app"), *CHAIN[1:]}
    found = {span["name"]: span for span in spans(ROW)}
    check(found["chat fake"], streams=True)
    assert found["RunnableSequence"]["inputs"] == {"question": "Capital?"}
    assert found["RunnableSequence"]["outputs"].strip() == "It is Bern"


def test_an_async_streamed_chain_too(spans, tree):
    async def main():
        with genaiops.start_span("app") as app:
            async for _ in chain("It is Bern").astream({"question": "Capital?"}):
                assert genaiops.get_current_active_span().span_id == app.span_id

    asyncio.run(main())

    assert set(tree()) == {("app", None), ("RunnableSequence", "app"), *CHAIN[1:]}
    check(next(span for span in spans(ROW) if span["name"] == "chat fake"), streams=True)


def test_a_model_streamed_alone_and_given_up_keeps_what_came(spans):
    model = Model(answers=["It is Bern"] * 3)
    with genaiops.start_span("app") as app:
        for chunk in model.stream("Capital?"):
            assert chunk.content == "It "
            break
        told = model.stream("Capital?")
        next(told)
        told.close()
        assert genaiops.get_current_active_span().span_id == app.span_id

    async def main():
        with genaiops.start_span("app"):
            told = model.astream("Capital?")
            await anext(told)
            await told.aclose()

    asyncio.run(main())

    models = [span for span in spans(ROW) if span["span_type"] == "llm"]
    assert len(models) == 3
    for span in models:
        assert span["status"] == "unset"
        assert span["attributes"]["genaiops.stream.finish"] == "closed"
        assert span["outputs"]["content"] == "It "
        assert span["ttft_ms"] > 0


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_model_that_streams_inside_a_whole_answer_leaves_nothing_current(spans, is_async):
    model = Model(answers=["It is Bern"])

    async def main():
        told = await model.ainvoke("Capital?", stream=True)
        assert genaiops.get_current_active_span().trace_id == "0" * 32
        return told

    told = asyncio.run(main()) if is_async else model.invoke("Capital?", stream=True)

    assert genaiops.get_current_active_span().trace_id == "0" * 32
    assert told.content.strip() == "It is Bern"
    assert spans(ROW)[0]["ttft_ms"] > 0


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_errors_pass_and_mark_every_run_they_pass(spans, is_async):
    class OddError(Exception):
        status_code = 529

    one, asked = chain(OddError("overloaded")), {"question": "Capital?"}
    with pytest.raises(OddError, match="overloaded"):
        asyncio.run(one.ainvoke(asked)) if is_async else one.invoke(asked)

    status = {span["name"]: (span["status"], span["status_message"]) for span in spans(ROW)}
    assert status["chat fake"] == status["RunnableSequence"] == ("error", "overloaded")
    assert status["ChatPromptTemplate"] == ("ok", None)


def test_a_stream_that_breaks_is_an_error_with_the_text_that_came(spans):
    with pytest.raises(ValueError, match="broke"):
        list(Model(answers=["It is !"]).stream("Capital?"))

    (span, _) = spans(ROW)
    assert (span["status"], span["outputs"]["content"]) == ("error", "It is ")


def test_a_batch_keeps_parents_right_across_threads(spans):
    answers = [str(n) for n in range(20)]
    one = RunnableLambda(lambda n: Model(answers=[answers[n]]).invoke(str(n)).content)

    with genaiops.start_span("app") as app:
        assert one.batch(list(range(20)), {"max_concurrency": 5}) == answers

    found = spans(ROW)
    by_id = {span["span_id"]: span for span in found}
    models = [span for span in found if span["span_type"] == "llm"]
    assert len(models) == 20
    for span in models:
        above = by_id[span["parent_span_id"]]
        assert (above["name"], str(above["inputs"])) == (
            "RunnableLambda",
            span["outputs"]["content"],
        )
        assert above["parent_span_id"] == app.span_id
    assert {by_id[s["parent_span_id"]]["name"] for s in found if s["name"] == "inside"} == {
        "chat fake"
    }


def test_an_async_crowd_keeps_parents_right(spans):
    async def main():
        one = RunnableLambda(lambda n: Model(answers=[str(n)]).invoke(str(n)).content)
        with genaiops.start_span("app"):
            await one.abatch(list(range(20)))

    asyncio.run(main())

    found = spans(ROW)
    by_id = {span["span_id"]: span for span in found}
    for span in found:
        if span["span_type"] == "llm":
            assert str(by_id[span["parent_span_id"]]["inputs"]) == span["outputs"]["content"]


def test_parallel_branches_and_a_function_of_ours_between_two_runs(tree):
    @genaiops.trace
    def between(x):
        return RunnableLambda(lambda y: y, name="inner").invoke(x)

    RunnableParallel(a=RunnableLambda(between, name="a"), b=RunnableLambda(len, name="b")).invoke(
        "x"
    )

    assert set(tree()) == {
        ("RunnableParallel<a,b>", None), ("a", "RunnableParallel<a,b>"),
        ("b", "RunnableParallel<a,b>"), ("between", "a"), ("inner", "between"),
    }  # fmt: skip


def test_a_run_that_its_caller_left_out_is_still_between(tree):
    def work(x, config):
        called = RunnableLambda(lambda y, config: inner.invoke(y, outer_config[0]), name="called")
        outer_config.append(config)
        return called.invoke(x, config)

    outer_config = []
    inner = RunnableLambda(len, name="inner")

    RunnableLambda(work, name="outer").invoke("x")

    assert tree() == [("outer", None), ("called", "outer"), ("inner", "called")]


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_retriever_gives_documents_with_ids_and_scores(spans, tree, is_async):
    found = asyncio.run(Store().ainvoke("capital")) if is_async else Store().invoke("capital")

    assert [one.id for one in found] == ["d1", None]
    assert tree() == [("Store", None), ("inside", "Store")]
    span = spans(ROW)[0]
    assert (span["span_type"], span["operation"]) == ("retriever", "retrieval")
    assert span["inputs"] == {"query": "capital"}
    assert span["attributes"]["gen_ai.retrieval.query.text"] == "capital"
    assert span["attributes"]["gen_ai.retrieval.documents"] == [
        {"id": "d1", "score": 0.9, "content": "Bern is the capital.", "metadata": {"score": 0.9}},
        {"id": "2", "score": 0.4, "content": "Geneva is not.", "metadata": {"doc_id": 2, "relevance_score": 0.4}},
    ]  # fmt: skip
    assert [one["content"] for one in span["outputs"]] == ["Bern is the capital.", "Geneva is not."]


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_tool_is_a_span_with_what_runs_inside_below_it(spans, tree, is_async):
    call = {"name": "weather", "args": {"city": "Bern"}, "id": "t1", "type": "tool_call"}

    told = asyncio.run(weather.ainvoke(call)) if is_async else weather.invoke(call)

    assert told == ToolMessage("sunny in Bern", name="weather", tool_call_id="t1")
    assert tree() == [("execute_tool weather", None), ("inside", "execute_tool weather")]
    span = spans(ROW)[0]
    assert (span["span_type"], span["operation"]) == ("tool", "execute_tool")
    assert (span["inputs"], span["outputs"]) == ({"city": "Bern"}, "sunny in Bern")
    assert span["attributes"]["gen_ai.tool.call.id"] == "t1"
    assert span["attributes"]["gen_ai.tool.description"] == "The weather in a city."


def test_a_failing_tool_is_an_error(spans):
    with pytest.raises(ValueError, match="no such city"):
        weather.invoke({"city": "Nowhere"})

    assert spans(ROW)[0]["status"] == "error"


def test_text_models_have_prompts_and_texts(spans):
    model = FakeListLLM(responses=["one", "two"])

    assert model.invoke("Say") == "one"
    assert model.batch(["a", "b"]) == ["two", "one"]

    found = spans(ROW)
    assert [span["outputs"] for span in found] == ["one", "two", "one"]
    assert [span["inputs"] for span in found] == [{"messages": [p]} for p in ("Say", "a", "b")]
    assert {(span["operation"], span["span_type"]) for span in found} == {
        ("text_completion", "llm")
    }
    assert {span["parent_span_id"] for span in found} == {None}


CALL = {"name": "weather", "args": {"city": "Bern"}, "id": "t1", "type": "tool_call"}


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
