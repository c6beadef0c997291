"""Whether the right tools were called with the right arguments; no model."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from genaiops.eval.case import Case, ToolCall, Verdict
from genaiops.eval.given import is_flag, require
from genaiops.eval.judges.base import check_judge, failed, passed
from genaiops.eval.judges.study import Studied

__all__ = ["ToolCallCorrectness"]

_Calls = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallCorrectness(Studied):
    """The tool calls of the answer are those that the row expects: yes or no.

    Expected are ``expected["tool_calls"]``, or ``expected`` itself: a list of
    ``{"name": ..., "arguments": {...}}`` or of OpenAI's tool calls. Called are the tool calls in
    the outputs; where these have none, those of the trace's tool spans.

    Attributes:
        mode: ``strict`` (the same calls in the same order), ``unordered``, ``subset`` (nothing
            beyond what is expected) or ``superset`` (all that is expected, more is no fault).
        arguments: Compares arguments too, not only names.
    """

    mode: Literal["strict", "unordered", "subset", "superset"] = "strict"
    arguments: bool = True
    name: str = "tool_call_correctness"
    needs: frozenset[str] = field(default=frozenset({"expected"}), init=False, repr=False)
    scale: tuple[float, float] = field(default=(0.0, 1.0), init=False, repr=False)

    def __post_init__(self) -> None:
        check_judge(self)
        require(
            self.mode in list(_MODES),
            "ToolCallCorrectness: mode",
            self.mode,
            f"one of {', '.join(_MODES)}",
        )
        given = self.arguments
        require(is_flag(given), "ToolCallCorrectness: arguments", given, "True or False")

    def score(self, case: Case) -> Verdict:
        """Yes or no, naming what is missing and what is too much."""
        expected = _found(case.expected)
        if expected is None:
            return failed("'expected' has no tool calls: give a list of {'name', 'arguments'}")
        said = _found(case.outputs)
        calls = said if said is not None else list(case.tool_calls or ())
        wanted, made = self._plain(expected), self._plain(calls)
        missing, extra = _without(wanted, made), _without(made, wanted)
        ok = _MODES[self.mode](wanted, made)
        parts = [f"missing: {_named(missing)}"] if missing else []
        parts += [f"not expected: {_named(extra)}"] if extra else []
        if not ok and not parts:
            parts.append(f"another order: {_named(made)}")
        return passed(ok, "; ".join(parts) or None)

    def _plain(self, calls: Sequence[ToolCall]) -> _Calls:
        return [
            (call.name, json.dumps(call.arguments, sort_keys=True) if self.arguments else "")
            for call in calls
        ]


_MODES: Mapping[str, Callable[[_Calls, _Calls], bool]] = {
    "strict": lambda wanted, made: wanted == made,
    "unordered": lambda wanted, made: sorted(wanted) == sorted(made),
    "subset": lambda wanted, made: not _without(made, wanted),
    "superset": lambda wanted, made: not _without(wanted, made),
}


def _without(calls: _Calls, others: _Calls) -> _Calls:
    """The calls that the others do not have, each of theirs counting once."""
    rest = list(others)
    left: _Calls = []
    for call in calls:
        if call in rest:
            rest.remove(call)
        else:
            left.append(call)
    return left


def _named(calls: _Calls) -> str:
    return ", ".join(f"{name}({arguments[:200]})" for name, arguments in calls)


def _found(value: object) -> list[ToolCall] | None:
    """The tool calls in a value, None when it has none."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        if "tool_calls" in fields:
            return _found(fields["tool_calls"] or [])
        return _found([fields]) if "name" in fields else None
    if not isinstance(value, list):
        return None
    calls: list[ToolCall] = []
    for item in cast("list[object]", value):
        if isinstance(item, str):
            calls.append(ToolCall(name=item, arguments={}))
            continue
        if not isinstance(item, Mapping):
            return None
        fields = cast("Mapping[str, Any]", item)
        fields = fields.get("function") or fields
        if not isinstance(fields.get("name"), str):
            return None
        calls.append(ToolCall(name=fields["name"], arguments=_arguments(fields)))
    return calls


def _arguments(fields: Mapping[str, Any]) -> Any:  # any JSON value
    given = fields.get("arguments", fields.get("args"))
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return given
    return {} if given is None else given
