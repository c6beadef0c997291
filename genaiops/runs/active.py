"""The active run: begun, nested, resumed and ended, per context."""

import atexit
import os
import random
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from genaiops.config import settings
from genaiops.errors import ConfigError, ConflictError, NotFoundError
from genaiops.model.run import Run, RunInfo
from genaiops.runs import given, system
from genaiops.runs.experiments import current_experiment, experiment_id_of
from genaiops.runs.journal import masked, write
from genaiops.runs.lines import tag_lines
from genaiops.runs.places import artifact_uri, remember
from genaiops.runs.read import get_run
from genaiops.runs.source import source, user
from genaiops.store import events, proc_id
from genaiops.tracing.context import active_run as run_of_spans
from genaiops.tracing.failure import described
from genaiops.tracing.setup import install

__all__ = [
    "ActiveRun",
    "active_run",
    "begin_detached",
    "check_not_deleted",
    "checked_status",
    "end_run",
    "last_active_run",
    "logged_params",
    "start_run",
]

_STATUSES = ("FINISHED", "FAILED", "KILLED")
_open: dict[str, tuple["ActiveRun", str | None]] = {}
"""Runs begun in this process and not ended, with the id of the run around each."""
_inherited: set[str] = set()
"""Of these, the ones that a parent process begun before it forked: they are its to end."""
_last: list["ActiveRun"] = []
_logged: dict[str, dict[str, str]] = {}
"""By open run, the parameters that this process knows of, as it compares them."""
_ADJECTIVES = "brave calm clever eager gentle keen lucid merry nimble proud quiet rapid steady warm"
_NOUNS = "aspen comet delta ember falcon glade harbor iris lynx maple otter quartz raven tundra"


class ActiveRun(Run):
    """A run that can be used in a ``with`` statement, which ends it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        run_id = self.info.run_id
        if run_id in _open and run_id not in _inherited:  # it may have been ended inside
            _end(self, _status_after(error), error=error)


def start_run(
    run_name: str | None = None,
    *,
    run_id: str | None = None,
    nested: bool = False,
    tags: dict[str, Any] | None = None,
    description: str | None = None,
    log_system_metrics: bool | None = None,
) -> ActiveRun:
    """Begins a run, or goes on with one; spans made meanwhile carry its id.

    Args:
        run_name: Name for people; made up when omitted.
        run_id: Id of a run to go on with.
        nested: Allows a run inside the active one, as its child.
        tags: Tags to set at once.
        description: Text about the run.
        log_system_metrics: Samples CPU, memory, disk, network and GPUs as metrics ``system/…``
            until the run ends; as the setting of that name when None.

    Raises: ConflictError when a run is active and `nested` is not set, or when the run, or the
        current experiment, was deleted; NotFoundError when there is no run of that id;
        ConfigError for arguments of other types.
    """
    given.optional_text(run_name, "run name")
    given.optional_text(description, "description of a run")
    begun_with = given.mapping(tags or {}, "tags")
    sampled = system.wanted(log_system_metrics)
    install()  # threads that the run starts log to it
    outer = active_run()
    if outer is not None and not nested and outer.info.run_id != run_id:
        raise ConflictError(
            f"the run {outer.info.run_id!r} is active: end it with genaiops.end_run(), "
            "or begin a child with start_run(nested=True)"
        )
    earlier = None if run_id is None else get_run(run_id)
    if earlier is None:
        info = _new(run_name, outer)
    else:
        check_not_deleted(earlier.info)
        info = replace(earlier.info, status="RUNNING", end_ns=None)
    run = ActiveRun(info=info)
    lines = tag_lines(info.run_id, begun_with)
    data: dict[str, Any] = {"status": "RUNNING", "proc": proc_id(), "name": run_name}
    if earlier is None:
        data |= _beginning(info)
    _say(info, data | {"description": description})
    write(*lines)
    _open[info.run_id] = (run, run_of_spans.get())
    if earlier is not None:
        known = {key: repr(value) for key, value in earlier.data.params.items()}
        logged_params(info.run_id).update(known)
    _last[:] = [run]
    run_of_spans.set(info.run_id)
    if sampled:
        system.begin(info.run_id)
    return run


def active_run() -> ActiveRun | None:
    """The innermost run of this context, None outside."""
    found = _open.get(run_of_spans.get() or "")
    return None if found is None else found[0]


def last_active_run() -> Run | None:
    """The run that was begun last in this process, as it stands in the store now."""
    if not _last or settings().disabled:
        return None
    try:
        return get_run(_last[0].info.run_id)
    except NotFoundError:
        return None


def end_run(status: str = "FINISHED") -> None:
    """Ends the active run; without one it does nothing.

    Raises: ConfigError for a status that is none of FINISHED, FAILED and KILLED.
    """
    wanted = checked_status(status)
    run = active_run()
    if run is not None:
        _end(run, wanted)


def checked_status(status: str, *, more: tuple[str, ...] = ()) -> str:
    """A status that a run may end with, or of `more`. Raises: ConfigError for another one."""
    if status not in (*_STATUSES, *more):
        allowed = ", ".join((*_STATUSES, *more))
        raise ConfigError(f"a run cannot end as {status!r}: use one of {allowed}")
    return status


def check_not_deleted(info: RunInfo) -> None:
    """Raises ConflictError when the run was deleted."""
    if info.lifecycle_stage != "active":
        raise ConflictError(f"the run {info.run_id!r} was deleted: restore_run() it first")


def logged_params(run_id: str) -> dict[str, str]:
    """What this process knows of an open run's parameters; changes of the dict are kept."""
    return _logged.setdefault(run_id, {}) if run_id in _open else {}


