"""Which span is current, and which run and experiment spans belong to.

The current span lives in OpenTelemetry's own context variable, so spans of other libraries nest
under ours and ours under theirs. The variable is read directly where OpenTelemetry keeps it in
one, since its public functions cost half a microsecond a span.
"""

from contextvars import ContextVar
from typing import Any, cast

from opentelemetry import context as otel_context
from opentelemetry.context.context import Context
from opentelemetry.trace import INVALID_SPAN, Span, get_current_span, set_span_in_context

__all__ = [
    "SPAN_KEY",
    "Context",
    "active_experiment",
    "active_run",
    "active_training",
    "get_context",
    "set_context",
    "with_span",
]

active_run: ContextVar[str | None] = ContextVar("genaiops_run", default=None)
"""The run that spans are stamped with."""
active_experiment: ContextVar[str | None] = ContextVar("genaiops_experiment", default=None)
"""The experiment that spans are stamped with; None is that of the settings."""
active_training: ContextVar[object] = ContextVar("genaiops_training", default=None)
"""The training that is being recorded: trainings inside it are a part of it."""

SPAN_KEY = next(iter(set_span_in_context(INVALID_SPAN, Context())))
"""The key of the current span in an OpenTelemetry context."""


def _variable() -> ContextVar[Context] | None:
    runtime = getattr(otel_context, "_RUNTIME_CONTEXT", None)
    variable = getattr(runtime, "_current_context", None)
    return cast("ContextVar[Context]", variable) if isinstance(variable, ContextVar) else None


def _attach(context: Context) -> None:
    """For another runtime context than the usual one: its public functions."""
    otel_context.attach(context)


_found = _variable()
get_context = otel_context.get_current if _found is None else _found.get
set_context: Any = _attach if _found is None else _found.set  # returns None or a token


def with_span(context: Context, span: object) -> Context:
    """The context with this span as the current one.

    A plain dict reads and copies like OpenTelemetry's `Context`, and costs half.
    """
    made: Any = {**context, SPAN_KEY: span}
    return made


def otel_span() -> Span:
    """The current span of whichever library, OpenTelemetry's invalid one outside a trace."""
    return get_current_span()
