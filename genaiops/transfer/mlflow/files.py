"""Files of MLflow's runs: copied to where ours lie, or left where they are and linked."""

import contextlib
import filecmp
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from genaiops.errors import ConfigError, ConflictError, NotFoundError
from genaiops.runs.places import artifact_uri, place_of, remember
from genaiops.store.artifacts import checked
from genaiops.transfer.mlflow.folders import local_folder
from genaiops.transfer.mlflow.records import File, Run, Source
from genaiops.transfer.tally import Tally

__all__ = ["Artifacts", "bring_files", "place_for"]

Artifacts = Literal["copy", "link", "none"]


def place_for(run: Run, how: Artifacts, beside: Path) -> str | None:
    """Where the files of a new run will lie, None for the store."""
    if how != "link" or not run.artifact_uri:
        return artifact_uri(run.run_id)
    folder = local_folder(run.artifact_uri, beside=beside)
    if folder is not None:
        return folder.absolute().as_uri()
    if urlsplit(run.artifact_uri).scheme.startswith(("mlflow-artifacts", "dbfs", "models", "runs")):
        return artifact_uri(run.run_id)
    return run.artifact_uri


def bring_files(source: Source, run: Run, uri: str | None, tally: Tally) -> None:
    """Copies the files of a run and of its logged models; what is there already is left alone.

    Args:
        source: Which finds the files.
        run: The run.
        uri: Where its files lie with us.
        tally: Counts them, and takes what cannot be copied.
    """
    remember(run.run_id, uri)
    place = place_of(run.run_id)
    there = {path: size for path, size in place.listed(None)}
    for file in _files(source, run, tally):
        tally.add("artifacts")
        try:
            name = checked(file.path)
            with file.local as local:
                size = local.stat().st_size
                if there.get(name) == size and _same(place.fetch(name, Path()), local):
                    continue
                place.put(name, local)
                tally.add("artifacts", 0, 1)
                tally.add("artifact bytes", size, size)
        except (ConfigError, ConflictError, NotFoundError) as error:
            tally.problem(f"run {run.run_id!r}: the artifact {file.path!r} stays out: {error}")


def _files(source: Source, run: Run, tally: Tally) -> Iterator[File]:
    """Files of the run, then those of its models under their names."""
    places = {"": run.artifact_uri, **run.models}
    taken: set[str] = set()
    for name, uri in places.items():
        if not uri:
            continue
        found = source.files(uri, None if name else run.run_id)
        if found is None:
            tally.problem(
                f"run {run.run_id!r}: its files lie at {uri!r}, which is no folder of this "
                "machine: import from the server that has them, or with --artifacts link"
            )
            continue
        for file in found:
            path = f"{name}/{file.path}" if name else file.path
            if path not in taken:
                taken.add(path)
                yield File(path=path, local=file.local)


def _same(kept: Path, local: Path) -> bool:
    with contextlib.suppress(OSError):
        return filecmp.cmp(kept, local, shallow=False)
    return False
