"""Ending the span of a model call: `Span.end` for what gateways do most, a line encoded in one go."""

import time
from collections.abc import Mapping
from typing import Any, cast

from genaiops.model import semconv
from genaiops.tracing.capture import WITHHELD, encode
from genaiops.tracing.redact import suspicious
from genaiops.tracing.span import SINKS, Span, last_trace
from genaiops.tracing.trace_facts import open_facts

__all__ = ["end_call"]

_COLUMNS = semconv.COLUMN_OF_ATTRIBUTE.get
_LONG = 8_192
_LINE = (
    b'{"k":"span","trace_id":"%032x","span_id":"%016x",%b,"status":"ok",'
    b'"start_ns":%d,"end_ns":%d,"inputs":%b,"outputs":%b}\n'
)


def end_call(span: Span, attributes: Mapping[str, Any]) -> None:
    """Ends a span that is not current and that went well, with its attributes.

    Args:
        span: The span.
        attributes: Numbers, short texts and lists of them, each of the type that its name has in
            the conventions.
    """
    runtime = span.runtime
    if (
        span.details is not None
        or open_facts
        or SINKS
        or runtime.capture.masker.thorough
        or span.inputs is WITHHELD
        or span.outputs is WITHHELD
        or not _plain(attributes)
    ):
        span.set_attributes(attributes)
        span.end()
        return
    if span.end_ns:
        return
    span.end_ns = time.time_ns()
    named, settings = span.named, runtime.settings
    line: dict[str, Any] = {
        "name": named.text(runtime),
        "span_type": named.span_type,
        "service": settings.service,
        "experiment": settings.experiment,
    }
    every: dict[str, Any] = {**named.attributes, **attributes}
    for name, value in every.items():
        column = _COLUMNS(name)
        if column is not None:
            line[column] = value
    seconds = attributes.get(semconv.RESPONSE_TIME_TO_FIRST_CHUNK)
    if seconds is not None:
        line["ttft_ms"] = seconds * 1000
    line["attributes"] = every
    if span.parent_int:
        line["parent_span_id"] = f"{span.parent_int:016x}"
    if span.root is None:
        last_trace[0] = span.trace_int
    part = encode(line)[1:-1]
    runtime.append(
        "spans",
        _LINE
        % (
            span.trace_int, span.span_int, part, span.start_ns, span.end_ns, span.inputs,
            span.outputs,
        ),
    )  # fmt: skip


def _plain(attributes: Mapping[str, Any]) -> bool:
    """Whether they can be written as they stand: short, of plain types, and nothing secret."""
    texts: list[str] = []
    for value in attributes.values():
        kind = cast("type[object]", type(value))
        if kind is str:
            texts.append(value)
        elif kind is list:
            texts += value
        elif kind is not int and kind is not float and kind is not bool:
            return False
    try:
        text = "\n".join(texts).encode()
    except (TypeError, UnicodeEncodeError):
        return False
    return len(text) < _LONG and not suspicious(text)
