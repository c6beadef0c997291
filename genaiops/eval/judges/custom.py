"""`@judge`: a plain function as a judge."""

import inspect
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, overload

from genaiops.errors import EvalError
from genaiops.eval.case import Case, Verdict
from genaiops.eval.given import is_scale, is_text, require
from genaiops.eval.judges.base import failed
from genaiops.eval.judges.made import label_numbers
from genaiops.eval.judges.study import Studied

__all__ = ["FunctionJudge", "judge"]

_FIELDS = (
    "inputs",
    "outputs",
    "contexts",
    "retrieved_ids",
    "expected",
    "relevant_ids",
    "tags",
    "row_id",
    "trace_id",
)
_ALWAYS_THERE = frozenset({"inputs", "tags", "row_id", "trace_id"})
_YES_NO = {"yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0, "pass": 1.0, "fail": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionJudge(Studied):
    """A function that judges; it can still be called as before.

    Attributes:
        parameters: Fields of a case that the function takes.
        needs: Those of them without a default.
        labels: Number of each text that it may return.
    """

    fn: Callable[..., Any]  # any function of the fields
    name: str
    parameters: tuple[str, ...]
    needs: frozenset[str]
    labels: Mapping[str, float]
    scale: tuple[float, float] | None = None
    higher_is_better: bool = True

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Calls the function."""
        return self.fn(*args, **kwargs)

    def score(self, case: Case) -> Verdict | Awaitable[Verdict]:
        """Calls the function with the fields it asks for."""
        said = self.fn(**{field: getattr(case, field) for field in self.parameters})
        if inspect.isawaitable(said):
            return self._later(said)
        return self._verdict(said)

    async def _later(self, said: Awaitable[Any]) -> Verdict:
        return self._verdict(await said)

    def _verdict(self, said: object) -> Verdict:  # whatever the function returned
        if isinstance(said, Verdict):
            return said
        if isinstance(said, str):
            number = self.labels.get(said.strip().casefold())
            if number is None:
                allowed = ", ".join(map(repr, self.labels))
                return failed(f"judge {self.name!r} returned {said[:100]!r}: return {allowed}")
            return Verdict(value=said, number=number)
        try:
            number = float(cast("float", said))
        except (TypeError, ValueError):
            kind = type(said).__name__
            return failed(
                f"judge {self.name!r} returned {kind}: return a bool, a number, text or a Verdict"
            )
        if not math.isfinite(number):
            return failed(f"judge {self.name!r} returned {number}: return a finite number")
        return Verdict(value=said if isinstance(said, bool) else number, number=number)


@overload
def judge(fn: Callable[..., Any], /) -> FunctionJudge: ...
@overload
def judge(
    *,
    name: str | None = None,
    values: Sequence[str] | Mapping[str, float] | None = None,
    scale: tuple[float, float] | None = None,
    higher_is_better: bool = True,
) -> Callable[[Callable[..., Any]], FunctionJudge]: ...
def judge(
    fn: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    values: Sequence[str] | Mapping[str, float] | None = None,
    scale: tuple[float, float] | None = None,
    higher_is_better: bool = True,
) -> FunctionJudge | Callable[[Callable[..., Any]], FunctionJudge]:
    """Makes a judge of a function, sync or async.

    The parameters say what it looks at: ``inputs outputs contexts retrieved_ids expected
    relevant_ids tags row_id trace_id``; those with a default may be missing in a row. It returns
    a bool, a finite number, a text (``yes`` or ``no``, or one of `values`) or a `Verdict`.

    Args:
        fn: The function, when used without parentheses.
        name: Name of the score, the function's name when omitted.
        values: Texts it may return, best first, or a dict of texts to numbers.
        scale: Smallest and largest number it can return, that of `values` when omitted; a number
            beyond it is an error of its row. Needed for the worst-case bounds of failures.
        higher_is_better: False where less is better, as for time; comparisons go by it.

    Raises: EvalError when a parameter is not a field.
    """
    right = scale is None or is_scale(scale)
    require(right, "scale of a judge", scale, "two numbers, the smaller first")
    require(name is None or is_text(name), "name of a judge", name, "text")

    def made(function: Callable[..., Any]) -> FunctionJudge:
        require(callable(function), "what @judge decorates", function, "a function")
        named = name or getattr(function, "__name__", type(function).__name__)
        parameters = inspect.signature(function).parameters
        for field in parameters:
            if field not in _FIELDS:
                raise EvalError(
                    f"judge {named!r} has a parameter {field!r}: use {', '.join(_FIELDS)}"
                )
        needs = frozenset(
            field
            for field, parameter in parameters.items()
            if parameter.default is inspect.Parameter.empty
        )
        labels = _YES_NO if values is None else label_numbers(named, values)
        return FunctionJudge(
            fn=function,
            name=named,
            parameters=tuple(parameters),
            needs=needs - _ALWAYS_THERE,
            labels={label.casefold(): number for label, number in labels.items()},
            scale=_range(labels) if scale is None and values is not None else scale,
            higher_is_better=higher_is_better,
        )

    return made if fn is None else made(fn)


def _range(labels: Mapping[str, float]) -> tuple[float, float]:
    return min(labels.values()), max(labels.values())
