"""Reading `stop=`: a condition, a half-width, or a run to be told apart from."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import cast

from genaiops.errors import EvalError
from genaiops.eval.case import Row
from genaiops.eval.gate import condition_of
from genaiops.eval.given import is_number
from genaiops.eval.report import EvalResult, load_result
from genaiops.eval.score import by_row
from genaiops.eval.stopping import Rule, Stopper, handing_out

__all__ = ["handed_out", "stopper_of"]


def stopper_of(
    stop: object,
    rows: Sequence[Row],
    clusters: Sequence[Hashable] | None,
    scales: Mapping[str, tuple[float, float] | None],
    *,
    confidence: float,
    seed: int,
    repeats: int,
) -> Stopper | None:
    """What decides when an evaluation may end; None where it goes through all rows.

    Raises: EvalError when `stop` cannot be read, or a judge has no scale; NotFoundError for an
        unknown run.
    """
    if stop is None:
        return None
    known: dict[str, tuple[float, float]] = {}
    for name, scale in scales.items():
        if scale is None:
            raise EvalError(
                f"stop= needs to know how far judge {name!r} can go: give it a scale, as in "
                "@genaiops.judge(scale=(0, 1))"
            )
        known[name] = scale
    groups = clusters or [None] * len(rows)
    order = sorted(
        ((row.row_id, group) for row, group in zip(rows, groups, strict=True)),
        key=lambda item: handing_out(item[0], item[1], seed),
    )
    return Stopper(
        _rule(stop, known),
        order,
        known,
        confidence=confidence,
        seed=seed,
        repeats=repeats,
    )


def handed_out(
    rows: Sequence[Row], repeats: int, stopper: Stopper | None
) -> Iterator[tuple[Row, int]]:
    """Rows and repeats in the order of the data; with a stopper in its order, until it says so."""
    by_id = {row.row_id: row for row in rows}
    order = rows if stopper is None else [by_id[row_id] for row_id, _ in stopper.order]
    for row in order:
        if stopper is not None and stopper.reason is not None:
            return
        for repeat in range(repeats):
            yield row, repeat


def _rule(stop: object, scales: Mapping[str, tuple[float, float]]) -> Rule:
    if isinstance(stop, EvalResult):
        return _versus(stop, scales)
    if isinstance(stop, int | float) and is_number(stop, above=0.0):
        return Rule(text=f"intervals within ± {stop:g}", half_width=float(stop))
    if isinstance(stop, str) and not any(sign in stop for sign in "<>"):
        return _versus(load_result(stop), scales)
    given = cast("Sequence[object]", stop if isinstance(stop, list | tuple) else [stop])
    texts = [text for text in given if isinstance(text, str)]
    if texts and len(texts) == len(given):
        read = [condition_of(text) for text in texts]
        for name, _, _ in read:
            if name not in scales:
                raise EvalError(f"stop= names {name!r}: use one of {', '.join(scales)}")
        return Rule(
            text=", ".join(texts),
            conditions=tuple((name, limit) for name, _, limit in read),
        )
    raise EvalError(
        f"stop is {stop!r}: use a condition such as 'groundedness >= 0.8', a half-width such as "
        "0.05, or a result or run id to compare with"
    )


def _versus(other: EvalResult, scales: Mapping[str, tuple[float, float]]) -> Rule:
    said: dict[str, dict[str, float]] = {}
    for name in scales:
        numbers, _ = by_row([row for row in other.rows if row.judge == name])
        known = {row_id: number for row_id, number in numbers.items() if number is not None}
        if known:
            said[name] = known
    if not said:
        raise EvalError(f"stop= names run {other.run_id!r}, which has none of the judges")
    return Rule(text=f"compared with run {other.run_id}", others=said)
