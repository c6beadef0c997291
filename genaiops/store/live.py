"""Reading: the database file plus the journal's tail, as one set of views.

What is still in the journal, and spans that are still open, are put into temporary tables, and
temporary views with the contract's names cover the file's own. With an empty journal nothing is
made and the file's views answer.

Of the spans in the journal, only what the roll-up of their traces needs is read at first: a list
of traces costs a third of what the spans cost. The rest is read when a query names ``spans``.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genaiops.store import lines, segments
from genaiops.store.base import Table
from genaiops.store.engine import FILE, Engine
from genaiops.store.journal import living_processes
from genaiops.store.rows import events, spans
from genaiops.store.segments import Segment
from genaiops.store.tail import KeptTail

__all__ = ["LiveReader", "has_doubles", "trace_rollup"]

_SPAN_VIEW = (
    ", ".join(spans.COLUMNS[:9])
    + ", (end_ns - start_ns) / 1e6 AS duration_ms, "
    + ", ".join(spans.COLUMNS[9:34])
)
_KEPT_BYTES = 8_000_000
"""Of journal whose spans are kept in memory for the next read."""
_NAMES_SPANS = re.compile(r"\bspans\b", re.IGNORECASE)
_ROLLUP_COLUMNS = ", ".join(spans.ROLLUP_COLUMNS)
_TRACE_VIEW = (
    ", ".join(spans.TRACE_COLUMNS[:5])
    + ", (end_ns - start_ns) / 1e6 AS duration_ms, "
    + ", ".join(spans.TRACE_COLUMNS[5:])
)
_EVENT_VIEWS = {
    "experiments": "experiment_id, name, coalesce(state, 'active') AS state, created_ns",
    "experiment_tags": "experiment_id, key, value",
    "runs": 'run_id, experiment_id, name, status, start_ns, end_ns, parent_run_id, "user", '
    "source, description, coalesce(lifecycle, 'active') AS lifecycle, artifact_uri",
    "params": "run_id, key, value",
    "run_tags": "run_id, key, value",
    "metrics": "run_id, key, value, step, ts_ns",
    "metrics_latest": "run_id, key, value, step, ts_ns, min, max, n",
    "assessments": "*",
    "eval_rows": "* EXCLUDE (ts_ns)",
    "answers": "key, kind, response, usage, created_ns",
}

_REMOVABLE = (events.RUN_TAGS, events.EXPERIMENT_TAGS)
"""Kinds of which a row without a value is one that was deleted."""


class LiveReader:
    """Everything acknowledged when it was made; needs the shared gate as long as it is used."""

    def __init__(self, engine: Engine, folder: Path, kept: KeptTail | None = None) -> None:
        self._engine = engine
        done = {name for (name,) in engine.query("SELECT name FROM g.data.segments").rows}
        tail = [segment for segment in segments.found(folder) if segment.name not in done]
        self._alive = sorted(living_processes(folder))
        waiting = [item for item in tail if item.group == "spans" and item.size]
        self._span_files = [item.path for item in waiting]
        event_files = [item.path for item in tail if item.group == "events" and item.size]
        open_spans, running = engine.query(
            "SELECT (SELECT count(*) FROM g.data.open_spans), "
            "(SELECT count(*) FROM g.data.runs WHERE status = 'RUNNING')"
        ).rows[0]
        self._spans_wait = bool(self._span_files or open_spans)
        if self._spans_wait:
            self._kept = kept
            self._of = _moment(folder, waiting, frozenset(done), self._alive)
            self._roll_tail(kept.take_in(engine, waiting) if kept else None)
            self._make_traces()
        if event_files or running:
            _live_events(engine, event_files, self._alive)

    def query(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> Table:
        """See `Reader.query`."""
        if self._spans_wait and _NAMES_SPANS.search(sql):
            self.read_spans()
        return self._engine.query(sql, params)

    def columns(
        self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()
    ) -> Mapping[str, Any]:  # numpy arrays
        """See `Reader.columns`."""
        if self._spans_wait and _NAMES_SPANS.search(sql):
            self.read_spans()
        return self._engine.columns(sql, params)

    def _roll_tail(self, kept: str | None) -> None:
        """The temporary relation ``tail_rolled``: what the tail's spans add to their traces."""
        if kept is None:
            lines.load(self._engine, "read_rolled", self._span_files, lines.ROLLED_SPANS)
            kept = "FROM temp.read_rolled"
        columns = ", ".join(spans.ROLLUP_COLUMNS)
        self._engine.execute(
            f"CREATE TEMP VIEW tail_rolled AS {kept} UNION ALL BY NAME "
            f"SELECT 'start' AS k, {columns} FROM g.data.open_spans"
        )

    def _make_traces(self) -> None:
        """The roll-up of the tail's traces, of the last read if nothing changed, and the views."""
        kept = self._kept
        if kept and kept.has("kept_traces", self._of):
            self._doubles = False
            self._view_rolled("temp.tail_rolled")
            self._view_traces(kept.place("kept_traces"))
            return
        rolled = "temp.tail_rolled"
        self._doubles = has_doubles(self._engine, rolled)
        if self._doubles:
            rolled = "temp.live_rolled"
            self._engine.execute(
                f"CREATE TEMP TABLE live_rolled AS {spans.newest('temp.tail_rolled')}"
            )
        self._view_rolled(rolled)
        trace_rollup(self._engine, "temp.rolled_spans", "live_traces")
        self._view_traces("temp.live_traces")
        if kept and not self._doubles:
            kept.keep(self._engine, "kept_traces", "temp.live_traces", self._of)

    def _view_rolled(self, rolled: str) -> None:
        settled = _settled(spans.ROLLUP_COLUMNS, self._alive)
        self._engine.execute(f"CREATE TEMP VIEW rolled_spans AS SELECT {settled} FROM {rolled}")

    def _view_traces(self, live: str) -> None:
        self._engine.execute(
            f"CREATE TEMP VIEW traces AS SELECT {_TRACE_VIEW} FROM g.data.traces "
            f"WHERE trace_id NOT IN (SELECT trace_id FROM {live}) "
            f"UNION ALL SELECT {_TRACE_VIEW} FROM {live}"
        )

    def read_spans(self) -> None:
        """Reads the rest of the spans: the view ``spans`` is complete from here on.

        Lines written since the traces were rolled up are left out.
        """
        if not self._spans_wait:
            return
        self._spans_wait = False
        kept = self._kept
        for again in (False, True):
            if kept and kept.has("kept_spans", (self._of, again)):
                self._view_spans(kept.place("kept_spans"), again=again)
                return
        lines.load(self._engine, "tail_spans", self._span_files, lines.SPANS)
        self._engine.execute(
            "INSERT INTO temp.tail_spans BY NAME SELECT 'start' AS k, * FROM g.data.open_spans"
        )
        seen = (
            "SELECT t.* FROM temp.tail_spans AS t SEMI JOIN temp.tail_rolled AS r "
            "ON r.trace_id = t.trace_id AND r.span_id = t.span_id AND r.k = t.k"
        )
        rows = spans.newest(f"({seen})") if self._doubles else seen
        self._engine.execute(
            "CREATE TEMP VIEW live_spans AS "
            f"SELECT {_settled(spans.COLUMNS, self._alive)} FROM ({rows})"
        )
        again = self._written_again()
        self._view_spans("temp.live_spans", again=again)
        if kept and sum(path.stat().st_size for path in self._span_files) < _KEPT_BYTES:
            kept.keep(self._engine, "kept_spans", "temp.live_spans", (self._of, again))

    def _view_spans(self, live: str, *, again: bool) -> None:
        """The view ``spans`` over the file and the tail's; `again`: some of these are in both."""
        left_out = (
            f" WHERE (trace_id, span_id) NOT IN (SELECT (trace_id, span_id) FROM {live})"
            if again
            else ""
        )
        self._engine.execute(
            f"CREATE TEMP VIEW spans AS SELECT {_SPAN_VIEW} FROM g.data.spans{left_out} "
            f"UNION ALL SELECT {_SPAN_VIEW} FROM {live}"
        )

    def _written_again(self) -> bool:
        """Whether the tail has spans that are in the file: sent twice, or ended after their process."""
        return bool(
            self._engine.query(
                "SELECT count(*) FROM g.data.spans AS f SEMI JOIN temp.rolled_spans AS n "
                "ON n.trace_id = f.trace_id AND n.span_id = f.span_id "
                "WHERE f.start_ns >= (SELECT min(start_ns) FROM g.data.traces "
                "WHERE trace_id IN (SELECT trace_id FROM temp.rolled_spans))"
            ).rows[0][0]
        )


