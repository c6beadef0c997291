"""What must be said beside a table of scores, so that nobody takes it for more than it is."""

from collections.abc import Mapping, Sequence

from genaiops.eval.doubt import worst_rows
from genaiops.eval.labels import Labels
from genaiops.eval.opinions import differing
from genaiops.eval.score import RowResult, Score
from genaiops.eval.stopping import Ending
from genaiops.eval.table import cells, number, one_line

__all__ = ["notes"]

_SHOWN = 3  # failures that are shown with their reason


def notes(
    scores: Mapping[str, Score],
    rows: Sequence[RowResult],
    *,
    labels: Labels | None,
    ending: Ending | None,
    n_lost: int,
) -> list[str]:
    """Sentences about failures, whom a score is about, what to look at, what was lost.

    Each is one line.
    """
    found = [
        f"{score.name}: {score.n_failed} of {score.n} rows failed; counted as worst and best the "
        f"interval is {cells(score.worst_low, score.worst_high)}"
        for score in scores.values()
        if score.worst_low is not None
    ]
    failures = [row for row in rows if row.error is not None]
    found += [
        f"row {one_line(row.row_id)}, {row.judge}: {one_line(row.error or '')}"
        for row in failures[:_SHOWN]
    ]
    if len(failures) > _SHOWN:
        found.append(f"and {len(failures) - _SHOWN} more in result.failures()")
    found += [said for score in scores.values() if (said := _about(score))]
    found += differing(rows)
    if worst := worst_rows(rows, scores, _SHOWN):
        named = ", ".join(one_line(row_id) for row_id in worst)
        found.append(f"look first at {named}; more in result.worst()")
    if labels is not None and labels.unknown:
        found.append(f"{labels.unknown} labels are for rows that are not there")
    if (
        labels is not None
        and labels.stored
        and not any(score.n_labels for score in scores.values())
    ):
        found.append("labels='human': nobody has said anything about the traces of these rows")
    if ending is not None and ending.reason is not None:
        found.append(f"stopped early: {ending.reason}")
    if n_lost:
        found.append(f"{n_lost} lines could not be written to the store")
    return found


def _about(score: Score) -> str | None:
    """What the interval is about, where it may be mistaken for something else."""
    if score.about == "judge":
        return (
            f"{score.name}: agreement with the judge {score.model}, not with people; give labels= "
            "of some random rows to correct it"
        )
    if score.about == "code":
        return None
    gain = score.label_gain or 1.0
    worth = f"a label is worth {gain:.2f} with the judge" if gain > 1.0 else "the judge is not used"
    return (
        f"{score.name}: what people say, from {score.n_labels} labels; {worth} (phi "
        f"{number(score.phi)}, kappa {number(score.kappa)}, the judge alone {number(score.raw)})"
    )
