"""`judge.agreement(labels)` and `judge.align(labels)`."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from genaiops.errors import EvalError
from genaiops.eval.case import Row
from genaiops.eval.given import is_whole, require
from genaiops.eval.judges.base import Judge
from genaiops.eval.judges.cut import cut_at
from genaiops.eval.judges.made import MadeJudge
from genaiops.eval.judges.rubric import places
from genaiops.eval.judges.study import Alignment, Study
from genaiops.eval.labels import label_number
from genaiops.eval.loop import evaluate
from genaiops.eval.score import by_row
from genaiops.eval.stats.agreement import Agreement, agreement_of
from genaiops.runs.rows import load_rows, read_records

__all__ = ["Judged", "study"]

FEWEST = 20
"""Labelled rows below which neither half says anything."""
_SHOWN = ("inputs", "outputs", "contexts", "expected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A labelled row and what the judge says about it."""

    row: Row
    label: float
    number: float


class _Study:
    """The `Study` of this package."""

    def agreement(self, judge: Judge, labels: object, *, judge_model: str | None) -> Agreement:
        """Judges labelled rows and compares."""
        return _alike(_judged(judge, _labelled(judge, labels), judge_model), judge)

    def align(
        self, judge: Judge, labels: object, *, judge_model: str | None, shots: int, seed: int
    ) -> Alignment:
        """Aligns on one part of labelled rows and reports on the other."""
        require(is_whole(shots, least=0), "shots", shots, "a whole number of at least 0")
        require(is_whole(seed, least=0), "seed", seed, "a whole number of at least 0")
        rows = _labelled(judge, labels)
        if len(rows) < FEWEST:
            raise EvalError(f"{len(rows)} labelled rows are too few to align: give {FEWEST}")
        train, held_out = _split(rows, seed)
        seen = _judged(judge, train, judge_model)
        best, changed = judge, list[str]()
        if isinstance(judge, MadeJudge) and shots > 0:
            examples = _telling(seen, judge, shots)
            rest = [item for item in seen if item.row.row_id not in examples]
            taught = replace(judge, few_shot=(*judge.few_shot, *examples.values()))
            again = _judged(taught, [(item.row, item.label) for item in rest], judge_model)
            if _worth(_alike(again, taught)) > _worth(_alike(rest, judge)):
                best, seen = taught, again
                changed.append(f"{len(examples)} examples")
        cut = _best_cut(seen, best)
        before = _alike(_judged(judge, held_out, judge_model), judge)
        if cut is not None:
            best = cut_at(best, cut)
            changed.append(f"yes from {cut:.3g}")
        after = before
        if changed:
            after = _alike(_judged(best, held_out, judge_model), best)
        return Alignment(
            judge=best, before=before, after=after, changed=tuple(changed), n_train=len(train)
        )


study: Study = _Study()
"""What `genaiops.eval` connects with the judges."""


def _labelled(judge: Judge, labels: object) -> list[tuple[Row, float]]:
    """Rows and what people say about them."""
    records = read_records(labels)
    said = [record.get("label") for record in records]
    plain = [{key: record[key] for key in record if key != "label"} for record in records]
    words: Mapping[str, float] = judge.labels if isinstance(judge, MadeJudge) else {}
    # A cut judge says yes or no about a number's scale, so a label may lie on either.
    return [
        (row, label_number(value, f"label of row {row.index + 1}", judge.scale, words))
        for row, value in zip(load_rows(plain), said, strict=True)
    ]


def _judged(
    judge: Judge, rows: Sequence[tuple[Row, float]], judge_model: str | None
) -> list[Judged]:
    """The rows that the judge could say something about. Raises EvalError when there are none."""
    result = evaluate(
        [_record(row) for row, _ in rows],
        judges=[judge],
        judge_model=judge_model,
        name=f"agreement of {judge.name}",
    )
    numbers, _ = by_row(result.rows)
    found = [
        Judged(row=row, label=label, number=number)
        for row, label in rows
        if (number := numbers[row.row_id]) is not None
    ]
    if not found:
        failures = result.failures()
        raise EvalError(f"{judge.name} could judge none of {len(rows)} rows: {failures[0].error}")
    return found


def _record(row: Row) -> dict[str, Any]:
    fields = ("inputs", "outputs", "contexts", "retrieved_ids", "expected", "relevant_ids")
    known = {name: getattr(row, name) for name in fields if getattr(row, name) is not None}
    return {**known, "id": row.row_id, "tags": dict(row.tags)}


def _alike(items: Sequence[Judged], judge: Judge) -> Agreement:
    people, judged = [item.label for item in items], [item.number for item in items]
    return agreement_of(people, judged, scale=judge.scale)


def _split(
    rows: Sequence[tuple[Row, float]], seed: int
) -> tuple[list[tuple[Row, float]], list[tuple[Row, float]]]:
    """Every other row of each label, in an order that has nothing to do with the rows."""

    def place(item: tuple[Row, float]) -> tuple[float, str]:
        return item[1], hashlib.sha256(f"{seed}/{item[0].row_id}".encode()).hexdigest()

    mixed = sorted(rows, key=place)
    return mixed[::2], mixed[1::2]


def _telling(items: Sequence[Judged], judge: MadeJudge, shots: int) -> dict[str, dict[str, Any]]:
    """Examples by row id: where the judge is most wrong first, the labels in turn."""
    wrong = sorted(items, key=lambda item: -abs(item.label - item.number))
    by_label: dict[float, list[Judged]] = {}
    for item in wrong:
        by_label.setdefault(item.label, []).append(item)
    queues = list(by_label.values())
    turns = [queue[turn] for turn in range(len(wrong)) for queue in queues if turn < len(queue)]
    shown = [name for name in places(judge.instructions) if name in _SHOWN] or list(_SHOWN[:2])
    return {
        item.row.row_id: {
            **{name: getattr(item.row, name) for name in shown},
            "verdict": _word(judge, item.label),
        }
        for item in turns[:shots]
    }


def _word(judge: MadeJudge, number: float) -> str | float:
    if not judge.labels:
        return number
    return min(judge.labels, key=lambda label: abs(judge.labels[label] - number))


def _worth(found: Agreement) -> float:
    """What is compared to choose: kappa where it is defined, else minus the squared error."""
    return -found.brier if found.kappa is None else found.kappa


def _best_cut(items: Sequence[Judged], judge: Judge) -> float | None:
    """Where the judge's number splits people's yes from no best; None where no cut is needed."""
    ends = judge.scale or (0.0, 1.0)
    numbers = sorted({item.number for item in items})
    if not {item.label for item in items} <= set(ends) or set(numbers) <= set(ends):
        return None
    cuts = [(a + b) / 2.0 for a, b in pairwise(numbers)]
    people, judged = [item.label for item in items], [item.number for item in items]

    def balanced(cut: float) -> float:
        found = agreement_of(people, judged, scale=judge.scale, threshold=cut)
        return found.balanced_accuracy or 0.0

    return max(cuts, key=balanced, default=None)
