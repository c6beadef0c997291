"""Rows of evaluations: which got worse, all of them at a glance, one of them in full."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard.parts.cells import Chip, Column, Row, Tone
from dashboard.parts.charts import HeatLine, heat
from dashboard.parts.text import count, one_line, preview, score
from dashboard.parts.urls import link, number, param, set_params
from dashboard.parts.views import chat, diff, note, section, table
from genaiops.prompts.diff import diff_words
from genaiops.query.eval_grid import Grid
from genaiops.query.evals import RowResult, Verdict

__all__ = [
    "View",
    "chosen_row",
    "ordered",
    "outcome_filter",
    "page_of",
    "pager",
    "row_panel",
    "rows_table",
    "strip",
]

_PAGE = 50
_STRIP = 300
_OUTCOMES = {"Regressed": "loss", "Improved": "win", "Same": "tie", "Unknown": "unknown"}
_TONES: Mapping[str, Tone] = {"win": "green", "loss": "red", "tie": "gray", "unknown": "orange"}
_WORDS = {"win": "better", "loss": "worse", "tie": "same", "unknown": "unknown"}
Sides = Sequence[RowResult | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What of a grid is looked at: one judge, and which run against the first (by place)."""

    grid: Grid
    names: Sequence[str]
    judge: str
    run: int

    @property
    def both(self) -> tuple[str, str]:
        """Names of the run compared with, and of the one looked at."""
        return self.names[0], self.names[self.run]


def outcome_filter(view: View) -> str:
    """The outcome that is looked for; empty for all. Its choice stands in the URL."""
    only = st.segmented_control(
        "Rows",
        list(_OUTCOMES),
        key="only",
        bind="query-params",
        on_change=lambda: set_params({"page": "", "row": ""}),
        label_visibility="collapsed",
        help="How the run does on a row against the first, by the score chosen above.",
    )
    tally = view.grid.tally(view.judge, view.run)
    told = (f"{count(getattr(tally, kind))} {word.lower()}" for word, kind in _OUTCOMES.items())
    note(" · ".join(told), key="tally")
    return _OUTCOMES.get(only or "", "")


def ordered(view: View, only: str) -> list[int]:
    """Places of the rows with that outcome, the largest loss first."""
    grid, judge, run = view.grid, view.judge, view.run
    found = [
        row for row in range(len(grid.row_ids)) if not only or grid.outcome(judge, run, row) == only
    ]
    gains = [grid.gain(judge, run, row) for row in range(len(grid.row_ids))]

    def place(row: int) -> tuple[bool, float, str]:
        gain = gains[row]
        return gain is None, gain or 0.0, grid.row_ids[row]

    return sorted(found, key=place)


