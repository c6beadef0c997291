"""`genaiops import tensorboard`: each folder with event files becomes a run."""

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from genaiops.config import settings
from genaiops.errors import ConfigError, ConflictError, NotFoundError
from genaiops.runs.lines import metric_lines
from genaiops.runs.places import artifact_uri, place_of, remember
from genaiops.store import LocalStore, current_store, events, gate
from genaiops.store.artifacts import checked
from genaiops.transfer.journal import append, settle
from genaiops.transfer.points import Point, Points, stored_points
from genaiops.transfer.tally import Imported, Progress, Tally
from genaiops.transfer.tensorboard.events import (
    Event,
    Image,
    LeftOut,
    Params,
    Scalar,
    Text,
    read_event,
)
from genaiops.transfer.tensorboard.wire import Damaged, records

__all__ = ["import_tensorboard"]

_LOCK_S = 5.0
_PAUSE_S = 1.0


def import_tensorboard(
    source: str | Path,
    *,
    experiment: str | None = None,
    watch: Callable[[], bool] | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Brings scalars, texts, images and hyperparameters in; a second time adds only what is new.

    Each folder with event files is a run, whose id is made of the folder's full path. Values are
    the 32-bit numbers that TensorBoard keeps.

    Args:
        source: A log directory.
        experiment: Name of the experiment; that of the folder when omitted.
        watch: Called about once a second; as long as it says True, what is written meanwhile is
            brought in too, and runs stay RUNNING.
        progress: Called as it goes.

    Raises: NotFoundError without such a folder, ConfigError when it has no event files,
        StoreError, StoreBusyError while another import is at work.
    """
    root = Path(source).expanduser()
    if not root.is_dir():
        raise NotFoundError(f"there is no folder {str(root)!r}: give a TensorBoard log directory")
    if settings().disabled:
        raise ConfigError("genaiops is switched off by GENAIOPS_DISABLED: nothing can be imported")
    store, tally = current_store(), Tally(progress=progress)
    store.prepare()
    with gate.hold(store.folder / "import.lock", timeout_s=_LOCK_S):
        settle(store)
        writer = _Writer(store, tally, root, experiment or root.resolve().name or "tensorboard")
        writer.look(ended=watch is None)
        if not writer.runs and watch is None:
            raise ConfigError(f"{str(root)!r} has no event files (events.out.tfevents.*)")
        while watch is not None and watch():
            time.sleep(_PAUSE_S)
            writer.look(ended=False)
        if watch is not None:
            writer.look(ended=True)
        settle(store)
    kinds = [f"{kind} ({count})" for kind, count in sorted(writer.left_out.items())]
    if kinds:
        tally.problem(f"left out, since there is no place for them: {', '.join(kinds)}")
    return Imported(counts=tally.counts, checksum="", equal_runs=0, problems=tuple(tally.problems))


@dataclass(slots=True)
class _Run:
    """A folder of event files and how far it was read."""

    run_id: str
    name: str
    offsets: dict[Path, int] = field(default_factory=dict[Path, int])
    damaged: set[Path] = field(default_factory=set[Path])
    first_ns: int = 0
    last_ns: int = 0
    begun: bool = False
    ended: bool = False
    before: Points | None = None


class _Writer:
    def __init__(self, store: LocalStore, tally: Tally, root: Path, experiment: str) -> None:
        self._store = store
        self._tally = tally
        self._root = root
        self._experiment = experiment
        self.runs: dict[Path, _Run] = {}
        self.left_out: dict[str, int] = {}
        with store.read() as reader:
            self._known = {
                run_id: (status, uri)
                for run_id, status, uri in reader.query(
                    "SELECT run_id, status, artifact_uri FROM runs"
                ).rows
            }
            found = reader.query(
                "SELECT experiment_id FROM experiments WHERE name = ? ORDER BY state LIMIT 1",
                [experiment],
            ).rows
        self._experiment_id = found[0][0] if found else events.experiment_id(experiment)

    def look(self, *, ended: bool) -> None:
        """Reads what is new in every folder."""
        for folder, files in _folders(self._root):
            run = self.runs.get(folder)
            if run is None:
                run = self.runs[folder] = self._first(folder)
            self._read(run, files)
        for run in self.runs.values():
            if ended and run.begun and not run.ended:
                run.ended = True
                self._end(run)
        self._tally.tell("runs")

    def _first(self, folder: Path) -> _Run:
        place = folder.resolve()
        run_id = hashlib.sha256(f"tensorboard\0{place}".encode(errors="replace")).hexdigest()[:32]
        below = folder.relative_to(self._root).as_posix()
        run = _Run(run_id, place.name if below == "." else below)
        if run_id in self._known:
            run.before = stored_points(self._store, [run_id]).get(run_id)
            remember(run_id, self._known[run_id][1])
        else:
            remember(run_id, artifact_uri(run_id))
        self._tally.add("runs", new=run_id not in self._known)
        return run

    def _read(self, run: _Run, files: list[Path]) -> None:
        points: list[Point] = []
        others: list[Params | Text | Image] = []
        for event in self._events(run, files):
            if isinstance(event, Scalar):
                points.append((event.tag or "value", event.step, event.ts_ns, event.value))
                run.first_ns = min(run.first_ns or event.ts_ns, event.ts_ns)
                run.last_ns = max(run.last_ns, event.ts_ns)
            elif isinstance(event, LeftOut):
                self.left_out[event.kind] = self.left_out.get(event.kind, 0) + 1
            else:
                others.append(event)
        if run.begun and not points and not others:
            return
        self._begin(run)
        for event in others:
            self._keep(run, event)
        new = Points.of(points).lacking(run.before)
        self._tally.add("metrics", len(points), len(new))
        append(self._store, "events", metric_lines(run.run_id, new))

    def _events(self, run: _Run, files: list[Path]) -> Iterator[Event]:
        for path in files:
            if path in run.damaged:
                continue
            try:
                for offset, data in records(path, run.offsets.get(path, 0)):
                    yield from read_event(data)
                    run.offsets[path] = offset
            except Damaged as error:
                run.damaged.add(path)
                self._tally.problem(f"{path}: {error}: what follows in this file stays out")
            except OSError as error:
                run.damaged.add(path)
                self._tally.problem(f"{path} cannot be read: {error.strerror}")

    def _begin(self, run: _Run) -> None:
        if run.begun:
            return
        run.begun = True
        if run.run_id not in self._known:
            start_ns = run.first_ns or time.time_ns()
            data = {
                "name": run.name,
                "status": "RUNNING",
                "start_ns": start_ns,
                "source": {"command": f"tensorboard {self._root}"},
                "artifact_uri": artifact_uri(run.run_id),
            }
            line = events.encode(
                "run",
                id=self._experiment_id,
                run_id=run.run_id,
                experiment=self._experiment,
                ts_ns=start_ns,
                data={key: value for key, value in data.items() if value is not None},
            )
            append(self._store, "events", [line])

    def _end(self, run: _Run) -> None:
        status = self._known.get(run.run_id, ("RUNNING", None))[0]
        if status not in ("RUNNING", "INTERRUPTED"):
            return
        end_ns = run.last_ns or time.time_ns()
        data = {"status": "FINISHED", "end_ns": end_ns}
        line = events.encode("run", run_id=run.run_id, ts_ns=end_ns + 1, data=data)
        append(self._store, "events", [line])

    def _keep(self, run: _Run, event: Params | Text | Image) -> None:
        if isinstance(event, Params):
            lines = [
                events.encode("param", run_id=run.run_id, key=key, value=value, ts_ns=run.first_ns)
                for key, value in event.values.items()
            ]
            self._tally.add("params", len(lines), 0 if run.run_id in self._known else len(lines))
            if run.run_id not in self._known:
                append(self._store, "events", lines)
            return
        name = re.sub(r"[^\w./-]+", "_", event.tag).strip("./") or "untitled"
        if isinstance(event, Text):
            path, data = f"text/{name}/{event.step}.md", event.text.encode(errors="replace")
        else:
            path = f"images/{name}/{event.step}-{event.number}{_ending(event.data)}"
            data = event.data
        place = place_of(run.run_id)
        try:
            there = {item for item, _ in place.listed(None)}
            place.put(checked(path), data)
            self._tally.add("artifacts", new=checked(path) not in there)
        except (ConfigError, ConflictError) as error:
            self._tally.problem(f"run {run.name!r}: {path!r} stays out: {error}")


def _folders(root: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Folders with event files, and these in order of their names, which begin with a time."""
    found: dict[Path, list[Path]] = {}
    for path in sorted(root.rglob("*tfevents*")):
        if path.is_file() and not path.is_symlink():
            found.setdefault(path.parent, []).append(path)
    yield from found.items()


def _ending(data: bytes) -> str:
    if data.startswith(b"\xff\xd8"):
        return ".jpg"
    return ".gif" if data.startswith(b"GIF8") else ".png"
