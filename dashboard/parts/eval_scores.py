"""Scores of one or several evaluations, placed on a common scale, and how far they differ."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

import genaiops
from dashboard.parts.cells import Tone
from dashboard.parts.text import count, counted, usd
from genaiops.errors import EvalError
from genaiops.query import store
from genaiops.query.evals import EvalRun, EvalScore

__all__ = ["changes", "run_names", "score_rows"]

_WORDS: Mapping[str, Tone] = {"better": "green", "worse": "red", "same": "gray", "unclear": "gray"}
Changes = Mapping[str, "genaiops.Change"]


def run_names(runs: Sequence[EvalRun]) -> list[str]:
    """Names that tell runs apart: those that several have get the beginning of the id."""
    plain = [" ".join(run.name.split())[:60] or run.run_id[:8] for run in runs]
    return [
        name if plain.count(name) == 1 else f"{name} {run.run_id[:6]}"
        for name, run in zip(plain, runs, strict=True)
    ]


def changes(runs: Sequence[EvalRun]) -> list[Changes]:
    """How each run differs from the first by judge; nothing where they judged no row in common."""
    stamp = tuple((run.run_id, sum(score.n for score in run.scores)) for run in runs)
    return [{}, *(_change(store.uri(), stamp[0], other) for other in stamp[1:])]


@st.cache_data(max_entries=64, show_spinner=False)
def _change(_uri: str, base: tuple[str, int], other: tuple[str, int]) -> Changes:
    """Kept as long as neither run got further verdicts."""
    try:
        return dict(genaiops.load_result(other[0]).compare(genaiops.load_result(base[0])))
    except EvalError:  # no row in common: there is nothing to say of a difference
        return {}


def score_rows(runs: Sequence[EvalRun], found: Sequence[Changes]) -> list[dict[str, Any]]:
    """Each score with its interval in every run, and its difference to the first."""
    by_run = [{item.name: item for item in run.scores} for run in runs]
    rows: list[dict[str, Any]] = []
    for name in dict.fromkeys(name for table in by_run for name in table):
        sides = [table.get(name) for table in by_run]
        low, high = _scale([item for item in sides if item is not None])
        rows.append(
            {
                "name": name,
                "note": _note([item for item in sides if item is not None]),
                "sides": [_side(item, low, high) for item in sides],
                "diffs": [_difference(one.get(name)) for one in found],
            }
        )
    return rows


def _scale(items: Sequence[EvalScore]) -> tuple[float, float]:
    """From 0 to 1 where everything fits, else around the values."""
    edges = [
        edge for item in items for edge in (item.low, item.estimate, item.high) if edge is not None
    ]
    low, high = min(edges, default=0.0), max(edges, default=1.0)
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    room = (high - low or abs(high) or 1.0) * 0.1
    return low - room, high + room


def _note(items: Sequence[EvalScore]) -> str:
    last = items[-1]
    parts = [f"{counted(last.n, 'verdict')}"]
    if last.n_failed:
        parts.append(f"{count(last.n_failed)} failed")
    if last.cost_usd:
        parts.append(usd(last.cost_usd))
    return " · ".join(parts)


def _side(item: EvalScore | None, low: float, high: float) -> dict[str, Any] | None:
    if item is None or item.estimate is None:
        return None

    def place(number: float | None) -> float | None:
        return None if number is None else min(1.0, max(0.0, (number - low) / (high - low)))

    known = item.low is not None and item.high is not None
    return {
        "value": place(item.estimate),
        "low": place(item.low),
        "high": place(item.high),
        "text": f"{item.estimate:.3f}",
        "range": f"{item.low:.3f} – {item.high:.3f}" if known else "",
    }


def _difference(change: "genaiops.Change | None") -> dict[str, str] | None:
    """What the comparison of the two runs says: the paired difference, its interval, a word."""
    if change is None:
        return None
    known = change.low is not None and change.high is not None
    return {
        "text": f"{change.estimate:+.3f}",
        "range": f"{change.low:+.3f} to {change.high:+.3f}" if known else "",
        "word": change.verdict,
        "tone": _WORDS[change.verdict],
        "note": f"{change.wins} rows better, {change.losses} worse, {change.ties} the same; "
        f"{change.method}" + ("" if change.p_holm is None else f"; p {change.p_holm:.3g}"),
    }
