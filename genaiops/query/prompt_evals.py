"""Which evaluation judged which version of a prompt, and two of them row by row.

An evaluation belongs to a version when the traces of its rows used that version of the prompt and
no other one of it. Those that a search for better prompts made on the way do not count, nor do those
that were deleted.
"""

from collections.abc import Mapping, Set as AbstractSet
from dataclasses import dataclass

from genaiops.query import evals
from genaiops.query.evals import EvalRun
from genaiops.query.ids import resolve
from genaiops.query.judges import falling_of
from genaiops.store import current_store
from genaiops.store.base import Reader

__all__ = ["SEARCH_TAG", "Evaluations", "newest", "paired", "read_newest"]

SEARCH_TAG = "genaiops.search"
"""Tag of a run that looks for better prompts: the evaluations in it chose, so they prove nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluations:
    """The finished evaluations of a prompt.

    Attributes:
        newest: The newest one of each version.
        versions: The versions that each run used, newest run first.
    """

    newest: Mapping[int, EvalRun]
    versions: Mapping[str, tuple[int, ...]]

    def version_of(self, run_id: str) -> int | None:
        """The one version that the run judged; None when there is no such or more than one."""
        found = self.versions.get(run_id, ())
        return found[0] if len(found) == 1 else None


def newest(name: str) -> Evaluations:
    """The evaluations of a prompt. Raises StoreError."""
    with current_store().read() as reader:
        return read_newest(reader, name)


def read_newest(reader: Reader, name: str) -> Evaluations:
    """The same for a question that has the store open already."""
    rows = reader.query(
        """
        WITH used AS (
          SELECT DISTINCT trace_id, prompt_version
          FROM spans
          WHERE prompt_name = ?
          AND prompt_version IS NOT NULL
        )
        SELECT r.run_id, list(DISTINCT used.prompt_version) AS versions
        FROM eval_rows AS e
        JOIN used ON used.trace_id = e.trace_id
        JOIN runs AS r ON r.run_id = e.run_id
        WHERE r.status = 'FINISHED'
        AND r.lifecycle = 'active'
        AND NOT EXISTS (
          SELECT 1 FROM run_tags AS t WHERE t.run_id = r.parent_run_id AND t.key = ?
        )
        GROUP BY r.run_id, r.start_ns
        ORDER BY r.start_ns DESC, r.run_id
        """,
        [name, SEARCH_TAG],
    ).rows
    versions = {run_id: tuple(sorted(found)) for run_id, found in rows}
    wanted: dict[int, str] = {}
    for run_id, found in versions.items():
        if len(found) == 1:
            wanted.setdefault(found[0], run_id)
    runs = evals.read_runs(reader, list(wanted.values())) if wanted else {}
    return Evaluations(
        newest={version: runs[run_id] for version, run_id in wanted.items()}, versions=versions
    )


def paired(
    run_id: str, other: str
) -> tuple[dict[str, list[tuple[float, float]]], AbstractSet[str]]:
    """For each judge of both runs, its numbers on the rows that both judged (repeats: the mean).

    Returns: The pairs by judge, and the judges that call less better.
    Raises: NotFoundError, StoreError.
    """
    with current_store().read() as reader:
        one, two = resolve(reader, "run", run_id), resolve(reader, "run", other)
        rows = reader.query(
            """
            WITH judged AS (
              SELECT run_id, judge, row_id, avg(number) AS number
              FROM eval_rows
              WHERE run_id IN (?, ?)
              AND isfinite(number)
              GROUP BY run_id, judge, row_id
            )
            SELECT a.judge, a.number, b.number
            FROM judged AS a
            JOIN judged AS b ON b.judge = a.judge AND b.row_id = a.row_id
            WHERE a.run_id = ?
            AND b.run_id = ?
            ORDER BY a.judge, a.row_id
            """,
            [one, two, one, two],
        ).rows
        falling = falling_of(reader, one)
    found: dict[str, list[tuple[float, float]]] = {}
    for judge, mine, theirs in rows:
        found.setdefault(judge, []).append((mine, theirs))
    return found, falling
