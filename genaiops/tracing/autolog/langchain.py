"""Recording of LangChain and LangGraph by a callback handler that LangChain adds everywhere itself.

Chains, graphs and their nodes, chat models, text models, tools, retrievers and agents; plain,
batched, streamed and async.
"""

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from genaiops.model import semconv
from genaiops.tracing import diagnostics
from genaiops.tracing.autolog import langchain_shape as shape
from genaiops.tracing.autolog.content import records_content, slim
from genaiops.tracing.autolog.langchain_inside import follow
from genaiops.tracing.autolog.langchain_prompts import keeping, mark, ref_of
from genaiops.tracing.autolog.langchain_runs import LangChainRun, Runs
from genaiops.tracing.autolog.patching import Patches
from genaiops.tracing.record import Named
from genaiops.tracing.span import Span

if TYPE_CHECKING:
    from langchain_core.callbacks.base import BaseCallbackHandler

__all__ = ["autolog"]

_patches = Patches(
    "langchain", package="langchain_core", distribution="langchain-core", oldest="1.0.0"
)
_runs = Runs()
_HIDDEN = "langsmith:hidden"
_TAGS = "genaiops.tags"
_GRAPH = "LangGraph"


def autolog(*, disable: bool = False) -> None:
    """Records every run of LangChain and LangGraph.

    Args:
        disable: LangChain gets no handler of ours any more.
    """
    _patches.switch(_change, disable=disable)


def _change() -> None:
    from langchain_core.load.serializable import Serializable

    _register()
    _patches.replace(Serializable, "__init__", keeping)
    follow(_patches, _runs)


@functools.cache
def _register() -> None:
    """Tells LangChain of our handler, once in a process; while we are off it gets none."""
    from langchain_core.tracers.context import register_configure_hook

    switch: Any = _Switch(_handler())
    register_configure_hook(switch, inheritable=True)


class _Switch:
    """Stands for the context variable that LangChain asks: the same in every context and thread."""

    def __init__(self, handler: "BaseCallbackHandler") -> None:
        self._handler = handler

    def get(self) -> "BaseCallbackHandler | None":
        """The handler while autolog is on."""
        return self._handler if _patches.on else None


