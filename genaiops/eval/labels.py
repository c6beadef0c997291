"""What people say about rows: from what the user has to numbers by judge and row."""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from genaiops.errors import EvalError
from genaiops.eval.case import Row
from genaiops.eval.judges.base import Judge
from genaiops.eval.score import RowResult
from genaiops.model.assessment import Assessment
from genaiops.runs.rows import read_records
from genaiops.store import current_store, events

__all__ = [
    "HUMAN",
    "Labels",
    "kept_labels",
    "label_lines",
    "label_number",
    "labels_about",
    "labels_for",
    "labels_of",
]

HUMAN = "human"
"""``labels="human"`` takes what people said about the rows' traces from the store."""
Scales = Mapping[str, tuple[float, float] | None]
_SOURCE = "labels"
"""Source of the labels given to an evaluation, in the view ``assessments``."""
_WORDS = {"yes": 1.0, "true": 1.0, "pass": 1.0, "no": 0.0, "false": 0.0, "fail": 0.0}
_Said = dict[tuple[str, str], list[float]]  # (judge, row or trace) -> numbers of several people


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Numbers of people; several about one thing count with their mean.

    Attributes:
        by_row: (judge, row id) -> number.
        by_trace: (judge, trace id) -> number, for rows that have none of their own.
        unknown: Labels for rows that are not there.
        stored: They are what the store has of all traces, not given by the user.
    """

    by_row: Mapping[tuple[str, str], float]
    by_trace: Mapping[tuple[str, str], float]
    unknown: int = 0
    stored: bool = False

    def __len__(self) -> int:
        return len(self.by_row) + len(self.by_trace)

    def of(self, judge: str, row_id: str, trace_id: str | None) -> float | None:
        """The label of one row for one judge, None when there is none."""
        found = self.by_row.get((judge, row_id))
        if found is None and trace_id is not None:
            found = self.by_trace.get((judge, trace_id))
        return found

    def among(
        self, row_ids: AbstractSet[str], trace_ids: AbstractSet[str] | None = None
    ) -> "Labels":
        """Those of these rows and traces, with the others counted; None leaves traces alone."""
        by_row = {key: number for key, number in self.by_row.items() if key[1] in row_ids}
        by_trace = {
            key: number
            for key, number in self.by_trace.items()
            if trace_ids is None or key[1] in trace_ids
        }
        foreign = 0 if self.stored else len(self) - len(by_row) - len(by_trace)
        return replace(self, by_row=by_row, by_trace=by_trace, unknown=self.unknown + foreign)

    def about(self, rows: Iterable[RowResult]) -> "Labels":
        """Those of the rows and traces of results, with the others counted."""
        pairs = {(row.row_id, row.trace_id) for row in rows}
        return self.among({row_id for row_id, _ in pairs}, {trace for _, trace in pairs if trace})

    def numbers(self, judge: str, rows: Iterable[RowResult]) -> dict[str, float]:
        """The label by row id; the repeats of a row count with the mean of theirs."""
        found: dict[str, list[float]] = {}
        for row in rows:
            number = self.of(judge, row.row_id, row.trace_id)
            if number is not None:
                found.setdefault(row.row_id, []).append(number)
        return {row_id: math.fsum(numbers) / len(numbers) for row_id, numbers in found.items()}


def labels_of(
    given: object, scales: Scales, words: Mapping[str, Mapping[str, float]] | None = None
) -> Labels:
    """Reads labels; those for other judges are left out.

    Args:
        given: ``{row_id: {judge: value}}``; rows with ``id`` (or ``trace_id``), ``judge`` and
            ``value``; the path of such rows; assessments; or ``"human"`` for stored ones.
        scales: Smallest and largest number by judge.
        words: Number of each text that a judge can say, by judge.

    Raises: EvalError when something cannot be read, or no label is for a judge.
    """
    rows: _Said = {}
    traces: _Said = {}
    others: set[str] = set()
    for place, (row_id, trace_id, judge, value) in enumerate(_items(given), start=1):
        if judge not in scales:
            others.add(judge)
        elif value is not None:
            where = f"label {place} ({judge!r} of {row_id or trace_id!r})"
            number = label_number(value, where, scales[judge], (words or {}).get(judge, {}))
            said, key = (rows, row_id) if row_id is not None else (traces, trace_id)
            said.setdefault((judge, str(key)), []).append(number)
    if not _stored_wanted(given) and not rows and not traces:
        named = f", but for {', '.join(sorted(others))}" if others else ""
        raise EvalError(f"no label is for one of the judges {', '.join(scales)}{named}")
    return Labels(by_row=_means(rows), by_trace=_means(traces), stored=_stored_wanted(given))


def labels_for(given: object, judges: Sequence[Judge], rows: Sequence[Row]) -> Labels:
    """Labels of rows that are there, for judges of this evaluation; others are left out.

    Raises: EvalError when something cannot be read, or nothing is left.
    """
    words: dict[str, Mapping[str, float]] = {}
    for judge in judges:
        known: object = getattr(judge, "labels", None)
        if isinstance(known, Mapping):
            words[judge.name] = cast("Mapping[str, float]", known)
    found = labels_of(given, {judge.name: judge.scale for judge in judges}, words)
    kept = found.among({row.row_id for row in rows})
    _check_kept(found, kept)
    return kept


def labels_about(given: object, scales: Scales, rows: Sequence[RowResult]) -> Labels:
    """Labels for results that are there; others are left out and counted.

    Raises: EvalError when something cannot be read, or nothing is left.
    """
    found = labels_of(given, scales)
    kept = found.about(rows)
    _check_kept(found, kept)
    return kept


def _check_kept(found: Labels, kept: Labels) -> None:
    if kept.unknown and not len(kept):
        kind, keys = ("row", found.by_row) if found.by_row else ("trace", found.by_trace)
        _, first = next(iter(keys))
        raise EvalError(f"no label is for a row of the data: the first names {kind} {first!r}")


def label_lines(
    labels: Labels, run_id: str, traces: Mapping[str, str | None], judges: Iterable[str]
) -> bytes:
    """Lines for the journal: the labels of a run's rows beside the verdicts, as words of people on their traces.

    Args:
        labels: What people said.
        run_id: The run.
        traces: Trace of each row by row id.
        judges: Names of the judges.
    """
    lines = b""
    for judge in judges:
        for row_id, trace_id in traces.items():
            number = labels.of(judge, row_id, trace_id)
            if number is not None:
                name = hashlib.sha256(f"{run_id}/{row_id}/{judge}/label".encode())
                said = {"kind": "feedback", "source_type": "human", "source_id": _SOURCE}
                lines += events.encode(
                    "assessment",
                    id=name.hexdigest()[:32],
                    trace_id=trace_id,
                    run_id=run_id,
                    key=judge,
                    data=said | {"value": number, "number": number},
                )
    return lines


def kept_labels(run_id: str) -> Labels | None:
    """The labels that were given to a run, None when there were none. Raises StoreError."""
    with current_store().read() as reader:
        rows = reader.query(
            """
            SELECT name, trace_id, number
            FROM assessments
            WHERE run_id = ? AND source_type = 'human' AND source_id = ? AND number IS NOT NULL
            """,
            [run_id, _SOURCE],
        ).rows
    found = {(judge, trace_id): number for judge, trace_id, number in rows}
    return Labels(by_row={}, by_trace=found) if found else None


def label_number(
    value: object,
    where: str,
    scale: tuple[float, float] | None,
    words: Mapping[str, float],
) -> float:
    """A label as a number. Raises EvalError when it is none, or not on the scale."""
    known = {word.casefold(): number for word, number in words.items()} or _WORDS
    if isinstance(value, str):
        text = value.strip()
        found = known.get(text.casefold(), _number(text))
        if found is None:
            raise EvalError(f"{where} is {text[:100]!r}: use a number or {', '.join(known)}")
        number = found
    elif isinstance(value, bool | int | float):
        number = float(value)
    elif callable(scalar := getattr(value, "item", None)):  # a number of numpy
        return label_number(scalar(), where, scale, words)
    else:
        raise EvalError(f"{where} is {type(value).__name__}: use a bool, a number or text")
    low, high = scale or (float("-inf"), float("inf"))
    if not math.isfinite(number) or not low <= number <= high:
        raise EvalError(f"{where} is {number:g}: use a number from {low:g} to {high:g}")
    return number


def _items(given: object) -> Iterable[tuple[str | None, str | None, str, object]]:
    """(row id, trace id, judge, value) of each label."""
    if _stored_wanted(given):
        yield from _stored()
        return
    if isinstance(given, Mapping):
        for row_id, said in cast("Mapping[object, object]", given).items():
            if not isinstance(said, Mapping):
                raise EvalError(f"labels of row {row_id!r} are {said!r}: write {{judge: value}}")
            for judge, value in cast("Mapping[object, object]", said).items():
                yield str(row_id), None, str(judge), value
        return
    framed = hasattr(given, "columns") or hasattr(given, "to_pylist")
    records = read_records(given) if framed or isinstance(given, str | Path) else given
    if not isinstance(records, Sequence) or isinstance(records, bytes):
        raise EvalError(
            f"labels are {type(given).__name__}: give {{row_id: {{judge: value}}}}, rows with id, "
            "judge and value, their path, or 'human'"
        )
    for place, record in enumerate(cast("Sequence[object]", records), start=1):
        yield _item(record, place)


def _stored_wanted(given: object) -> bool:
    return isinstance(given, str) and given == HUMAN


def _item(record: object, place: int) -> tuple[str | None, str | None, str, object]:
    if isinstance(record, Assessment):
        return None, record.trace_id, record.name, record.value
    fields = cast("Mapping[str, Any]", record if isinstance(record, Mapping) else {})
    row_id, trace_id = fields.get("id", fields.get("row_id")), fields.get("trace_id")
    if (row_id is None and trace_id is None) or "judge" not in fields or "value" not in fields:
        raise EvalError(f"label {place} is {record!r}: it needs id (or trace_id), judge and value")
    text = None if row_id is None else str(row_id)
    return text, trace_id, str(fields["judge"]), fields["value"]


def _stored() -> Iterable[tuple[None, str, str, object]]:
    """The newest word of each person about each trace."""
    with current_store().read() as reader:
        rows = reader.query(
            """
            SELECT trace_id, name, arg_max(value, created_ns) AS value
            FROM assessments
            WHERE source_type = 'human' AND kind = 'feedback' AND superseded_by IS NULL
            AND span_id IS NULL AND trace_id IS NOT NULL AND source_id IS DISTINCT FROM 'labels'
            GROUP BY trace_id, name, source_id
            """
        ).dicts()
    for row in rows:
        yield None, row["trace_id"], row["name"], row["value"]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _means(said: _Said) -> dict[tuple[str, str], float]:
    return {key: sum(numbers) / len(numbers) for key, numbers in said.items()}
