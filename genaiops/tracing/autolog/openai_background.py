"""Responses that run in the background: their usage counts once, whoever reads it first."""

import threading
from collections import OrderedDict
from typing import Any

from opentelemetry.trace import SpanContext

from genaiops.tracing.autolog.openai_shape import Table
from genaiops.tracing.span import Span

__all__ = ["counts_usage", "link_to_start", "remember_start"]

_KNOWN = 10_000
_started: OrderedDict[str, SpanContext] = OrderedDict()
_counted: OrderedDict[str, None] = OrderedDict()
_lock = threading.RLock()  # a dropped stream may end in the midst of another call


def remember_start(span: Span, body: Table) -> None:
    """Notes which span asked for a response in the background."""
    if body.get("background") and isinstance(body.get("id"), str):
        with _lock:
            _keep(_started, body["id"], span.get_span_context())
            if body.get("usage"):  # a stream that was followed to its end
                _keep(_counted, body["id"], None)


def link_to_start(span: Span, body: Table) -> None:
    """Links a span that looks up a response to the one that asked for it."""
    with _lock:
        context = _started.get(str(body.get("id")))
    if context is not None:
        span.add_link(context)


def counts_usage(body: Table) -> bool:
    """Whether this look-up is the first to see the usage of a background response."""
    found = body.get("id")
    if not (body.get("background") and body.get("usage") and isinstance(found, str)):
        return False
    with _lock:
        if found in _counted:
            return False
        _keep(_counted, found, None)
    return True


def _keep(table: OrderedDict[str, Any], key: str, value: Any) -> None:  # any value
    table[key] = value
    if len(table) > _KNOWN:
        table.popitem(last=False)
