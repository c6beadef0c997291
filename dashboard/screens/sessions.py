"""Sessions: conversations turn by turn, each with its score, time and cost."""

from typing import Any

import streamlit as st

from dashboard.parts.cells import Chip, Column, Row
from dashboard.parts.guard import nothing_yet, show
from dashboard.parts.lists import verdict
from dashboard.parts.messages import conversation
from dashboard.parts.pictures import with_pictures
from dashboard.parts.text import ago, count, ms, one_line, preview, tokens, usd
from dashboard.parts.urls import link, param, set_params
from dashboard.parts.views import chat, head, table
from genaiops.query import sessions
from genaiops.query.sessions import Session, Turn

_FIRST = (
    "import genaiops",
    "@genaiops.trace",
    "def answer(question):",
    '    genaiops.update_current_trace(session_id="chat-1", user_id="ada"); return "42"',
)
_COLUMNS = (
    Column(key="when", label="Last turn", kind="num", width="96px"),
    Column(key="id", label="Session", width="18%"),
    Column(key="user", label="User", width="12%"),
    Column(key="opening", label="Opens with"),
    Column(key="turns", label="Turns", kind="num", width="64px"),
    Column(key="failed", label="Failed", kind="num", width="64px"),
    Column(key="tokens", label="Tokens", kind="num", width="120px", hint="input → output"),
    Column(key="cost", label="Cost", kind="num", width="84px"),
)


def page() -> None:
    """The page: all sessions, or one."""
    if param("id"):
        _one(param("id"))
    else:
        _all()


def _all() -> None:
    title = st.container()
    who = st.text_input(
        "User",
        key="user",
        bind="query-params",
        placeholder="user, whole",
        width=240,
        label_visibility="collapsed",
        icon=":material/person:",
        on_change=set_params,
        args=({"after": ""},),
    )
    quoted = (who or "").replace("'", "''")
    found = sessions.search(
        f"user_id = '{quoted}'" if quoted else "", page_token=param("after") or None
    )
    if not found.items and not quoted:
        nothing_yet("No sessions yet", _FIRST, key="empty")
        return
    with title:
        head("Sessions", note="Traces that share a session id, as conversations.", key="title")
    table(
        _COLUMNS,
        [_row(item) for item in found.items],
        key="sessions",
        empty="No session of this user.",
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if param("after"):
            st.button("First", on_click=set_params, args=({"after": ""},))
        if found.next_page_token:
            st.button("Next", on_click=set_params, args=({"after": found.next_page_token},))


def _row(item: Session) -> Row:
    return Row(
        id=item.session_id,
        cells={
            "when": ago(item.last_ns),
            "id": one_line(item.session_id, 80),
            "user": one_line(item.user_id, 60) or None,
            "opening": preview(item.opening),
            "turns": count(item.n_traces),
            "failed": count(item.n_errors) if item.n_errors else None,
            "tokens": tokens(item.input_tokens, item.output_tokens),
            "cost": usd(item.cost_usd),
        },
        params={"id": item.session_id},
    )


def _one(session_id: str) -> None:
    found = sessions.turns(session_id, page_token=param("after") or None)
    session = found.session
    chips = [
        Chip(label="turns", value=count(session.n_traces)),
        Chip(label="tokens", value=tokens(session.input_tokens, session.output_tokens)),
        Chip(label="cost", value=usd(session.cost_usd)),
        Chip(label="over", value=ms((session.last_ns - session.first_ns) / 1e6)),
        Chip(label="first", at_ms=session.first_ns / 1e6),
    ]
    if session.n_errors:
        chips.append(Chip(label="failed", value=count(session.n_errors), tone="red"))
    if session.user_id:
        mine = link("sessions", {"user": session.user_id})
        chips.append(Chip(label="user", value=one_line(session.user_id, 60), go=mine))
    quoted = session_id.replace("'", "''")
    every = link("traces", {"q": f"session_id = '{quoted}'"})
    chips.append(Chip(value="as a list of traces", tone="blue", go=every))
    head(
        one_line(session_id, 120),
        kicker=("Sessions", "sessions"),
        copy=session_id,
        chips=chips,
        key="title",
    )
    with st.container(width=980):
        chat(with_pictures([part for turn in found.items for part in _turn(turn)]), key="turns")
        if found.next_page_token:
            following = {"after": found.next_page_token}
            st.button("Later turns", on_click=set_params, args=(following,))


def _turn(turn: Turn) -> list[dict[str, Any]]:
    """What was asked and answered in this turn, and what it took, on the last message."""
    said = conversation(turn.inputs, turn.outputs)
    asked = [place for place, item in enumerate(said) if item["role"] == "assistant"]
    if len(asked) > 1:  # the request repeats the turns before
        said = said[asked[-2] + 1 :]
    if not said:
        said = [_text("user", turn.summary.inputs_preview), _text("assistant", _answer(turn))]
    said[-1] = {**said[-1], "chips": [chip.json() for chip in _facts(turn)]}
    return said


def _answer(turn: Turn) -> str | None:
    outputs = turn.outputs
    return outputs if isinstance(outputs, str) else turn.summary.outputs_preview


def _text(role: str, text: str | None) -> dict[str, Any]:
    whole = preview(text, 20_000) if role == "user" else text or ""
    return {"role": role, "parts": [{"type": "text", "text": whole}]}


def _facts(turn: Turn) -> list[Chip]:
    summary = turn.summary
    chips = [
        Chip(value="open trace", tone="blue", go=link("trace", {"id": summary.trace_id})),
        Chip(at_ms=summary.start_ns / 1e6),
        Chip(label="took", value=ms(summary.duration_ms)),
        Chip(label="cost", value=usd(summary.cost_usd)),
    ]
    if summary.status == "error":
        chips.insert(1, Chip(value="error", tone="red"))
    kept = [item for item in turn.assessments if item.kind == "feedback" and not item.superseded_by]
    return chips + [verdict(item.name, item.value, error=item.error) for item in kept[:8]]


show(page, at_once=True)
