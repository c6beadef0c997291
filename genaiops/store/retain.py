"""Retention: old traces go, with their spans, assessments and the values that only they named."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genaiops.errors import ConfigError
from genaiops.store import blobs, gate, migrate, segments
from genaiops.store.compact import reached
from genaiops.store.engine import FILE, Engine, opened
from genaiops.store.local import LocalStore

__all__ = ["Retained", "Retention", "retain"]

_REFERENCE = r'_?blob\\*"\s*:\s*\\*"([0-9a-f]{64})'
"""A marker of a value stored aside, as JSON text, also inside JSON text."""

_GRACE_S = 3600.0
"""Values younger than this stay: the span that names them may not be written yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Which traces may stay.

    Attributes:
        days: Traces that ended longer ago go; a trace that still runs stays.
        max_bytes: The oldest traces go until about that many bytes of rows and values are left.
        experiment: Only traces of this experiment are looked at.
    """

    days: float | None = None
    max_bytes: int | None = None
    experiment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """What was deleted, or would be when `dry_run`."""

    traces: int
    spans: int
    assessments: int
    blobs: int
    blob_bytes: int
    dry_run: bool


def retain(
    store: LocalStore, policy: Retention, *, dry_run: bool = False, timeout_s: float = 30.0
) -> Retained:
    """Deletes what the policy lets go, in one transaction; the file shrinks with the next vacuum.

    Runs, metrics, prompts and datasets stay. What is still in the journal is compacted before.
    Raises: ConfigError for a policy that says nothing, StoreError, StoreBusyError.
    """
    _check(policy)
    folder = store.folder
    if not folder.is_dir():
        return Retained(traces=0, spans=0, assessments=0, blobs=0, blob_bytes=0, dry_run=dry_run)
    if not dry_run:
        while store.compact().remaining:
            pass
    with gate.hold(folder / "maintainer.lock", timeout_s=timeout_s):
        before_s = time.time() - _GRACE_S
        unused = {digest: path for digest, path in blobs.found(folder) if _older(path, before_s)}
        counts = [0, 0, 0]
        if (folder / FILE).exists():
            shut = gate.shared if dry_run else gate.exclusive
            with shut(folder, timeout_s=timeout_s), opened(folder, read_only=dry_run) as engine:
                migrate.check(engine, folder)
                _choose(engine, policy, sum(path.stat().st_size for path in unused.values()))
                counts = _counts(engine)
                _forget_used(engine, folder, unused)
                if not dry_run:
                    _delete(engine)
        else:
            _forget_tail(folder, unused)
        reached("retain-blobs")
        size = sum(path.stat().st_size for path in unused.values())
        if not dry_run:
            for path in unused.values():
                blobs.remove_unused(path, before_s=before_s)
    return Retained(
        traces=counts[0],
        spans=counts[1],
        assessments=counts[2],
        blobs=len(unused),
        blob_bytes=size,
        dry_run=dry_run,
    )


def _check(policy: Retention) -> None:
    if policy.days is None and policy.max_bytes is None:
        raise ConfigError("the retention says nothing: give days, max_bytes or both")
    for name, value in (("days", policy.days), ("max_bytes", policy.max_bytes)):
        if value is not None and value < 0:
            raise ConfigError(f"the retention has {name}={value!r}: use a number from 0")


def _choose(engine: Engine, policy: Retention, blob_bytes: int) -> None:
    """Makes ``temp.gone``: the traces that go."""
    where = "status IS DISTINCT FROM 'running' AND trace_id NOT IN (SELECT trace_id FROM open)"
    params: list[Any] = []
    if policy.experiment is not None:
        where += " AND experiment = ?"
        params.append(policy.experiment)
    too_old, too_much = "false", "false"
    if policy.days is not None:
        too_old = "coalesce(end_ns, start_ns, 0) < ?"
        params.append(time.time_ns() - int(policy.days * 86_400 * 10**9))
    if policy.max_bytes is not None:
        too_much = "n_newer > ?"
        params.append(_spans_within(engine, policy.max_bytes, blob_bytes))
    engine.execute(
        "CREATE TEMP TABLE gone AS "
        "WITH open AS (SELECT trace_id FROM g.data.open_spans), "
        "mine AS (SELECT *, sum(n_spans) OVER (ORDER BY start_ns DESC, trace_id) AS n_newer "
        f"FROM g.data.traces WHERE {where}) "
        f"SELECT trace_id FROM mine WHERE {too_old} OR {too_much}",
        params,
    )


def _spans_within(engine: Engine, max_bytes: int, blob_bytes: int) -> int:
    """How many spans of average size fit; rows deleted since the last vacuum do not count."""
    live, written = engine.query(
        "SELECT count(*), coalesce(max(rowid) + 1, 0) FROM g.data.spans"
    ).rows[0]
    if not live:
        return 0
    size = engine.query(
        "SELECT used_blocks * block_size FROM pragma_database_size() WHERE database_name = 'g'"
    ).rows[0][0]
    share = size * min(1.0, live / max(written, live)) + blob_bytes
    return int(max_bytes / (share / live))


def _counts(engine: Engine) -> list[int]:
    """Traces, spans and assessments that go."""
    return [
        int(
            engine.query(
                f"SELECT count(*) FROM {table} WHERE trace_id IN (SELECT trace_id FROM temp.gone)"
            ).rows[0][0]
        )
        for table in ("g.data.traces", "g.data.spans", "g.data.assessments")
    ]


def _delete(engine: Engine) -> None:
    engine.execute("BEGIN")
    for table in ("spans", "traces", "assessments"):
        engine.execute(
            f"DELETE FROM g.data.{table} WHERE trace_id IN (SELECT trace_id FROM temp.gone)"
        )
    reached("retain-delete")
    engine.execute("COMMIT")
    engine.execute("CHECKPOINT g")  # before any value goes: a lost log brings the rows back


def _forget_used(engine: Engine, folder: Path, unused: dict[str, Path]) -> None:
    """Takes every value that a staying row or a journal line names out of `unused`."""
    _forget_tail(folder, unused)
    columns = engine.query(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = 'g' AND schema_name = 'data' "
        "AND data_type IN ('VARCHAR', 'JSON', 'VARIANT')"
    ).rows
    for table, column, kind in columns:
        if not unused:
            return
        text = f'"{column}"::JSON::VARCHAR' if kind == "VARIANT" else f'"{column}"::VARCHAR'
        stays = ""
        if table in ("spans", "traces", "assessments"):
            stays = "AND trace_id NOT IN (SELECT trace_id FROM temp.gone)"
        found = engine.query(
            f"SELECT DISTINCT unnest(regexp_extract_all({text}, ?, 1)) "
            f"FROM g.data.\"{table}\" WHERE contains({text}, 'blob') {stays}",
            [_REFERENCE],
        )
        _forget(unused, [digest for (digest,) in found.rows])


def _forget_tail(folder: Path, unused: dict[str, Path]) -> None:
    for segment in segments.found(folder):
        text = segment.path.read_bytes().decode("utf-8", errors="replace")
        _forget(unused, re.findall(_REFERENCE, text))


def _forget(unused: dict[str, Path], digests: Sequence[str]) -> None:
    for digest in digests:
        unused.pop(digest, None)


def _older(path: Path, before_s: float) -> bool:
    try:
        return path.stat().st_mtime < before_s
    except FileNotFoundError:
        return False
