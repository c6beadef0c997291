"""`genaiops import mlflow`: everything a store of MLflow has, once, however often it is asked."""

import hashlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from genaiops.config import settings
from genaiops.errors import ConfigError, NotFoundError
from genaiops.store import LocalStore, current_store, gate
from genaiops.transfer.journal import append, settle
from genaiops.transfer.mlflow import database, folder, server
from genaiops.transfer.mlflow.experiments import Home, bring_experiments
from genaiops.transfer.mlflow.files import Artifacts, bring_files, place_for
from genaiops.transfer.mlflow.records import Run, Source
from genaiops.transfer.mlflow.registry import bring_registry
from genaiops.transfer.mlflow.runs import Known, RunLines, refused, stored
from genaiops.transfer.mlflow.traces import bring_traces
from genaiops.transfer.tally import Imported, Progress, Tally

__all__ = ["import_mlflow"]

_LOCK_S = 5.0
_CHECKED_AT_ONCE = 200


def import_mlflow(
    source: str | Path, *, artifacts: Artifacts = "copy", progress: Progress | None = None
) -> Imported:
    """Brings everything in that a store of MLflow has; what is here already is never changed.

    One that broke off, by a kill too, is completed by the next one; a second one adds nothing.

    Args:
        source: An ``mlflow.db`` or ``sqlite:///`` and its path, an ``mlruns`` folder, or the URL
            of a tracking server. It is only read.
        artifacts: ``copy`` keeps the files of runs with ours; ``link`` leaves them where they are
            and reads them there; ``none`` leaves them out.
        progress: Called as it goes.

    Raises: NotFoundError without such a source, ConfigError for one that is no store of MLflow,
        StoreError when the store cannot be written, StoreBusyError while another import is at
        work.
    """
    if settings().disabled:
        raise ConfigError("genaiops is switched off by GENAIOPS_DISABLED: nothing can be imported")
    store = current_store()
    tally = Tally(progress=progress)
    with _opened(str(source)) as found:
        experiments = found.experiments()
        store.prepare()
        with gate.hold(store.folder / "import.lock", timeout_s=_LOCK_S):
            settle(store)
            homes = bring_experiments(store, experiments, tally)
            writer = _bring_runs(found, store, homes, artifacts, tally, _beside(str(source)))
            bring_registry(found, tally)
            bring_traces(found, store, homes, tally)
            settle(store)
    told = hashlib.sha256(repr(sorted(writer.sums.items())).encode()).hexdigest()
    return Imported(
        counts=tally.counts,
        checksum=told,
        equal_runs=_equal(store, writer.sums),
        problems=tuple(tally.problems),
    )


def _opened(source: str) -> AbstractContextManager[Source]:
    """The source that the text names. Raises NotFoundError, ConfigError."""
    scheme = urlsplit(source).scheme.lower() if ":" in source else ""
    if scheme in ("http", "https"):
        return server.opened(source)
    if "://" in source and scheme not in ("sqlite", "file"):
        raise ConfigError(
            f"MLflow's store {source!r} cannot be read directly: start `mlflow server "
            f"--backend-store-uri {source}` and import from its http:// address"
        )
    path = _path(source)
    if not path.exists():
        raise NotFoundError(
            f"there is no file {str(path)!r}: give an mlflow.db, an mlruns folder or a server"
        )
    return folder.opened(path) if path.is_dir() else database.opened(path)


def _path(source: str) -> Path:
    if source.startswith("sqlite:///"):
        return Path(source.removeprefix("sqlite:///").partition("?")[0])
    if source.startswith("file:"):
        return Path(unquote(urlsplit(source).path))
    return Path(source).expanduser()


def _beside(source: str) -> Path:
    """Where relative folders of artifacts are looked for."""
    return Path() if source.startswith("http") else _path(source).resolve().parent


def _bring_runs(
    source: Source,
    store: LocalStore,
    homes: Mapping[str, Home],
    artifacts: Artifacts,
    tally: Tally,
    beside: Path,
) -> RunLines:
    """Writes what the store lacks of runs; what was written, and the sums."""
    with store.read() as reader:
        rows = reader.query("SELECT run_id, status, lifecycle, artifact_uri FROM runs").rows
    known = {run_id: Known(*facts) for run_id, *facts in rows}
    writer, total = RunLines(homes, known, tally), source.count_runs()
    for group in source.runs():
        runs = [run for run in group if not _refuse(run, tally)]
        there = [run.run_id for run in runs if run.run_id in known]
        before = stored(store, there) if there else {}
        places = {run.run_id: _place(run, known, artifacts, beside) for run in runs}
        append(
            store,
            "events",
            (
                line
                for run in runs
                for line in writer.of(run, places[run.run_id], before.get(run.run_id))
            ),
        )
        for run in runs:
            if artifacts == "copy":
                bring_files(source, run, places[run.run_id], tally)
        tally.tell("runs", total)
    return writer


def _refuse(run: Run, tally: Tally) -> bool:
    reason = refused(run)
    if reason is not None:
        tally.problem(f"run {run.run_id!r} stays out: {reason}")
    return reason is not None


def _place(run: Run, known: Mapping[str, Known], artifacts: Artifacts, beside: Path) -> str | None:
    there = known.get(run.run_id)
    return place_for(run, artifacts, beside) if there is None else there.artifact_uri


def _equal(store: LocalStore, sums: Mapping[str, str]) -> int:
    """How many runs are, read back from the store, exactly what the source has."""
    equal, ids = 0, list(sums)
    for at in range(0, len(ids), _CHECKED_AT_ONCE):
        found = stored(store, ids[at : at + _CHECKED_AT_ONCE])
        equal += sum(values.digest == sums[run_id] for run_id, values in found.items())
    return equal
