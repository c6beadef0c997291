"""Two evaluations side by side: scores, rows that got better or worse, one row in full."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard.parts.cells import Chip, Column, Row, Tone
from dashboard.parts.text import count, one_line, preview, score, usd
from dashboard.parts.urls import link, param
from dashboard.parts.views import chat, diff, head, note, table
from genaiops.prompts.worddiff import diff_words
from genaiops.query.evals import EvalRun, EvalScore, Pair, RowResult, Tally, Verdict

__all__ = ["compare_rows", "outcome_filter", "pair_panel", "score_rows"]

_OUTCOMES = {"Regressed": "loss", "Improved": "win", "Same": "tie", "Unknown": "unknown"}
_TONES: Mapping[str, Tone] = {"win": "green", "loss": "red", "tie": "gray", "unknown": "orange"}
_WORDS = {"win": "better", "loss": "worse", "tie": "same", "unknown": "unknown"}


def score_rows(a: EvalRun, b: EvalRun | None, tallies: Sequence[Tally]) -> list[dict[str, Any]]:
    """Each score with its interval in one or two runs, placed on a common scale."""
    first = {item.name: item for item in a.scores}
    second = {item.name: item for item in b.scores} if b is not None else {}
    by_judge = {tally.judge: tally for tally in tallies}
    rows: list[dict[str, Any]] = []
    for name in dict.fromkeys([*first, *second]):
        pair = (first.get(name), second.get(name))
        low, high = _scale([item for item in pair if item is not None])
        rows.append(
            {
                "name": name,
                "note": _note(pair[-1] or pair[0]),
                "a": _side(pair[0], low, high),
                "b": _side(pair[1], low, high),
                "diff": _difference(pair, by_judge.get(name)),
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


def _note(item: EvalScore | None) -> str:
    if item is None:
        return ""
    parts = [f"{count(item.n)} verdicts"]
    if item.n_failed:
        parts.append(f"{count(item.n_failed)} failed")
    if item.cost_usd:
        parts.append(usd(item.cost_usd))
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
        "range": f"{item.low:.2f} – {item.high:.2f}" if known else "",
    }


def _difference(
    pair: tuple[EvalScore | None, EvalScore | None], tally: Tally | None
) -> dict[str, str] | None:
    """The difference of the estimates; coloured only where the intervals do not touch."""
    a, b = pair
    if a is None or b is None or a.estimate is None or b.estimate is None:
        return None
    tone = "gray"
    if a.high is not None and b.low is not None and b.low > a.high:
        tone = "green"
    elif a.low is not None and b.high is not None and b.high < a.low:
        tone = "red"
    note = (
        f"{tally.win} better · {tally.loss} worse · {tally.tie} same" if tally is not None else ""
    )
    return {"text": f"{b.estimate - a.estimate:+.3f}", "tone": tone, "note": note}


def outcome_filter(pairs: Sequence[Pair], judge: str) -> list[Pair]:
    """The rows of the chosen outcome, the widest differences first."""
    only = st.segmented_control(
        "Rows",
        list(_OUTCOMES),
        key="only",
        bind="query-params",
        help="How the second run does on a row against the first, by the score chosen above.",
    )
    kept = [
        pair for pair in pairs if not only or pair.outcomes.get(judge, "unknown") == _OUTCOMES[only]
    ]
    return sorted(kept, key=lambda pair: (pair.deltas.get(judge, 0.0), pair.row_id))


def compare_rows(pairs: Sequence[Pair], names: tuple[str, str], judge: str) -> None:
    """The table of rows."""
    columns = (
        Column(key="in", label="Row", kind="pair"),
        Column(key="a", label=names[0], width="17%", kind="chips"),
        Column(key="b", label=names[1], width="17%", kind="chips"),
        Column(key="change", label="Change", width="112px", kind="chips"),
    )
    shown = param("row") or (pairs[0].row_id if pairs else "")
    table(
        columns,
        [_pair_row(pair, judge) for pair in pairs[:500]],
        key="pairs",
        selected=shown,
        empty="No row is like that.",
    )
    if len(pairs) > 500:
        note(f"The first 500 of {count(len(pairs))} rows.", key="cut")


def _pair_row(pair: Pair, judge: str) -> Row:
    outcome = pair.outcomes.get(judge, "unknown")
    delta = pair.deltas.get(judge)
    word = _WORDS[outcome] if delta is None or outcome == "tie" else f"{delta:+.3g}"
    return Row(
        id=pair.row_id,
        cells={
            "in": [preview(pair.inputs, 200) or pair.row_id, pair.row_id],
            "a": _chip(pair.a, judge),
            "b": _chip(pair.b, judge),
            "change": [Chip(value=word, tone=_TONES[outcome]).json()],
        },
        params={"row": pair.row_id},
    )


def _chip(row: RowResult | None, judge: str) -> list[dict[str, Any]] | None:
    said = row.verdicts.get(judge) if row is not None else None
    if said is None:
        return None
    value = "failed" if said.error else score(said.label or said.value)
    return [
        Chip(value=value, tone="orange" if said.error else "gray", hint=said.rationale or "").json()
    ]


def pair_panel(pair: Pair, names: tuple[str, str]) -> None:
    """One row: the question, both answers, what each judge said, and the traces."""
    chips = [
        Chip(label=name, value="open trace", tone="blue", go=link("trace", {"id": side.trace_id}))
        for name, side in zip(names, (pair.a, pair.b), strict=True)
        if side is not None and side.trace_id
    ]
    head(f"Row {pair.row_id}", chips=chips, key="pair head")
    if pair.inputs:
        chat([_text("input", pair.inputs)], key="pair input")
    a, b = (side and preview(side.outputs, 2_000) for side in (pair.a, pair.b))
    if a and b:
        ops = [(op.kind, op.text) for op in diff_words(a, b)]
        diff([("Output", ops)], labels=names, key="pair outputs")
    else:
        chat(
            [_text(name, text) for name, text in zip(names, (a, b), strict=True) if text],
            key="pair output",
        )
    judges = list(
        dict.fromkeys([*(pair.a.verdicts if pair.a else ()), *(pair.b.verdicts if pair.b else ())])
    )
    rows = [
        Row(id=f"{judge} {place}", cells=_said(judge, name, side.verdicts[judge]))
        for judge in judges
        for place, (name, side) in enumerate(zip(names, (pair.a, pair.b), strict=True))
        if side is not None and judge in side.verdicts
    ]
    columns = (
        Column(key="judge", label="Judge", kind="pair", width="34%"),
        Column(key="value", label="Verdict", kind="chips", width="84px"),
        Column(key="why", label="Why", kind="wrap"),
    )
    table(columns, rows, key="pair verdicts", empty="No verdicts.")


def _text(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "text": preview(text, 2_000)}]}


def _said(judge: str, name: str, said: Verdict) -> dict[str, Any]:
    value = "failed" if said.error else score(said.label or said.value)
    return {
        "judge": [judge, name],
        "value": [Chip(value=value, tone="orange" if said.error else "gray").json()],
        "why": one_line(said.error or said.rationale, 600) or None,
    }
