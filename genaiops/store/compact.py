"""Compaction: sealed segments become rows of the database, exactly once.

One transaction inserts the rows and writes the segments' names into the ledger; a segment is
deleted only after the checkpoint that holds its rows. Killed anywhere in between, the next round
finds either nothing of the segment in the file, or its name in the ledger.
"""

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

from genaiops.errors import StoreError
from genaiops.store import gate, lines, live, migrate, pricing, segments
from genaiops.store.base import CompactStats
from genaiops.store.engine import FILE, Engine, attach, in_memory
from genaiops.store.journal import living_processes
from genaiops.store.rows import events, spans
from genaiops.store.segments import Segment

__all__ = ["compact", "reached"]

_SPAN_COLUMNS = ", ".join(spans.COLUMNS)
_LEFT_OVER_S = 3600.0
"""Hidden files older than this were left by a killed program."""
_KEEP_LEDGER_NS = 7 * 86_400 * 10**9


def reached(point: str) -> None:
    """Called at each point where a crash would hurt most; the fault tests replace it.

    Points: ``insert``, ``commit``, ``checkpoint``, ``unlink``.
    """


def compact(folder: Path, *, budget_bytes: int, timeout_s: float = 10.0) -> CompactStats:
    """Moves sealed segments of up to `budget_bytes` into the database.

    Does nothing while another process is the maintainer.
    Raises: StoreError when the database cannot be written; the segments stay.
    """
    with gate.try_lock(folder / "maintainer.lock") as ours:
        if not ours:
            return CompactStats(remaining=len(segments.found(folder)))
        segments.sweep(folder, older_than_s=_LEFT_OVER_S)
        try:
            return _round(folder, budget_bytes, timeout_s)
        except OSError as error:
            raise StoreError(
                f"the store {str(folder)!r} cannot be compacted: {error.strerror}: "
                "the journal keeps everything"
            ) from error


def _round(folder: Path, budget_bytes: int, timeout_s: float) -> CompactStats:
    everything = segments.found(folder)
    sealed = segments.sealed(everything)
    batch: list[Segment] = []
    size = 0
    for segment in sealed:
        if batch and size + segment.size > budget_bytes:
            break
        batch.append(segment)
        size += segment.size
    if not batch:
        return CompactStats()
    engine = in_memory(folder)
    try:
        bad = _stage(engine, folder, batch)
        with gate.exclusive(folder, timeout_s=timeout_s):
            _attach_current(engine, folder)
            fresh = _not_in_ledger(engine, batch)
            if len(fresh) != len(batch):
                bad = _stage(engine, folder, fresh)
            rows = _load(engine, folder, fresh, bad) if fresh else 0
            reached("checkpoint")
            engine.execute("CHECKPOINT g")
            engine.connection.close()
            reached("unlink")
            for segment in batch:
                with contextlib.suppress(FileNotFoundError):
                    segment.path.unlink()
    finally:
        engine.connection.close()
    return CompactStats(
        segments=len(batch),
        rows=rows,
        bad_lines=sum(bad.values()),
        remaining=len(sealed) - len(batch),
    )


def _attach_current(engine: Engine, folder: Path) -> None:
    """Attaches the file for writing, created or migrated where needed."""
    if (folder / FILE).exists():
        attach(engine, folder, read_only=False)
        if migrate.check(engine, folder):
            return
        engine.execute("USE memory; DETACH g")
    migrate.ensure(folder)
    attach(engine, folder, read_only=False)


def _stage(engine: Engine, folder: Path, batch: Sequence[Segment]) -> dict[str, int]:
    """Parses the lines into temporary tables, outside the gate; lines that are bad, by segment."""
    bad: dict[str, int] = {}
    for kind in (lines.SPANS, lines.EVENTS):
        table = f"staged_{kind.group}"
        files = [segment for segment in batch if segment.group == kind.group]
        filled = [segment.path for segment in files if segment.size]
        refused = lines.load(engine, table, filled, kind)
        read = engine.query(f"SELECT count(*) FROM temp.{table}").rows[0][0]
        if read != sum(segments.count_lines(path) for path in filled):
            aside = frozenset(refused)
            bad |= {item.name: lines.quarantine(folder, item, aside) for item in files}
    if live.has_doubles(engine, "temp.staged_spans"):
        engine.execute(
            f"CREATE TEMP TABLE newest AS {spans.newest('temp.staged_spans')}; "
            "DROP TABLE temp.staged_spans; ALTER TABLE temp.newest RENAME TO staged_spans"
        )
    pricing.fill(engine, "temp.staged_spans", pricing.PriceBook(folder))
    return bad


