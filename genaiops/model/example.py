"""A row of data that is evaluated, and the calls of tools in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Row", "ToolCall"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call of a tool that an answer made, or should make."""

    name: str
    arguments: Any = None  # any JSON value


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the data, normalised.

    Attributes:
        row_id: The column ``id``, or a hash of the inputs, so that two runs pair by themselves.
        index: Place in the data, from 0.
        inputs: Usually a dict of keyword arguments; plain text became ``{"question": text}``.
        relevant_ids: Id and gain of each document that should be found.
        trace_id: Trace that the row was made from; its verdicts go there.
        raw: The row as it was given, for ``cluster=``.
    """

    row_id: str
    index: int
    inputs: Any  # any JSON value
    outputs: Any = None  # any JSON value
    contexts: tuple[str, ...] | None = None
    retrieved_ids: tuple[str, ...] | None = None
    expected: Any = None  # any JSON value
    relevant_ids: Mapping[str, float] | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    trace_id: str | None = None
    tool_calls: tuple[ToolCall, ...] | None = None
    duration_ms: float | None = None
    cost_usd: float | None = None
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any])