def strip(view: View, rows: Sequence[int], selected: str) -> None:
    """Every row as a colour, and under it how it changed; many rows are put into bins."""
    step = max(1, -(-len(rows) // _STRIP))
    bins = [rows[at : at + step] for at in range(0, len(rows), step)]
    grid, judge = view.grid, view.judge
    numbers = [n for run in grid.numbers[judge] for n in run if n is not None]
    low, high = min(numbers, default=0.0), max(numbers, default=1.0)
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    span = high - low or 1.0

    def means(run: int) -> list[float | None]:
        return [_mean([grid.numbers[judge][run][row] for row in part]) for part in bins]

    lines = [
        HeatLine(
            name=name,
            shares=[None if mean is None else (mean - low) / span for mean in means(run)],
            texts=[score(mean) for mean in means(run)],
        )
        for run, name in enumerate(view.names)
    ]
    if len(view.names) > 1:
        gains = [_mean([grid.gain(judge, view.run, row) for row in part]) for part in bins]
        lines.append(
            HeatLine(
                name="change",
                shares=[None if gain is None else gain / span for gain in gains],
                texts=["–" if gain is None else f"{gain:+.3g}" for gain in gains],
                change=True,
            )
        )
    ids = grid.row_ids
    heat(
        [(ids[part[0]], ids[part[0]] if step == 1 else f"{ids[part[0]]} …") for part in bins],
        lines,
        key="strip",
        selected=selected,
        note=f"{judge} · each column is {'a row' if step == 1 else f'{step} rows'}, "
        f"{'the largest loss' if len(view.names) > 1 else 'the worst'} first",
    )


def _mean(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return sum(known) / len(known) if known else None


def page_of(rows: Sequence[int]) -> Sequence[int]:
    """The rows of the page that the URL names."""
    page = min(number("page") or 1, pages_of(rows))
    return rows[(page - 1) * _PAGE : page * _PAGE]


def pages_of(rows: Sequence[int]) -> int:
    """How many pages the rows fill, at least 1."""
    return max(1, -(-len(rows) // _PAGE))


def pager(rows: Sequence[int]) -> None:
    """The pages to choose from; the choice stands in the URL."""
    if pages_of(rows) > 1:
        st.pagination(pages_of(rows), key="page", bind="query-params")


def rows_table(view: View, rows: Sequence[int], full: Mapping[str, Sides], selected: str) -> None:
    """The rows of a page; a click shows one in full."""
    columns = (
        Column(key="in", label="Row", kind="pair"),
        Column(key="a", label="Base", width="92px", kind="num", hint=view.both[0]),
        Column(key="b", label="This", width="92px", kind="num", hint=view.both[1]),
        Column(key="change", label="Change", width="96px", kind="chips"),
    )
    table(
        columns,
        [_row(view, row, full[view.grid.row_ids[row]]) for row in rows],
        key="rows",
        selected=selected,
        empty="No row is like that.",
    )


def _row(view: View, row: int, sides: Sides) -> Row:
    grid, judge = view.grid, view.judge
    row_id = grid.row_ids[row]
    outcome, gain = grid.outcome(judge, view.run, row), grid.gain(judge, view.run, row)
    word = _WORDS[outcome] if gain is None or outcome == "tie" else f"{gain:+.3g}"
    asked = next((side.inputs for side in sides if side is not None and side.inputs), None)
    return Row(
        id=row_id,
        cells={
            "in": [preview(asked, 200) or row_id, row_id],
            "a": _short(sides[0], judge),
            "b": _short(sides[view.run], judge),
            "change": [Chip(value=word, tone=_TONES[outcome]).json()],
        },
        params={"row": row_id},
    )


def _short(side: RowResult | None, judge: str) -> str | None:
    said = side.verdicts.get(judge) if side is not None else None
    return None if said is None else "failed" if said.error else score(said.label or said.value)


def row_panel(view: View, row_id: str, sides: Sides) -> None:
    """One row: the question, both answers, what each judge said, and the traces."""
    chips = [
        Chip(label=name, value="open trace", tone="blue", go=link("trace", {"id": side.trace_id}))
        for name, side in zip(view.names, sides, strict=True)
        if side is not None and side.trace_id
    ]
    section(f"Row {row_id}", chips=chips, key="row head")
    asked = next((side.inputs for side in sides if side is not None and side.inputs), None)
    if asked:
        chat([_text("input", asked)], key="row input")
    answers = [preview(side.outputs, 2_000) if side is not None else "" for side in sides]
    before, after = answers[0], answers[view.run]
    if view.run and before and after:
        diff([("Answer", [(op.kind, op.text) for op in diff_words(before, after)])],
             labels=view.both, key="row answers")  # fmt: skip
    else:
        shown = [(name, text) for name, text in zip(view.names, answers, strict=True) if text]
        chat([_text(name, text) for name, text in shown], key="row answer")
    judges = list(dict.fromkeys(judge for side in sides if side for judge in side.verdicts))
    judges.sort(key=lambda judge: judge != view.judge)
    found = [
        Row(id=f"{judge} {place}", cells=_said(judge, name, side.verdicts[judge]))
        for judge in judges
        for place, (name, side) in enumerate(zip(view.names, sides, strict=True))
        if side is not None and judge in side.verdicts
    ]
    columns = (
        Column(key="judge", label="Judge", kind="pair", width="32%"),
        Column(key="value", label="Verdict", kind="chips", width="86px"),
        Column(key="why", label="Why", kind="wrap"),
    )
    table(columns, found, key="row verdicts", empty="No verdicts.")


def chosen_row(rows: Sequence[str]) -> str:
    """The row of the URL, else the first of the page."""
    return param("row") or (rows[0] if rows else "")


def _text(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "text": preview(text, 2_000)}]}


def _said(judge: str, name: str, said: Verdict) -> dict[str, Any]:
    value = "failed" if said.error else score(said.label or said.value)
    return {
        "judge": [judge, name],
        "value": [Chip(value=value, tone="orange" if said.error else "gray").json()],
        "why": one_line(said.error or said.rationale, 600) or None,
    }