def _moment(
    folder: Path, tail: Sequence[Segment], done: frozenset[str], alive: list[str]
) -> object:
    """What the tail's rows are made of, to be compared: the journal, the file, who is alive."""
    file, log = folder / FILE, folder / f"{FILE}.wal"
    of_file = [
        (state.st_ino, state.st_size, state.st_mtime_ns)
        for state in (path.stat() for path in (file, log) if path.exists())
    ]
    return [(item.name, item.size) for item in tail], of_file, done, alive


def has_doubles(engine: Engine, rows: str) -> bool:
    """Whether a span has more than one row: begun and ended, or sent twice."""
    ids = "count(*) <> count(DISTINCT (trace_id, span_id))"
    return bool(engine.query(f"SELECT {ids} FROM {rows}").rows[0][0])


def _settled(columns: Sequence[str], alive: list[str]) -> str:
    """The columns, the status of open spans told by whether they can still end.

    A start line carries status ``running``; whose process is gone is ``interrupted``.
    """
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in alive) or "''"
    status = (
        "CASE WHEN k <> 'start' THEN status "
        f"WHEN proc IN ({names}) THEN 'running' ELSE 'interrupted' END AS status"
    )
    return ", ".join(status if name == "status" else name for name in columns)


def trace_rollup(engine: Engine, rows: str, target: str) -> None:
    """Makes the temporary table `target`: the roll-up of every trace that `rows` touches.

    Spans of those traces that are already in the file are taken along; ``temp.touched`` names
    those traces afterwards.
    """
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE touched AS SELECT trace_id, start_ns FROM g.data.traces "
        f"WHERE trace_id IN (SELECT trace_id FROM {rows})"
    )
    engine.execute(f"CREATE OR REPLACE TEMP TABLE {target} AS FROM g.data.traces LIMIT 0")
    _add_rollup(engine, rows, target, "WHERE trace_id NOT IN (SELECT trace_id FROM temp.touched)")
    if not engine.query("SELECT count(*) FROM temp.touched").rows[0][0]:
        return
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE whole AS SELECT {_ROLLUP_COLUMNS} FROM {rows} "
        "WHERE trace_id IN (SELECT trace_id FROM temp.touched) "
        f"UNION ALL SELECT {_ROLLUP_COLUMNS} FROM g.data.spans AS f "
        "WHERE f.start_ns >= (SELECT min(start_ns) FROM temp.touched) "
        "AND f.trace_id IN (SELECT trace_id FROM temp.touched) "
        f"AND NOT EXISTS (SELECT 1 FROM {rows} AS r "
        "WHERE r.trace_id = f.trace_id AND r.span_id = f.span_id)"
    )
    _add_rollup(engine, "temp.whole", target, "")