def begin_detached(
    experiment: str,
    experiment_id: str,
    run_name: str | None,
    start_ns: int,
    *,
    parent_run_id: str | None,
    tags: Mapping[str, Any],
) -> RunInfo:
    """Begins a run that is not the active one and that the end of the process does not end."""
    info = replace(
        _new(run_name, None),
        experiment_id=experiment_id,
        start_ns=start_ns,
        parent_run_id=parent_run_id,
    )
    lines = tag_lines(info.run_id, tags)
    data = {"status": "RUNNING"} | _beginning(info)
    filled = {name: value for name, value in data.items() if value is not None}
    write(
        events.encode(
            "run", id=experiment_id, run_id=info.run_id, experiment=experiment, data=filled
        ),
        *lines,
    )
    return info


def _beginning(info: RunInfo) -> dict[str, Any]:
    """What is written of a run once, when it begins."""
    names = ("start_ns", "parent_run_id", "user", "source", "artifact_uri")
    return {"name": info.run_name} | {name: getattr(info, name) for name in names}


def _end(run: ActiveRun, status: str, *, error: BaseException | None = None) -> None:
    _, outer = _open.pop(run.info.run_id, (run, None))
    _logged.pop(run.info.run_id, None)
    if run_of_spans.get() == run.info.run_id:
        run_of_spans.set(outer)
    system.end(run.info.run_id)
    _say(run.info, {"status": status, "end_ns": time.time_ns()})
    if error is not None and status != "FINISHED":
        told = {key: masked(str(value), key) for key, value in described(error).items()}
        write(*tag_lines(run.info.run_id, told))


def _status_after(error: BaseException | None) -> str:
    """How a run ends that this left: leaving the program by ``sys.exit(0)`` is no failure."""
    if error is None or (isinstance(error, SystemExit) and not error.code):
        return "FINISHED"
    return "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"


def _say(info: RunInfo, data: dict[str, Any]) -> None:  # JSON of several types
    filled = {name: value for name, value in data.items() if value is not None}
    begins = "start_ns" in data
    line = events.encode(
        "run",
        id=info.experiment_id if begins else None,
        run_id=info.run_id,
        experiment=current_experiment() if begins else None,
        data=filled,
    )
    write(line)


def _new(run_name: str | None, outer: ActiveRun | None) -> RunInfo:
    run_id = uuid.uuid4().hex
    files = artifact_uri(run_id)
    remember(run_id, files)
    return RunInfo(
        run_id=run_id,
        experiment_id=experiment_id_of(current_experiment()),
        run_name=run_name or _made_up_name(),
        status="RUNNING",
        start_ns=time.time_ns(),
        parent_run_id=None if outer is None else outer.info.run_id,
        user=user(),
        source=source(),
        artifact_uri=files,
    )


def _made_up_name() -> str:
    chosen = random.SystemRandom()
    words = (chosen.choice(_ADJECTIVES.split()), chosen.choice(_NOUNS.split()))
    return f"{'-'.join(words)}-{chosen.randrange(1000)}"


def _end_all() -> None:
    """At exit: ends what nobody ended, by how the program went."""
    interactive = hasattr(sys, "ps1")  # there, an error ends nothing
    error = None if interactive else getattr(sys, "last_value", None)
    for run, _ in reversed(list(_open.values())):
        if run.info.run_id not in _inherited:
            _end(run, _status_after(error), error=error)


atexit.register(_end_all)
os.register_at_fork(after_in_child=lambda: _inherited.update(_open))
