"""Runs deleted and restored; nothing of a deleted run is lost."""

from genaiops.runs.journal import write
from genaiops.runs.read import get_run
from genaiops.store import events

__all__ = ["delete_run", "restore_run"]


def delete_run(run_id: str) -> None:
    """Hides a run from listings and searches until `restore_run`. Raises NotFoundError."""
    _become(run_id, "deleted")


def restore_run(run_id: str) -> None:
    """Takes the deletion of a run back. Raises NotFoundError."""
    _become(run_id, "active")


def _become(run_id: str, lifecycle: str) -> None:
    get_run(run_id)
    write(events.encode("run", run_id=run_id, data={"lifecycle": lifecycle}))