def _add_rollup(engine: Engine, rows: str, target: str, where: str) -> None:
    """Rolls up those traces of `rows` that the condition keeps."""
    covered = None
    if engine.query(spans.NESTED_USAGE.format(spans=rows)).rows[0][0]:
        engine.execute(
            f"CREATE OR REPLACE TEMP TABLE covered AS {spans.COVERED.format(spans=rows)}"
        )
        covered = "temp.covered"
    source = f"(SELECT * FROM {rows} {where})" if where else rows
    engine.execute(f"INSERT INTO temp.{target} BY NAME {spans.rollup(source, covered)}")


def _live_events(engine: Engine, files: list[Path], alive: list[str]) -> None:
    """Temporary views of the kinds that the tail touches."""
    kinds: set[str] = {"run"}
    if files:
        lines.load(engine, "tail_events", files, lines.EVENTS)
        kinds |= {kind for (kind,) in engine.query("SELECT DISTINCT k FROM tail_events").rows}
    for kind in events.KINDS:
        if files and any(f"'{name}'" in kind.where for name in kinds):
            _live_kind(engine, kind, alive)
        elif kind is events.RUNS:
            engine.execute(
                f"CREATE TEMP VIEW runs AS SELECT {_run_columns(alive)} FROM g.data.runs"
            )


def _live_kind(engine: Engine, kind: events.EventKind, alive: list[str]) -> None:
    both = f"(SELECT * FROM g.data.{kind.table} UNION ALL BY NAME {kind.rows('temp.tail_events')})"
    merged = f"({kind.merged(both)})" if kind.merge else both
    columns = _run_columns(alive) if kind is events.RUNS else _EVENT_VIEWS[kind.table]
    condition = " WHERE value IS NOT NULL" if kind in _REMOVABLE else ""
    engine.execute(f"CREATE TEMP VIEW {kind.table} AS SELECT {columns} FROM {merged}{condition}")


def _run_columns(alive: list[str]) -> str:
    """The columns of ``runs``; a running run of a dead process was interrupted."""
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in alive) or "''"
    status = (
        f"CASE WHEN status = 'RUNNING' AND proc IS NOT NULL AND proc NOT IN ({names}) "
        "THEN 'INTERRUPTED' ELSE status END AS status"
    )
    return _EVENT_VIEWS["runs"].replace("status", status, 1)
