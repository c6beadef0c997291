"""One item of a review queue: what was asked, answered and retrieved, and the keys to judge it."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import streamlit as st

import genaiops
from dashboard.parts.cells import Chip, Column, Row, Tile, Tone
from dashboard.parts.charts import Curve, curves
from dashboard.parts.component import event, load
from dashboard.parts.text import ago, count, counted, one_line, percent, preview, score
from dashboard.parts.urls import link, set_params
from dashboard.parts.views import chat, chips, note, section, table, tiles, value
from genaiops.errors import GenaiopsError, NotFoundError
from genaiops.query import reviews, traces
from genaiops.query.from_traces import record_of_trace
from genaiops.query.reviews import Choice, Queue, ReviewItem, Said

__all__ = ["agreement_panel", "item_list", "keys", "shown_item"]

_keys = load("review_keys")
_AROUND = 6
_SAID, _REFUSED = "genaiops.answer not kept", "genaiops.answers refused"
_MEANWHILE = (
    "Somebody else answered this item while you read it. The next key replaces their answer."
)
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
    queue: Queue,
    item: ReviewItem,
    choices: Sequence[Choice],
    move: Callable[[Sequence[ReviewItem], str, str], None],
) -> None:
    """The answers; after one the next item that waits is shown, by `move`.

    Others may work on the same queue: what they answered meanwhile is not asked again, and their
    answer to this very item is shown before it can be replaced.
    """

    def now() -> tuple[Sequence[ReviewItem], bool]:
        """The queue as it is now, and whether this item is as it was shown."""
        items = reviews.items(queue.name, limit=queue.n)
        same = next((each for each in items if each.trace_id == item.trace_id), None)
        return items, same is not None and _answer(same) == _answer(item)

    def answer(place: int, why: str) -> None:
        items, unchanged = now()
        if not unchanged:
            set_params({"trace": item.trace_id})  # it does not wait any more, but is still shown
            _refuse(_MEANWHILE)
            return
        value = choices[place].value
        genaiops.log_review(queue.name, item.trace_id, value, rationale=why.strip() or None)
        move(items, item.trace_id, "waiting")

    def go(where: str) -> None:
        items, unchanged = now()
        if where == "skip" and unchanged:
            genaiops.skip_review(queue.name, item.trace_id)
        move(items, item.trace_id, "waiting" if where == "skip" else where)

    def answered() -> None:
        said = cast("dict[str, Any]", event("keys", "answer"))
        if said.get("item") == item.trace_id:  # else a key pressed before the page had changed
            _try(lambda: answer(int(said["choice"]), str(said["why"])))

    refused = st.session_state.pop(_SAID, "")
    if refused:
        section("Not kept", note=refused, key="not kept")
    chosen = next(
        (at for at, choice in enumerate(choices) if _same(choice.value, item.value)), None
    )
    data = {
        "item": item.trace_id,
        "choices": [choice.label for choice in choices],
        "chosen": chosen,
        "why": item.rationale or "",
        "refused": st.session_state.get(_REFUSED, 0),
    }
    _keys(data=data, key="keys", on_answer_change=answered,
          on_go_change=lambda: _try(lambda: go(str(event("keys", "go")))))  # fmt: skip


def _try(change: Callable[[], None]) -> None:
    """Makes the change; why it could not be made is said on the page."""
    try:
        change()
    except GenaiopsError as error:
        _refuse(str(error))


def _refuse(why: str) -> None:
    """Says it in the run that follows, which takes keys again."""
    st.session_state[_SAID] = why
    st.session_state[_REFUSED] = st.session_state.get(_REFUSED, 0) + 1


def _answer(item: ReviewItem) -> tuple[Any, ...]:  # any JSON values
    return item.value, item.rationale, item.person


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
