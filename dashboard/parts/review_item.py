"""One item of a review queue: what was asked, answered and retrieved, and the keys to judge it."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import genaiops
from dashboard.parts.cells import Chip, Column, Row, Tile, Tone
from dashboard.parts.charts import Curve, curves
from dashboard.parts.component import event, load
from dashboard.parts.text import ago, count, counted, one_line, percent, preview, score
from dashboard.parts.urls import link
from dashboard.parts.views import chat, chips, note, section, table, tiles, value
from genaiops.errors import NotFoundError
from genaiops.query import traces
from genaiops.query.from_traces import record_of_trace
from genaiops.query.reviews import Choice, ReviewItem, Said

__all__ = ["agreement_panel", "item_list", "keys", "shown_item"]

_keys = load("review_keys")
_AROUND = 6
_TONES: Mapping[str, Tone] = {"done": "green", "skipped": "orange", "waiting": "gray"}


def shown_item(item: ReviewItem) -> None:
    """What a person needs to see to judge it; the judge's word only once they have."""
    try:
        trace = traces.get(item.trace_id)
    except NotFoundError:
        note("Its trace is not in the store any more: skip it.", key="gone")
        return
    record = record_of_trace(trace)
    found = [
        Chip(value=item.state, tone=_TONES.get(item.state, "gray")),
        *([Chip(label="row", value=item.row_id)] if item.row_id else []),
        Chip(label="trace", value=item.trace_id[:8], mono=True, go=link("trace", {"id": item.trace_id})),
        Chip(label="asked", value=ago(trace.summary.start_ns)),
    ]  # fmt: skip
    if item.state == "done":
        found.append(Chip(label=item.person or "a person", value=score(item.value), tone="blue",
                          hint=item.rationale or ""))  # fmt: skip
        if item.judged is not None:
            found.append(Chip(label="the judge", value=score(item.judged), tone="violet",
                              hint=one_line(item.judge_rationale, 600)))  # fmt: skip
    chips(found, key="item facts")
    said = [("asked", record.get("inputs")), ("answered", record.get("outputs"))]
    if record.get("expected") is not None:
        said.append(("expected", record["expected"]))
    chat([_text(role, content) for role, content in said if content is not None], key="item")
    contexts = cast("Sequence[Any] | None", record.get("contexts"))
    if contexts:
        value(list(contexts), title=counted(len(contexts), "context"), key="contexts", depth=1)


def _text(role: str, content: Any) -> dict[str, Any]:  # any JSON value
    text = content if isinstance(content, str) else preview(_json(content), 20_000)
    return {"role": role, "parts": [{"type": "text", "text": text}]}


def _json(content: Any) -> str:  # any JSON value
    return json.dumps(content, ensure_ascii=False, default=str)


def keys(
    queue: str, item: ReviewItem, choices: Sequence[Choice], move: Callable[[str], None]
) -> None:
    """The answers; after one the next item that waits is shown, by `move`."""

    def answered() -> None:
        said = cast("dict[str, Any]", event("keys", "answer"))
        if said.get("item") != item.trace_id:  # a key pressed before the page had changed
            return
        chosen = choices[int(said["choice"])]
        genaiops.log_review(
            queue, item.trace_id, chosen.value, rationale=said["why"].strip() or None
        )
        move("waiting")

    def moved() -> None:
        where = str(event("keys", "go"))
        if where == "skip":
            genaiops.skip_review(queue, item.trace_id)
        move("waiting" if where == "skip" else where)

    chosen = next(
        (at for at, choice in enumerate(choices) if _same(choice.value, item.value)), None
    )
    data = {
        "item": item.trace_id,
        "choices": [choice.label for choice in choices],
        "chosen": chosen,
        "why": item.rationale or "",
    }
    _keys(data=data, key="keys", on_answer_change=answered, on_go_change=moved)


def _same(one: object, other: object) -> bool:
    """Whether two answers are the same number."""
    if not isinstance(one, bool | int | float) or not isinstance(other, bool | int | float):
        return False
    return float(one) == float(other)


def agreement_panel(found: Sequence[Said], judge: str) -> None:
    """How far the judge agrees with people, and how that grew."""
    section("Person and judge", key="agreement head", note="" if found else
            f"Nobody answered what {judge} has judged as well.")  # fmt: skip
    if not found:
        return
    people, judged = [pair.person for pair in found], [pair.judge for pair in found]
    low, high = min(0.0, *people, *judged), max(1.0, *people, *judged)
    alike = genaiops.agreement_of(people, judged, scale=(low, high))
    middle = (low + high) / 2
    same = [(a >= middle) == (b >= middle) for a, b in zip(people, judged, strict=True)]
    second = ("Kappa", alike.kappa) if alike.kappa is not None else ("Correlation", alike.phi)
    tiles(
        [
            Tile(label="Both judged", value=count(alike.n)),
            Tile(label="Agree", value=percent(sum(same) / len(same)),
                 hint=f"both from {middle:g} up, or both below"),
            Tile(label=second[0], value="–" if second[1] is None else f"{second[1]:.2f}",
                 hint="0 is what chance reaches, 1 is full agreement"),
        ],
        key="agreement",
    )  # fmt: skip
    if len(found) > 2:
        line = [(float(n), sum(same[:n]) / n) for n in range(1, len(same) + 1)]
        curves(
            "agreement as it grows", [Curve(name="agree", points=line)], key="growth", height=150
        )


def item_list(items: Sequence[ReviewItem], place: int) -> None:
    """The items around this one; a click goes there."""
    start = max(0, min(place - _AROUND, len(items) - 2 * _AROUND - 1))
    near = items[start : start + 2 * _AROUND + 1]
    rows = [
        Row(
            id=item.trace_id,
            cells={
                "n": count(start + at + 1),
                "asked": preview(item.asked, 120) or item.trace_id[:8],
                "said": [Chip(value=score(item.value) if item.state == "done" else item.state,
                              tone=_TONES.get(item.state, "gray")).json()],
            },
            params={"trace": item.trace_id},
        )
        for at, item in enumerate(near)
    ]  # fmt: skip
    columns = (
        Column(key="n", label="", kind="num", width="44px"),
        Column(key="asked", label="Item"),
        Column(key="said", label="Said", kind="chips", width="92px"),
    )
    table(columns, rows, key="items", selected=items[place].trace_id)
