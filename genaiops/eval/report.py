"""What an evaluation found: scores with intervals, rows, comparison with another run, a gate."""

import json
from collections.abc import Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from genaiops.errors import EvalError, NotFoundError
from genaiops.eval.compare import Comparison, compare_rows
from genaiops.eval.doubt import doubtful
from genaiops.eval.flat import frame
from genaiops.eval.gate import Gate, condition_of, gate_on
from genaiops.eval.given import CONFIDENCE, is_confidence, is_text, is_whole, require
from genaiops.eval.html import Page, stored_run, write_page
from genaiops.eval.labels import Labels, kept_labels, labels_about
from genaiops.eval.notes import notes
from genaiops.eval.planning import PowerTable, power_table
from genaiops.eval.score import RowResult, Score, by_row, place_of, score_of
from genaiops.eval.stats.agreement import Agreement, agreement_of
from genaiops.eval.stopping import Ending, handing_out
from genaiops.eval.stored import answers_of, stored_cases, stored_rows
from genaiops.eval.table import cells, money, number, table
from genaiops.query import evals
from genaiops.runs import get_run

__all__ = ["JUDGES_TAG", "STOP_TAG", "EvalResult", "load_result", "result_of"]

JUDGES_TAG = "eval.judges"
"""Tag of a run: its judges as JSON, with what is needed to compute their scores again."""
STOP_TAG = "eval.stop"
"""Tag of a run that could stop early: seed and reason as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalResult:
    """What an evaluation found.

    ``result["groundedness"]`` is a `Score`; ``print(result)`` shows all of them.

    Attributes:
        rows: What each judge said, in the order of the data, then of the judges.
        n_lost: Lines that could not be written to the store.
        n_absent: Rows of the data that a stored run has nothing of: it was killed, is still under
            way, or could not write.
        labels: What people said, None without labels.
        ending: How an evaluation with `stop=` ended; its intervals and comparisons hold wherever
            that was.
    """

    run_id: str
    scores: Mapping[str, Score]
    rows: Sequence[RowResult]
    confidence: float = 0.95
    n_lost: int = 0
    n_absent: int = 0
    labels: Labels | None = None
    ending: Ending | None = None

    def __getitem__(self, name: str) -> Score:
        if name not in self.scores:
            raise NotFoundError(f"there is no score {name!r}: use one of {', '.join(self.scores)}")
        return self.scores[name]

    def failures(self) -> list[RowResult]:
        """What could not be judged, each with its error."""
        return [row for row in self.rows if row.error is not None]

    def worst(self, n: int = 10) -> list[RowResult]:
        """The verdicts with the worst place on their scale, failures left out.

        Raises: EvalError for an `n` below 1.
        """
        _check_n(n)
        judged = [row for row in self.rows if row.number is not None]
        return sorted(judged, key=lambda row: place_of(row, self.scores[row.judge]))[:n]

    def outputs(self) -> dict[str, Any]:
        """The answers by row id, of repeats the first. Raises StoreError."""
        return answers_of(self.run_id, self.rows)

    def to_df(self) -> Any:  # pandas is optional, so its type cannot be named
        """One line for each verdict, as a pandas DataFrame. Raises EvalError without pandas."""
        return frame(self.rows)

    def compare(self, other: "EvalResult | str", margin: float = 0.0) -> Comparison:
        """This run minus the other, judge by judge, on the rows that both judged.

        Args:
            other: A result, or the id of a run.
            margin: Difference that does not matter: within it the verdict is ``same``.

        Raises: EvalError when nothing was judged in both; NotFoundError for an unknown run.
        """
        second = _result("other", other)
        ending = self.ending or second.ending
        return compare_rows(
            _by_judge(self.rows),
            _by_judge(second.rows),
            run_ids=(self.run_id, second.run_id),
            margin=margin,
            confidence=self.confidence,
            stop_seed=None if ending is None else ending.seed,
            scales={name: score.scale for name, score in self.scores.items()},
            falling=_falling(self.scores),
        )

    def with_labels(self, labels: object) -> "EvalResult":
        """The same verdicts, corrected by what people say; nothing is written or paid.

        Args:
            labels: As for `evaluate`, of rows picked at random (`to_label`).

        Raises: EvalError when a label cannot be read, or the evaluation could stop early.
        """
        if self.ending is not None:
            raise EvalError("an evaluation with stop= cannot be corrected by labels: run it whole")
        scales = {name: score.scale for name, score in self.scores.items()}
        made = result_of(
            self.run_id,
            self.rows,
            scales=scales,
            models={name: score.model for name, score in self.scores.items()},
            confidence=self.confidence,
            n_lost=self.n_lost,
            labels=labels_about(labels, scales, self.rows),
            falling=_falling(self.scores),
        )
        return replace(made, n_absent=self.n_absent)

    def agreement(self, name: str) -> Agreement:
        """How far a judge agrees with the labels that this result has.

        Raises: NotFoundError for an unknown score, EvalError without labels for it.
        """
        score, labels = self[name], self.labels
        rows = [row for row in self.rows if row.judge == name]
        people = {} if labels is None else labels.numbers(name, rows)
        numbers, _ = by_row(rows)
        both = [(label, n) for row, label in people.items() if (n := numbers[row]) is not None]
        if not both:
            raise EvalError(f"no row has a label and a verdict of {name!r}: give labels=")
        said, judged = zip(*both, strict=True)
        return agreement_of(said, judged, scale=score.scale, confidence=self.confidence)

    def to_label(self, n: int = 30, *, seed: int = 0) -> list[str]:
        """Ids of n random rows without a label, for people to judge; then `with_labels`.

        The correction needs rows picked at random; `disagreements` picks the telling ones.

        Raises: EvalError for an `n` below 1.
        """
        _check_n(n)
        waiting = {row.row_id for row in self.rows}
        if self.labels is not None:
            for name in self.scores:
                waiting.difference_update(self.labels.numbers(name, self.rows))
        return sorted(waiting, key=lambda row_id: handing_out(row_id, None, seed))[:n]

    def disagreements(self, n: int = 10) -> list[RowResult]:
        """The verdicts that are most worth a look by people, the most doubtful first.

        First those that a label contradicts, then by how much the repeats of one row differ, then
        by how near a number is to the middle of its scale. They show what a judge gets wrong;
        because they are picked, they must not be used as `labels`.

        Raises: EvalError for an `n` below 1.
        """
        _check_n(n)
        return doubtful(self.rows, self.scores, self.labels)[:n]

    def power(
        self,
        detect: float,
        *,
        other: "EvalResult | str | None" = None,
        correlation: float = 0.5,
        power: float = 0.8,
    ) -> PowerTable:
        """How surely a comparison over these rows would show a difference, by score.

        Args:
            detect: The true difference.
            other: A run to take the rows' correlation from; else `correlation` is assumed.
            correlation: Of a row's numbers in the two runs, below 1.
            power: The wanted chance of showing it, for the number of rows.

        Raises: EvalError for numbers out of range, NotFoundError for an unknown run.
        """
        second = None if other is None else _result("other", other)
        return power_table(
            _by_judge(self.rows),
            None if second is None else _by_judge(second.rows),
            detect=detect,
            correlation=correlation,
            power=power,
            confidence=self.confidence,
        )

    def gate(self, condition: str) -> Gate:
        """Whether a bound of a score holds: ``"groundedness >= 0.8"`` tests the lower one.

        Where more than 1 % of the rows failed, they count as the worst (`Score.lower`).

        Returns: A `Gate`, true or false, that prints its reason.
        Raises: EvalError when the condition cannot be read, NotFoundError for an unknown score.
        """
        return gate_on(self[condition_of(condition)[0]], condition)

    def html(
        self,
        path: str | Path,
        *,
        against: "EvalResult | str | None" = None,
        dashboard: str | None = None,
    ) -> Path:
        """Writes one HTML file with scores, intervals and every row with its verdicts.

        Args:
            path: Where to; the file needs nothing beside it.
            against: A run to compare with: the file then names the rows that got worse.
            dashboard: Address of the dashboard, for links to traces.

        Raises: EvalError when the file cannot be written, or nothing was judged in both runs;
            NotFoundError for an unknown run.
        """
        complete = all(row.case is not None for row in self.rows)
        shown = Page(
            run_id=self.run_id,
            confidence=self.confidence,
            scores=self.scores,
            rows=self.rows,
            notes=self._notes(),
            cases={} if complete else stored_cases(self.run_id),
            run=stored_run(self.run_id),
            comparison=None if against is None else self.compare(against),
            dashboard=dashboard,
        )
        return write_page(path, shown)

    def __str__(self) -> str:
        head = (
            "score",
            "estimate",
            f"{100 * self.confidence:g}% interval",
            "n",
            "failed",
            "cost USD",
        )
        lines = [
            (
                score.name,
                number(score.estimate),
                cells(score.low, score.high),
                str(score.n),
                str(score.n_failed),
                money(score.cost_usd),
                score.method,
            )
            for score in self.scores.values()
        ]
        return "\n".join([table((*head, "method"), lines), *self._notes(), f"run {self.run_id}"])

    def _notes(self) -> list[str]:
        found = notes(
            self.scores, self.rows, labels=self.labels, ending=self.ending, n_lost=self.n_lost
        )
        if self.n_absent:
            found.append(
                f"{self.n_absent} rows of the data are not in the store: the run has not ended, or "
                "could not write"
            )
        return found


def result_of(  # noqa: PLR0913  what a result is made of
    run_id: str,
    rows: Sequence[RowResult],
    *,
    scales: Mapping[str, tuple[float, float] | None],
    models: Mapping[str, str | None],
    confidence: float,
    n_lost: int = 0,
    labels: Labels | None = None,
    ending: Ending | None = None,
    falling: AbstractSet[str] = frozenset(),
) -> EvalResult:
    """The result made of row results; scores stand in the order of the judges.

    `falling` names the scores that are the better the lower.
    """
    scores = {
        name: replace(
            score_of(
                name,
                found,
                scale=scales.get(name),
                confidence=confidence,
                model=models.get(name),
                labels=None if labels is None else labels.numbers(name, found),
                stop_seed=None if ending is None else ending.seed,
            ),
            higher_is_better=name not in falling,
        )
        for name, found in _by_judge(rows).items()
    }
    return EvalResult(
        run_id=run_id,
        scores=scores,
        rows=rows,
        confidence=confidence,
        n_lost=n_lost,
        labels=labels,
        ending=ending,
    )


def load_result(run_id: str, *, confidence: float = 0.95, labels: object = None) -> EvalResult:
    """The result of a run that is in the store; its rows have no `case`.

    Args:
        run_id: The id, or the beginning of it.
        confidence: Of the intervals.
        labels: What people say, as for `evaluate`; None for the labels that the run was given.

    Raises: NotFoundError for an unknown run, EvalError for one that judged nothing, StoreError.
    """
    require(is_text(run_id), "run_id", run_id, "the id of a run")
    require(is_confidence(confidence), "confidence", confidence, CONFIDENCE)
    found = evals.get(run_id).run_id
    rows = stored_rows(found)
    if not rows:
        raise EvalError(f"run {found!r} judged nothing: name a run made by evaluate()")
    data = get_run(found).data
    tags = data.tags
    known: dict[str, Any] = json.loads(tags.get(JUDGES_TAG, "{}"))
    stop: dict[str, Any] = json.loads(tags.get(STOP_TAG, "{}"))
    scales = {name: (0.0, 1.0) for name in {row.judge for row in rows}}
    scales |= {name: _pair(facts.get("scale")) for name, facts in known.items()}
    models = {name: facts.get("model") for name, facts in known.items()}
    order = list(known)
    rows.sort(key=lambda row: order.index(row.judge) if row.judge in order else len(order))
    made = result_of(
        found,
        rows,
        scales=scales,
        models=models,
        confidence=confidence,
        labels=kept_labels(found) if labels is None else labels_about(labels, scales, rows),
        ending=Ending(**stop) if stop else None,
        falling={name for name, facts in known.items() if not facts.get("higher_is_better", True)},
    )
    return replace(made, n_absent=_absent(made, data.params.get("rows")))


def _result(name: str, given: object) -> EvalResult:
    """A result, or that of a run id. Raises EvalError for anything else, NotFoundError."""
    if is_text(given):
        return load_result(str(given))
    if not isinstance(given, EvalResult):
        raise EvalError(f"{name} is {given!r}: use a result of evaluate(), or the id of its run")
    return given


def _absent(result: EvalResult, rows: object) -> int:
    """Rows that the run was to judge and nothing is there of; none where it could stop early."""
    if result.ending is not None or not str(rows).isdecimal():
        return 0
    return max(0, int(str(rows)) - len({row.row_id for row in result.rows}))


def _check_n(n: object) -> None:
    require(is_whole(n), "n", n, "a whole number of at least 1")


def _falling(scores: Mapping[str, Score]) -> set[str]:
    return {name for name, score in scores.items() if not score.higher_is_better}


def _pair(scale: Sequence[float] | None) -> tuple[float, float] | None:
    return None if scale is None else (scale[0], scale[1])


def _by_judge(rows: Sequence[RowResult]) -> dict[str, list[RowResult]]:
    found: dict[str, list[RowResult]] = {}
    for row in rows:
        found.setdefault(row.judge, []).append(row)
    return found
