"""Aliases of a prompt: what each means and why, moving one behind its gate, taking a move back."""

import math
from collections.abc import Callable, Sequence

import streamlit as st

import genaiops
from dashboard.parts.cells import Chip, Column, Row
from dashboard.parts.lists import arm_text
from dashboard.parts.prompt_versions import alias_chip
from dashboard.parts.text import ago, count, one_line
from dashboard.parts.views import head, note, section, table
from genaiops.errors import ConflictError, GenaiopsError
from genaiops.query import prompts
from genaiops.query.prompts import Alias, AliasMove, PromptName, VersionStats

__all__ = ["aliases_view"]

_SAID = "genaiops.alias said"
_USUAL = ("production", "staging")
_HISTORY = (
    Column(key="when", label="Moved", kind="time", width="150px"),
    Column(key="alias", label="Alias", kind="chips", width="20%"),
    Column(key="to", label="To", width="96px"),
    Column(key="who", label="By", width="110px"),
    Column(key="why", label="Why", kind="wrap"),
)


def aliases_view(
    prompt: PromptName, versions: Sequence[VersionStats], chosen: int, moves: Sequence[AliasMove]
) -> None:
    """What the aliases mean, a form that moves one, and their history."""
    _said()
    _present(prompt, moves)
    _move_form(prompt, versions, chosen)
    section("History", key="history head")
    _history(moves)


def _present(prompt: PromptName, moves: Sequence[AliasMove]) -> None:
    """One line an alias: what it means, since when, its gate, and the way back."""
    by_name: dict[str, list[Alias]] = {}
    for alias in prompt.aliases:
        by_name.setdefault(alias.alias, []).append(alias)
    for alias, arms in by_name.items():
        last = next((move for move in moves if move.alias == alias), None)
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"alias-{_place(by_name, alias)}"
        ):
            section(one_line(alias, 60), chips=_facts(prompt, alias, arms, last), key=f"a {alias}")
            st.button("Roll back", key=f"back {alias}", on_click=_roll_back, args=(prompt, alias),
                      disabled=not _has_before(moves, alias), width=110)  # fmt: skip
    if not by_name:
        note("No alias names a version yet: programs load the newest one.", key="no alias")


def _place(names: dict[str, list[Alias]], alias: str) -> int:
    return list(names).index(alias)


def _facts(
    prompt: PromptName, alias: str, arms: Sequence[Alias], last: AliasMove | None
) -> list[Chip]:
    found = [Chip(value=arm_text(arm), tone="violet") for arm in arms]
    if last is not None:
        found.append(Chip(label="since", value=ago(last.moved_ns)))
        found += [Chip(label="by", value=one_line(last.author, 40))] if last.author else []
    rule = prompt.protected.get(alias)
    if rule is not None:
        told = f"moves only if {one_line(rule, 200)}" if rule else "locked"
        found.append(Chip(value=told, tone="orange"))
    return found


def _has_before(moves: Sequence[AliasMove], alias: str) -> bool:
    """Whether the alias ever meant something else than it does now."""
    meant: dict[int, list[tuple[int, float | None]]] = {}
    for move in moves:
        if move.alias == alias and move.version is not None:
            meant.setdefault(move.moved_ns, []).append((move.version, move.weight))
    return len({frozenset(arms) for arms in meant.values()}) > 1


def _move_form(prompt: PromptName, versions: Sequence[VersionStats], chosen: int) -> None:
    known = list(dict.fromkeys([*_USUAL, *(alias.alias for alias in prompt.aliases)]))
    with st.form("move alias", border=True):
        first, second, third = st.columns([1.2, 1, 2.4])
        first.selectbox("Let the alias", known, accept_new_options=True, key="move alias name")
        numbers = [item.version.version for item in versions]
        second.selectbox("mean version", numbers, index=numbers.index(chosen),
                                   key=f"move to {chosen}")  # fmt: skip
        third.text_input("because", key="move reason", max_chars=2_000,
                                  placeholder="why, for the history (optional)")  # fmt: skip
        st.text_input(
            "only if its newest evaluation shows",
            key="move condition",
            max_chars=2_000,
            placeholder=_suggestion(versions, chosen),
            help="Compared with the lower bound of the score's interval; several joined by 'and'. "
            "The id of an evaluation instead: it must not be worse than what the alias means now.",
        )
        st.form_submit_button("Move the alias", type="primary", on_click=_move,
                              args=(prompt, f"move to {chosen}"))  # fmt: skip


def _move(seen: PromptName, version_key: str) -> None:
    """Moves the alias of the form, unless it was moved since the page was drawn."""
    said = st.session_state
    alias, version = str(said["move alias name"] or ""), int(said[version_key])
    condition, reason = str(said["move condition"] or "").strip(), said["move reason"]

    def change() -> None:
        _unmoved(seen, alias)
        genaiops.set_prompt_alias(
            seen.name, alias, version, reason=reason or None, if_eval=condition or None
        )

    _try(f"{alias} means version {version} now.", change)


def _unmoved(seen: PromptName, alias: str) -> None:
    """Raises: ConflictError when the alias means something else than the page says."""
    now = prompts.get(seen.name)
    means = () if now is None else _arms(now, alias)
    if means != _arms(seen, alias):
        told = " and ".join(f"version {version}" for version, _ in means) or "no version"
        raise ConflictError(
            f"alias {alias!r} was moved meanwhile and means {told} now: look again, then decide"
        )


def _arms(prompt: PromptName, alias: str) -> tuple[tuple[int, float], ...]:
    return tuple((arm.version, arm.weight) for arm in prompt.aliases if arm.alias == alias)


def _suggestion(versions: Sequence[VersionStats], chosen: int) -> str:
    """A condition in the words of the version's own scores, or how one looks."""
    shown = next(item for item in versions if item.version.version == chosen)
    scores = () if shown.evaluation is None else shown.evaluation.scores
    for score in scores:
        if score.low is not None:
            return f"{score.name} >= {math.floor(score.low * 100) / 100:.2f}"
    return "groundedness >= 0.8"


def _roll_back(seen: PromptName, alias: str) -> None:
    def back() -> None:
        _unmoved(seen, alias)
        version = genaiops.rollback_prompt_alias(seen.name, alias)
        st.session_state[_SAID] = (f"{alias} means version {version} again.", False)

    _try("", back)


def _try(done: str, change: Callable[[], object]) -> None:
    """Makes the change; what came out, also a refusal with its figures, is said on the page."""
    try:
        change()
    except GenaiopsError as error:
        st.session_state[_SAID] = (str(error), True)
    else:
        if done:
            st.session_state[_SAID] = (done, False)


def _said() -> None:
    """What the last change came to, once."""
    said: tuple[str, bool] | None = st.session_state.pop(_SAID, None)
    if said is None:
        return
    text, refused = said
    if refused:
        head("The alias was not moved", trouble=text, key="refused")
    else:
        section(text, chips=[Chip(value="done", tone="green")], key="moved")


def _history(moves: Sequence[AliasMove]) -> None:
    rows = [
        Row(
            id=str(place),
            cells={
                "alias": [alias_chip(Alias(alias=move.alias, version=0, weight=1.0)).json()],
                "to": _to(move),
                "when": move.moved_ns / 1e6,
                "who": move.author,
                "why": move.reason,
            },
        )
        for place, move in enumerate(moves)
    ]
    table(_HISTORY, rows, key="moves", empty="No alias was set.")


def _to(move: AliasMove) -> str:
    if move.version is None:
        return "removed"
    share = "" if move.weight is None or move.weight >= 1 else f" {move.weight:.0%}"
    return f"v{count(move.version)}{share}"
