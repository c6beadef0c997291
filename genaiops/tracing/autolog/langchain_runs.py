"""The spans of LangChain runs: who is whose child, and what is current while a run is at work.

LangChain says which run began in which; what the application does inside a run (functions of ours,
calls of a provider's SDK) finds the run's span as the current one. The context is set where
LangChain copies it to run something, and for models and retrievers, which are not run in a copy,
from their start to their first piece or end: never across a ``yield``.
"""

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from genaiops.model import semconv
from genaiops.model.prompt import PromptRef
from genaiops.tracing.begin import begin
from genaiops.tracing.context import Context, get_context, set_context, with_span
from genaiops.tracing.record import Named
from genaiops.tracing.span import Span
from genaiops.tracing.ticker import remember

__all__ = ["LangChainRun", "Runs"]

MOST = 10_000
"""Runs that are open at once; the oldest are given up as abandoned."""
_MARK = "genaiops-langchain"


class LangChainRun:
    """One open run.

    Attributes:
        span: None when the run is not recorded; its children are those of its parent.
        above: The run it began in.
        context: What is current inside.
        prompt: The registry's prompt that the run renders.
    """

    __slots__ = ("above", "before", "context", "first_ns", "prompt", "span")

    def __init__(
        self, span: Span | None, context: Context, above: "LangChainRun | None" = None
    ) -> None:
        self.span = span
        self.above = above
        self.context = context
        self.before: Context | None = None
        self.first_ns = 0
        self.prompt: PromptRef | None = None

    def enter(self) -> None:
        """Makes the run current in the calling context, until `leave`."""
        self.before = get_context()
        set_context(self.context)

    def leave(self) -> None:
        """Makes current what was before, where the run still is."""
        if self.before is not None and get_context() is self.context:
            set_context(self.before)
        self.before = None

    def first_content(self) -> None:
        """The first content has come."""
        if not self.first_ns:
            self.first_ns = time.time_ns()

    def end(self, error: BaseException | None = None) -> None:
        """Ends the span."""
        self.leave()
        span = self.span
        if span is None:
            return
        if self.first_ns:
            waited = (self.first_ns - span.start_ns) / 1e9
            span.set_attribute(semconv.RESPONSE_TIME_TO_FIRST_CHUNK, waited)
        if error is not None:
            span.note_failure(error)
            if any(kind.__name__ == "GraphBubbleUp" for kind in type(error).__mro__):
                span.set_status("unset")  # LangGraph hands over or waits for a human
                span.set_attribute(semconv.STREAM_FINISH, "interrupted")
        span.end()


class Runs:
    """The open runs by their ids."""

    def __init__(self) -> None:
        self._open: dict[UUID, LangChainRun] = {}

    def begin(self, run_id: UUID, parent_id: UUID | None, named: Named) -> LangChainRun:
        """A new run with its span."""
        context = self._context_of(parent_id)
        span = begin(named, context)
        inside = context if span is None else with_span(context, span)
        run = LangChainRun(None, inside, _innermost(context))
        if isinstance(span, Span):
            run.span = span
            run.context = _marked(inside, run)
            remember(span)
        return self._keep(run_id, run)

    def hide(self, run_id: UUID, parent_id: UUID | None) -> None:
        """A run that is not recorded."""
        context = self._context_of(parent_id)
        self._keep(run_id, LangChainRun(None, context, _innermost(context)))

    def get(self, run_id: UUID | None) -> LangChainRun | None:
        """An open run."""
        return None if run_id is None else self._open.get(run_id)

    def pop(self, run_id: UUID) -> LangChainRun | None:
        """A run that is about to end."""
        return self._open.pop(run_id, None)

    def _keep(self, run_id: UUID, run: LangChainRun) -> LangChainRun:
        while len(self._open) >= MOST:
            oldest = self._open.pop(next(iter(self._open)), None)
            if oldest is not None and oldest.span is not None:
                oldest.span.set_attribute(semconv.STREAM_FINISH, "abandoned")
                oldest.span.set_status("unset")
                oldest.end()
        self._open[run_id] = run
        return run

    def _context_of(self, parent_id: UUID | None) -> Context:
        """The context a new run begins in.

        That of the caller when it lies inside the parent run, as a function of ours between two runs
        does, or a run that its caller left out; otherwise that of the parent run, as in a thread
        that LangChain started.
        """
        here = get_context()
        parent = self.get(parent_id)
        if parent is None:
            return here
        while parent.span is None and parent.above is not None:
            parent = parent.above
        run = _innermost(here)
        while run is not None:
            if run is parent:
                return here
            run = run.above
        return parent.context


def _innermost(context: Context) -> LangChainRun | None:
    run = context.get(_MARK)
    return run if isinstance(run, LangChainRun) else None


def _marked(context: Mapping[str, Any], run: LangChainRun) -> Context:
    made: Any = {**context, _MARK: run}
    return made
