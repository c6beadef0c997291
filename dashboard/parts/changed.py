"""What changed lately: aliases that moved, models called for the first time, scores that fell."""

from dashboard.parts.cells import Column, Row
from dashboard.parts.text import ago, counted, one_line, score
from dashboard.parts.views import section, table
from genaiops.query import changes, prompts
from genaiops.query.changes import NewModel, Regression
from genaiops.query.prompts import AliasMove

__all__ = ["changed"]

_EACH = 4
_COLUMNS = (
    Column(key="what", label="What", kind="pair"),
    Column(key="when", label="When", kind="num", width="92px"),
)
_Dated = tuple[int, Row]


def changed(since_ns: int) -> None:
    """The section, newest first; each line leads to where it can be looked into."""
    moves = prompts.recent_moves(since_ns=since_ns, limit=_EACH)
    dated: list[_Dated] = [
        *(_fell(item) for item in changes.regressions(since_ns=since_ns, limit=_EACH)),
        *(_moved(name, move) for name, move in moves),
        *(_new(model) for model in changes.new_models(since_ns=since_ns, limit=_EACH)),
    ]
    dated.sort(key=lambda item: -item[0])
    section("What changed in 7 days", key="changed head")
    table(
        _COLUMNS,
        [row for _, row in dated],
        key="changed",
        empty="No alias moved, no new model, no score fell.",
    )


def _row(what: str, why: str, when_ns: int, where: tuple[str, dict[str, str]]) -> _Dated:
    """When it was, and a line that leads to a page with parameters."""
    page, params = where
    cells = {"what": [what, why], "when": ago(when_ns)}
    return when_ns, Row(id=f"{page} {what} {when_ns}", cells=cells, params=params, page=page)


def _moved(name: str, move: AliasMove) -> _Dated:
    to = "removed" if move.version is None else f"version {move.version}"
    said = (one_line(move.author, 40), one_line(move.reason, 120))
    what = f"{one_line(name, 60)}@{one_line(move.alias, 40)} → {to}"
    why = " · ".join(part for part in said if part) or "alias moved"
    return _row(what, why, move.moved_ns, ("prompts", {"name": name}))


def _new(model: NewModel) -> _Dated:
    quoted = model.model.replace("'", "''")
    by = f"{one_line(model.provider, 40)}, " if model.provider else ""
    what = f"{one_line(model.model, 80)} called for the first time"
    where = ("traces", {"q": f"model = '{quoted}'"})
    return _row(what, f"{by}{counted(model.calls, 'call')} since", model.first_ns, where)


def _fell(item: Regression) -> _Dated:
    sure = "" if item.is_sure else ", within the intervals"
    was, now = score(item.old.estimate), score(item.new.estimate)
    what = f"{one_line(item.judge, 60)} {was} → {now}{sure}"
    why = f"{one_line(item.before.name, 50)} → {one_line(item.after.name, 50)}"
    runs = f"{item.before.run_id},{item.after.run_id}"
    return _row(what, why, item.after.start_ns, ("eval", {"runs": runs, "judge": item.judge}))
