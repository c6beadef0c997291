"""``executor="ray"``: `predict_fn` on a Ray cluster, a task a row; judges and the journal stay here.

A worker writes nothing: the lines of a row's trace come back with its prediction and go into this
program's journal, so the cluster needs no folder that its machines share, and a row whose worker
died leaves nothing behind when Ray tries it again.
"""

import asyncio
import hashlib
import importlib
import importlib.util
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from genaiops.config import Settings, configure, settings
from genaiops.errors import EvalError
from genaiops.eval.case import Prediction, Row
from genaiops.eval.retrieved import watching
from genaiops.eval.task import PredictFn, predict
from genaiops.store import LocalStore, current_store, lend_store
from genaiops.store.base import Group
from genaiops.tracing.context import active_run

__all__ = ["Cluster", "Made", "check_executor", "cluster_of"]

_RETRIES = 3  # of a row whose worker died


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a worker gives back: a prediction, and what is to be stored of its trace."""

    prediction: Prediction
    lines: Sequence[tuple[Group, bytes]] = ()
    blobs: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What is the same for all rows."""

    run_id: str
    timeout_s: float
    settings: Mapping[str, Any]


def check_executor(executor: object) -> None:
    """Finds an executor that cannot be used before anything is paid for. Raises EvalError."""
    if executor is None:
        return
    if not isinstance(executor, str) or executor.partition(":")[0] != "ray":
        raise EvalError(
            f"executor is {executor!r}: use None, 'ray', or 'ray://host:port' for a cluster"
        )
    if importlib.util.find_spec("ray") is None:
        raise EvalError(
            f"executor={executor!r} needs Ray, which is not installed: pip install 'genaiops[ray]'"
        )


class Cluster:
    """A Ray cluster that calls one function.

    Attributes:
        cpus: Of the whole cluster.
    """

    def __init__(self, ray: Any, fn: PredictFn, run_id: str, timeout_s: float) -> None:
        now = settings()
        values = {field.name: getattr(now, field.name) for field in fields(Settings)}
        values["tracking_uri"] = current_store().uri
        self._ray = ray
        try:
            self._fn = ray.put(fn)
        except Exception as error:
            raise EvalError(f"predict_fn cannot be sent to Ray: {error}") from error
        self._job = ray.put(_Job(run_id=run_id, timeout_s=timeout_s, settings=values))
        self._work = ray.remote(max_retries=_RETRIES)(_work)
        self.cpus = max(1, int(ray.cluster_resources().get("CPU", 1)))

    async def predict(self, row: Row, metadata: Mapping[str, Any]) -> Made:
        """One row, somewhere on the cluster; a worker that dies again and again is an error of it."""
        task = self._work.remote(self._fn, self._job, row, dict(metadata))
        try:
            return await asyncio.wrap_future(task.future())
        except asyncio.CancelledError:
            self._ray.cancel(task, force=True)
            raise
        except self._ray.exceptions.RayError as error:
            said = str(error).strip().split("\n")[0]
            reason = f"the Ray worker of this row failed: {type(error).__name__}: {said}"
            return Made(prediction=Prediction(error=reason))


@contextmanager
def cluster_of(
    executor: object, fn: PredictFn | None, run_id: str, timeout_s: float
) -> Generator[Cluster | None]:
    """The cluster of `executor` while the block runs; one that is started for it ends with it.

    A program that called ``ray.init`` keeps its cluster, whatever the executor says.

    Raises: EvalError when there is no cluster, or the function cannot be sent there.
    """
    if not isinstance(executor, str) or fn is None:
        yield None
        return
    ray: Any = importlib.import_module("ray")
    ours = not ray.is_initialized()
    if ours:
        _start(ray, executor)
    try:
        yield Cluster(ray, fn, run_id, timeout_s)
    finally:
        if ours:
            ray.shutdown()


def _start(ray: Any, executor: str) -> None:
    """Connects to the cluster that is named, or starts one on this machine, seen by no other."""
    address = executor if executor.startswith("ray://") else executor.partition(":")[2]
    address = address or os.environ.get("RAY_ADDRESS", "")
    quiet = {"logging_level": "error", "log_to_driver": False}
    try:
        if address:
            ray.init(address=address, **quiet)
            return
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(address="local", include_dashboard=False, _node_ip_address="127.0.0.1", **quiet)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        said = str(error).strip().split("\n")[0]
        raise EvalError(f"executor={executor!r}: no Ray cluster can be used: {said}") from error


class _Carrier(LocalStore):
    """Reads where the store is in reach; keeps what is written until it is taken home."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.lines: list[tuple[Group, bytes]] = []
        self.blobs: dict[str, bytes] = {}

    def append(self, group: Group, lines: bytes) -> bool:
        self.lines.append((group, lines))
        return True

    def put_blob(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return digest

    def get_blob(self, digest: str) -> bytes:
        kept = self.blobs.get(digest)
        return super().get_blob(digest) if kept is None else kept


_carriers: dict[str, _Carrier] = {}
"""Of this worker, by run."""


def _work(fn: PredictFn, job: _Job, row: Row, metadata: Mapping[str, Any]) -> Made:
    """In the worker: one row with its trace."""
    carrier = _carriers.get(job.run_id)
    if carrier is None:
        _carriers.clear()
        carrier = _carriers[job.run_id] = _Carrier(Path(job.settings["tracking_uri"]))
        configure(**job.settings)
        lend_store(carrier.folder, carrier)
    return asyncio.run(_made(fn, job, row, metadata, carrier))


async def _made(
    fn: PredictFn, job: _Job, row: Row, metadata: Mapping[str, Any], carrier: _Carrier
) -> Made:
    active_run.set(job.run_id)
    with watching() as watch:
        prediction = await predict(fn, row, watch=watch, timeout_s=job.timeout_s, metadata=metadata)
    lines, carrier.lines = carrier.lines, []
    blobs, carrier.blobs = carrier.blobs, {}
    return Made(prediction=prediction, lines=lines, blobs=list(blobs.values()))