def _not_in_ledger(engine: Engine, batch: Sequence[Segment]) -> list[Segment]:
    """Those whose rows are not in the file yet: a crash may have come between commit and unlink."""
    names = [segment.name for segment in batch]
    known = engine.query(
        "SELECT name FROM g.data.segments WHERE name IN (SELECT unnest(?))", [names]
    )
    stored = {name for (name,) in known.rows}
    return [segment for segment in batch if segment.name not in stored]


def _load(engine: Engine, folder: Path, batch: Sequence[Segment], bad: dict[str, int]) -> int:
    """One transaction: rows, roll-ups and the ledger; the number of rows."""
    engine.execute("SET checkpoint_threshold = '1KB'")
    engine.execute("BEGIN")
    rows = _load_spans(engine, sorted(living_processes(folder)))
    rows += _load_events(engine)
    reached("insert")
    now = time.time_ns()
    engine.connection.executemany(
        "INSERT INTO g.data.segments VALUES (?, ?, ?, ?, ?)",
        [[item.name, None, bad.get(item.name, 0), item.size, now] for item in batch],
    )
    engine.execute("DELETE FROM g.data.segments WHERE done_ns < ?", [now - _KEEP_LEDGER_NS])
    engine.execute("COMMIT")
    reached("commit")
    return rows


def _load_spans(engine: Engine, alive: list[str]) -> int:
    """Spans, open spans and the traces they touch."""
    _settle_open(engine, alive)
    engine.execute(
        "DELETE FROM g.data.spans AS s USING temp.staged_spans AS e "
        "WHERE s.start_ns >= (SELECT min(start_ns) FROM temp.staged_spans) "
        "AND s.trace_id = e.trace_id AND s.span_id = e.span_id"
    )
    live.trace_rollup(engine, "temp.staged_spans", "rolled")
    engine.execute(
        f"INSERT INTO g.data.spans BY NAME SELECT {_SPAN_COLUMNS} FROM temp.staged_spans "
        "ORDER BY start_ns"
    )
    engine.execute(
        "DELETE FROM g.data.traces WHERE trace_id IN (SELECT trace_id FROM temp.touched)"
    )
    engine.execute("INSERT INTO g.data.traces BY NAME FROM temp.rolled ORDER BY start_ns")
    return int(engine.query("SELECT count(*) FROM temp.staged_spans").rows[0][0])


def _settle_open(engine: Engine, alive: list[str]) -> None:
    """Leaves ended and interrupted spans in the batch, and keeps those that can still end apart."""
    begun = engine.query(
        "SELECT (SELECT count(*) FROM g.data.open_spans) "
        "+ (SELECT count(*) FROM temp.staged_spans WHERE k = 'start')"
    )
    if not begun.rows[0][0]:
        return
    engine.execute(
        "INSERT INTO temp.staged_spans BY NAME SELECT 'start' AS k, * FROM g.data.open_spans AS o "
        "WHERE NOT EXISTS (SELECT 1 FROM temp.staged_spans AS n "
        "WHERE n.trace_id = o.trace_id AND n.span_id = o.span_id)"
    )
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in alive) or "''"
    waiting = f"k = 'start' AND proc IN ({names})"
    engine.execute("DELETE FROM g.data.open_spans")
    engine.execute(
        f"INSERT INTO g.data.open_spans BY NAME SELECT {_SPAN_COLUMNS} FROM temp.staged_spans "
        f"WHERE {waiting}"
    )
    engine.execute(f"DELETE FROM temp.staged_spans WHERE {waiting}")
    engine.execute("UPDATE temp.staged_spans SET status = 'interrupted' WHERE k = 'start'")


def _load_events(engine: Engine) -> int:
    """Each kind: rows of the batch merged with the rows of the same things in the file."""
    kinds = {kind for (kind,) in engine.query("SELECT DISTINCT k FROM temp.staged_events").rows}
    for kind in events.KINDS:
        if not any(name and f"'{name}'" in kind.where for name in kinds):
            continue
        table = f"g.data.{kind.table}"
        rows = kind.rows("temp.staged_events")
        if not kind.merge:
            engine.execute(f"INSERT INTO {table} BY NAME {rows}")
            continue
        engine.execute(f"CREATE OR REPLACE TEMP TABLE batch AS {rows}")
        same = " AND ".join(f"t.{key} = b.{key}" for key in kind.keys.split(", "))
        engine.execute(
            "CREATE OR REPLACE TEMP TABLE merged AS "
            + kind.merged(
                f"(SELECT * FROM temp.batch UNION ALL BY NAME SELECT * FROM {table} AS t "
                f"WHERE EXISTS (SELECT 1 FROM temp.batch AS b WHERE {same}))"
            )
        )
        engine.execute(f"DELETE FROM {table} AS t USING temp.batch AS b WHERE {same}")
        engine.execute(f"INSERT INTO {table} BY NAME FROM temp.merged")
    return int(engine.query("SELECT count(*) FROM temp.staged_events").rows[0][0])
