"""LangChain autolog with the real package: chains, models, retrievers, tools, threads, errors."""

import asyncio

import pytest
from langchain_core.language_models import FakeListLLM
from langchain_core.messages.tool import ToolMessage
from langchain_core.outputs import Generation, LLMResult
from langchain_core.runnables import RunnableLambda, RunnableParallel

import genaiops
from tests.tracing.autolog.langchain_parts import (
    CHAIN,
    ROW,
    Model,
    Store,
    chain,
    recording,
    weather,
)


@pytest.fixture(autouse=True)
def autologged(caplog):
    with recording(caplog):
        yield


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


@pytest.mark.parametrize("key", ["usage", "token_usage"])
def test_several_prompts_of_one_request_count_its_tokens_once(spans, key):
    class Texts(FakeListLLM):
        def _generate(self, prompts, stop=None, run_manager=None, **kwargs):
            answers = [[Generation(text="one")], [Generation(text="two")]]
            used = {"prompt_tokens": 7, "completion_tokens": 3}
            return LLMResult(generations=answers, llm_output={key: used})

    Texts(responses=["-"]).generate(["a", "b"])

    counted = [(one["input_tokens"], one["output_tokens"]) for one in spans(ROW)]
    assert sorted(counted, key=str) == [(7, 3), (None, None)]
