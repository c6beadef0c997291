"""Which rows and verdicts people should look at."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from genaiops.eval.labels import Labels
from genaiops.eval.score import RowResult, Score, share_of_scale

__all__ = ["doubtful", "worst_rows"]


def worst_rows(rows: Sequence[RowResult], scores: Mapping[str, Score], n: int) -> list[str]:
    """Ids of the n rows with the worst verdicts of all judges together; none that are perfect."""
    places: dict[str, list[float]] = {}
    for row in rows:
        share = share_of_scale(row, scores.get(row.judge))
        if share is not None:
            places.setdefault(row.row_id, []).append(share)
    means = {row_id: fmean(shares) for row_id, shares in places.items()}
    return [row_id for row_id in sorted(means, key=means.__getitem__) if means[row_id] < 1.0][:n]


def doubtful(
    rows: Sequence[RowResult], scores: Mapping[str, Score], labels: Labels | None
) -> list[RowResult]:
    """One verdict a row and judge, the most doubtful first; verdicts beyond doubt are left out."""
    said: dict[tuple[str, str], list[RowResult]] = {}
    for row in rows:
        if row.number is not None:
            said.setdefault((row.row_id, row.judge), []).append(row)
    ranked = [
        (_doubt(same, scores[judge].scale, labels), place, same[0])
        for place, ((_, judge), same) in enumerate(said.items())
    ]
    ranked.sort(key=lambda item: (*(-part for part in item[0]), item[1]))
    return [row for doubt, _, row in ranked if any(part > 0.0 for part in doubt)]


def _doubt(
    same: Sequence[RowResult], scale: tuple[float, float] | None, labels: Labels | None
) -> tuple[float, float, float]:
    """Distance from the label, spread of the repeats, nearness to the middle; each 0 to 1."""
    numbers = [row.number for row in same if row.number is not None]
    low, high = scale or (min(numbers), max(numbers))
    width = (high - low) or 1.0
    mean = sum(numbers) / len(numbers)
    first = same[0]
    label = None if labels is None else labels.of(first.judge, first.row_id, first.trace_id)
    wrong = 0.0 if label is None else abs(label - mean) / width
    spread = (max(numbers) - min(numbers)) / width
    middle = 0.0 if scale is None else 1.0 - abs(2.0 * (mean - low) / width - 1.0)
    return wrong, spread, middle if label is None else 0.0