def _safely(method: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(method)
    def safe(*args: Any, **kwargs: Any) -> None:
        try:
            method(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  tracing never breaks the application
            diagnostics.note("recording a LangChain run", error)

    return safe


def _begin(
    named: Named,
    *,
    run_id: UUID,
    parent_run_id: UUID | None = None,
    tags: Sequence[str] | None = None,
    metadata: dict[str, Any] | None = None,
    **_: Any,
) -> LangChainRun | None:
    """The run of a callback; None when it is not recorded."""
    if not _patches.on:
        return None
    if _HIDDEN in (tags or ()):
        _runs.hide(run_id, parent_run_id)
        return None
    run = _runs.begin(run_id, parent_run_id, named)
    if run.span is not None:
        run.span.set_attributes(shape.conversation(metadata))
        shown = [tag for tag in tags or () if not tag.startswith(("seq:step", "map:key", "graph:"))]
        if shown:
            run.span.set_attribute(_TAGS, shown)
        node = (metadata or {}).get("langgraph_node")
        if node is not None:
            run.span.set_attribute("langgraph.node", node)
    return run


def _span(run: LangChainRun | None) -> Span | None:
    """The span of a run whose content may be recorded."""
    span = None if run is None else run.span
    return span if span is not None and records_content(span) else None


def _handler() -> "BaseCallbackHandler":
    """Our handler; its class is made here since LangChain is imported only for who uses it."""
    from langchain_core.callbacks.base import BaseCallbackHandler

    return cast("Any", type("GenaiopsHandler", (_Events, BaseCallbackHandler), {}))()


class _Events:
    """What LangChain tells a handler, each by its own name and arguments."""

    run_inline = True  # in the task of the run, whose context it sets

    @_safely
    def on_chain_start(self, serialized: Any, inputs: Any, **told: Any) -> None:
        """A chain, a graph or one of its nodes begins."""
        name = shape.name_of_run(serialized, told.get("name"))
        metadata: dict[str, Any] = told.get("metadata") or {}
        kind = "chain"
        if name == _GRAPH:
            kind = "workflow"
        elif name.lower().endswith(("agent", "agentexecutor")) and (
            metadata.get("langgraph_node") != name  # a graph's node that works as one
        ):
            kind = "agent"
        attributes = {"gen_ai.agent.name": name} if kind == "agent" else None
        run = _begin(Named(name, kind, attributes), **told)
        if run is not None:
            run.prompt = ref_of(metadata, inputs)
        span = _span(run)
        if span is not None:
            span.set_inputs(inputs)

    @_safely
    def on_chain_end(self, outputs: Any, *, run_id: UUID, **told: Any) -> None:
        """A chain has ended; only now are the inputs of a streamed one known."""
        run = _runs.pop(run_id)
        span = _span(run)
        if span is not None:
            if told.get("inputs") is not None:
                span.set_inputs(told["inputs"])
            span.set_outputs(outputs)
        if run is not None:
            if run.prompt is not None:
                mark(outputs, run.prompt)
            run.end()

    @_safely
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """A chain has failed, or its stream was given up."""
        run = _runs.pop(run_id)
        if run is not None:
            run.end(error)

    on_tool_error = on_retriever_error = on_chain_error

    @_safely
    def on_tool_start(self, serialized: Any, input_str: str, **told: Any) -> None:
        """A tool begins."""
        table = cast("dict[str, Any]", serialized or {})
        name = shape.name_of_run(serialized, told.get("name"))
        attributes = {"gen_ai.tool.name": name, "gen_ai.tool.description": table.get("description")}
        attributes |= {
            "gen_ai.tool.call.id": told.get("tool_call_id"),
            "gen_ai.tool.type": "function",
        }
        given = {key: value for key, value in attributes.items() if value is not None}
        span = _span(_begin(Named(f"execute_tool {name}", "tool", given), **told))
        if span is not None:
            inputs = told.get("inputs")
            span.set_inputs(input_str if inputs is None else inputs)

    @_safely
    def on_tool_end(self, output: Any, *, run_id: UUID, **_: Any) -> None:
        """A tool has ended; it may have told its failure as a message."""
        run = _runs.pop(run_id)
        if run is None:
            return
        span = _span(run)
        if span is not None:
            span.set_outputs(getattr(output, "content", output))
        if run.span is not None and getattr(output, "status", None) == "error":
            run.span.set_status("error", str(getattr(output, "content", "")))
            run.span.set_attribute(semconv.ERROR_TYPE, "tool_error")
        run.end()

    @_safely
    def on_retriever_start(self, serialized: Any, query: str, **told: Any) -> None:
        """A retriever begins."""
        run = _begin(
            Named(shape.name_of_run(serialized, told.get("name")), "retriever", None), **told
        )
        if run is None:
            return
        span = _span(run)
        if span is not None:
            span.set_inputs({"query": query})
            if span.runtime.capture.mode == "full":
                span.set_attribute(semconv.RETRIEVAL_QUERY, query)
        run.enter()

    @_safely
    def on_retriever_end(self, documents: Any, *, run_id: UUID, **_: Any) -> None:
        """A retriever has ended."""
        run = _runs.pop(run_id)
        if run is None:
            return
        if run.span is not None:
            content = records_content(run.span) and run.span.runtime.capture.mode == "full"
            found = shape.documents(documents, content=content)
            run.span.set_attribute(semconv.RETRIEVAL_DOCUMENTS, found)
            if _span(run) is not None:
                run.span.set_outputs(shape.documents(documents, content=True))
        run.end()

    @_safely
    def on_chat_model_start(self, serialized: Any, messages: Any, **told: Any) -> None:
        """A chat model is asked."""
        asked: list[Any] = messages[0] if messages else []
        self._model(serialized, "chat", asked, **told)

    @_safely
    def on_llm_start(self, serialized: Any, prompts: Any, **told: Any) -> None:
        """A text model is asked; LangChain tells of each prompt by itself."""
        self._model(serialized, "text_completion", list(prompts), **told)

    def _model(self, serialized: Any, operation: str, asked: Sequence[Any], **told: Any) -> None:
        attributes = {semconv.OPERATION_NAME: operation} | shape.request_attributes(
            told.get("invocation_params"), told.get("metadata")
        )
        model = attributes.get(semconv.REQUEST_MODEL) or shape.name_of_run(
            serialized, told.get("name")
        )
        run = _begin(Named(f"{operation} {model}", "llm", attributes), **told)
        if run is None:
            return
        if run.span is not None:
            run.span.link_prompt(shape.plain_messages(asked))
        span = _span(run)
        if span is not None:
            given = {"messages": slim(shape.plain_messages(asked))}
            parameters: dict[str, Any] = told.get("invocation_params") or {}
            tools = parameters.get("tools")
            span.set_inputs(given | ({"tools": tools} if tools else {}))
            if span.runtime.capture.mode == "full":
                span.set_attribute(semconv.INPUT_MESSAGES, slim(shape.turns(asked)))
        if told.get("batch_size", 1) == 1:  # else the first is, while all are asked at once
            run.enter()

    @_safely
    def on_llm_new_token(self, token: Any, *, run_id: UUID, **told: Any) -> None:
        """A piece of a streamed answer: what comes next is handed to the application."""
        run = _runs.get(run_id)
        if run is not None:
            run.leave()
            message = getattr(told.get("chunk"), "message", None)
            if token or getattr(message, "tool_call_chunks", None):
                run.first_content()

    @_safely
    def on_stream_event(self, event: Any, *, run_id: UUID, **_: Any) -> None:
        """The same in LangChain's newer protocol."""
        run = _runs.get(run_id)
        if run is not None:
            run.leave()
            if event.get("event") == "content-block-delta":
                run.first_content()

    @_safely
    def on_llm_end(self, response: Any, *, run_id: UUID, **_: Any) -> None:
        """A model has answered."""
        run = _runs.pop(run_id)
        if run is not None:
            _answered(run, response)
            run.end()

    @_safely
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **told: Any) -> None:
        """A model has failed, or its stream was given up; a part of the answer may be there."""
        run = _runs.pop(run_id)
        if run is None:
            return
        if getattr(told.get("response"), "generations", None):
            _answered(run, told["response"])
        run.end(error)

    @_safely
    def on_agent_action(self, action: Any, *, run_id: UUID, **_: Any) -> None:
        """An agent of the older kind calls a tool."""
        run = _runs.get(run_id)
        if run is not None and run.span is not None:
            run.span.add_event("agent.action", {"gen_ai.tool.name": action.tool})

    @_safely
    def on_retry(self, retry_state: Any, *, run_id: UUID, **_: Any) -> None:
        """LangChain tries again."""
        run = _runs.get(run_id)
        if run is not None and run.span is not None:
            run.span.add_event("retry", {"attempt": retry_state.attempt_number})


def _answered(run: LangChainRun, response: Any) -> None:  # an LLMResult
    span = run.span
    if span is None:
        return
    span.set_attributes(shape.response_attributes(response))
    if not records_content(span):
        return
    answers, turns = shape.said(response)
    span.set_outputs(answers[0] if len(answers) == 1 else answers)
    if span.runtime.capture.mode == "full":
        span.set_attribute(semconv.OUTPUT_MESSAGES, turns)
