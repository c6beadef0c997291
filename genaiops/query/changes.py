"""What became different lately: models that were not called before, scores that fell."""

from collections.abc import Sequence
from dataclasses import dataclass

from genaiops.query.evals import EvalRun, EvalScore, read_runs
from genaiops.query.judges import falling_of
from genaiops.store import current_store
from genaiops.store.base import Reader

__all__ = ["NewModel", "Regression", "new_models", "regressions"]

_RUNS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class NewModel:
    """A model that was called for the first time."""

    model: str
    provider: str | None
    first_ns: int
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """A score that is worse than in the evaluation before.

    Attributes:
        by: How much worse, in the unit of the score; positive.
        is_sure: The two intervals have nothing in common.
    """

    judge: str
    before: EvalRun
    after: EvalRun
    old: EvalScore
    new: EvalScore
    by: float
    is_sure: bool


def new_models(*, since_ns: int, limit: int = 10) -> list[NewModel]:
    """Models first called then or later, newest first; none where no call is older than that.

    Raises: StoreError.
    """
    with current_store().read() as reader:
        rows = reader.query(
            """
            WITH called AS (
              SELECT
                coalesce(request_model, response_model) AS model, any_value(provider) AS provider,
                min(start_ns) AS first_ns, count(*) AS calls
              FROM spans
              WHERE span_type IN ('llm', 'embedding')
              GROUP BY 1)
            SELECT model, provider, first_ns, calls
            FROM called
            WHERE model IS NOT NULL AND first_ns >= $since
            AND (SELECT min(first_ns) FROM called) < $since
            ORDER BY first_ns DESC
            LIMIT $limit
            """,
            {"since": since_ns, "limit": limit},
        ).dicts()
    return [NewModel(**row) for row in rows]


def regressions(*, since_ns: int, limit: int = 5) -> list[Regression]:
    """Scores of evaluations since then that are worse than in the one before, the surest first.

    The one before is the newest older evaluation of the same experiment with the same judge.

    Raises: StoreError.
    """
    with current_store().read() as reader:
        ids = [
            row[0]
            for row in reader.query(
                f"""
                SELECT r.run_id
                FROM runs AS r
                WHERE r.status = 'FINISHED' AND r.run_id IN (SELECT run_id FROM eval_rows)
                ORDER BY r.start_ns DESC
                LIMIT {_RUNS}
                """
            ).rows
        ]
        found = read_runs(reader, ids)
        ordered = [found[run_id] for run_id in ids if run_id in found]
        worse = _worse(reader, ordered, since_ns)
    return sorted(worse, key=lambda item: (not item.is_sure, -_size(item)))[:limit]


def _worse(reader: Reader, runs: Sequence[EvalRun], since_ns: int) -> list[Regression]:
    """Every score of the newer runs that is worse than before."""
    found: list[Regression] = []
    seen: set[tuple[str, str]] = set()
    for place, after in enumerate(runs):
        if after.start_ns < since_ns:
            break
        falling: set[str] | None = None
        for new in after.scores:
            if (after.experiment, new.name) in seen:
                continue
            seen.add((after.experiment, new.name))
            there = _before(runs[place + 1 :], after.experiment, new.name)
            if there is None or there[1].estimate is None or new.estimate is None:
                continue
            falling = falling_of(reader, after.run_id) if falling is None else falling
            before, old = there
            change = new.estimate - there[1].estimate
            by = change if new.name in falling else -change
            if by > 0:
                sure = _apart(old, new)
                found.append(
                    Regression(judge=new.name, before=before, after=after, old=old, new=new, by=by, is_sure=sure)
                )  # fmt: skip
    return found


def _before(runs: Sequence[EvalRun], experiment: str, judge: str) -> tuple[EvalRun, EvalScore] | None:  # fmt: skip
    for run in runs:
        if run.experiment == experiment:
            for score in run.scores:
                if score.name == judge:
                    return run, score
    return None


def _apart(old: EvalScore, new: EvalScore) -> bool:
    """Whether the intervals have nothing in common; unknown ones never do."""
    if old.low is None or old.high is None or new.low is None or new.high is None:
        return False
    return new.high < old.low or new.low > old.high


def _size(item: Regression) -> float:
    """The fall beside the score it fell from, so that scales can be compared."""
    scale = max(abs(item.old.estimate or 0.0), abs(item.new.estimate or 0.0)) or 1.0
    return item.by / scale
