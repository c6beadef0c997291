"""The same functions with explicit ids, for programs that have no active run."""

import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from genaiops.config import settings
from genaiops.errors import ConfigError
from genaiops.model.run import Experiment, Metric, Run
from genaiops.runs import artifacts, experiments, given, lifecycle, lines, log, read, search
from genaiops.runs.active import (
    begin_detached,
    check_not_deleted,
    checked_status,
    logged_params,
)
from genaiops.runs.history import History
from genaiops.runs.journal import write
from genaiops.store import current_store, events
from genaiops.tracing.context import active_run as run_of_spans

__all__ = ["Client"]


class Client:
    """Runs and experiments by id, under the names of `MlflowClient`; no run becomes active.

    Every method does what the function of its name does. Writing to an id that no run has raises
    NotFoundError, to a deleted run ConflictError; the store is asked once a run. A parameter is
    compared with the store.
    """

    def create_experiment(self, name: str, *, tags: Mapping[str, Any] | None = None) -> str:
        """Creates an experiment; its id. Raises ConflictError, ConfigError."""
        return experiments.create_experiment(name, tags=tags)

    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        """Gives an experiment another name; see `genaiops.rename_experiment`."""
        experiments.rename_experiment(experiment_id, new_name)

    def delete_experiment(self, experiment_id: str) -> None:
        """Hides an experiment and its runs. Raises NotFoundError."""
        experiments.delete_experiment(experiment_id)

    def restore_experiment(self, experiment_id: str) -> None:
        """Takes the deletion of an experiment back. Raises NotFoundError."""
        experiments.restore_experiment(experiment_id)

    def set_experiment_tag(self, experiment_id: str, key: str, value: Any) -> None:  # as text
        """Sets a tag of an experiment; None removes it. Raises NotFoundError."""
        experiments.set_experiment_tag(experiment_id, key, value)

    def get_experiment(self, experiment_id: str) -> Experiment:
        """The experiment of that id. Raises NotFoundError."""
        return experiments.get_experiment(experiment_id)

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """The experiment of that name, None when there is none."""
        return experiments.get_experiment_by_name(name)

    def search_experiments(
        self,
        view_type: str | int = "ACTIVE_ONLY",
        max_results: int | None = None,
        order_by: Sequence[str] | None = None,
        filter_string: str = "",
        page_token: str | None = None,
    ) -> search.Paged:
        """Experiments; see `genaiops.search_experiments`."""
        return search.search_experiments(
            view_type, max_results, order_by, filter_string, page_token
        )

    def create_run(
        self,
        experiment_id: str,
        *,
        run_name: str | None = None,
        tags: Mapping[str, Any] | None = None,
        start_time: int | None = None,
        parent_run_id: str | None = None,
    ) -> Run:
        """Begins a run that is not active, until `set_terminated`.

        Args:
            experiment_id: Id of an experiment that exists.
            run_name: Name for people; made up when omitted.
            tags: Tags to set at once.
            start_time: Milliseconds since 1970, now when omitted.
            parent_run_id: Id of the run that this one is a part of.

        Raises: NotFoundError when there is no such experiment.
        """
        name = experiments.get_experiment(experiment_id).name
        start_ns = time.time_ns() if start_time is None else lines.nanoseconds(start_time)
        info = begin_detached(
            name, experiment_id, run_name, start_ns, parent_run_id=parent_run_id, tags=tags or {}
        )
        return read.get_run(info.run_id)

    def delete_run(self, run_id: str) -> None:
        """Hides a run from listings and searches. Raises NotFoundError."""
        lifecycle.delete_run(run_id)

    def restore_run(self, run_id: str) -> None:
        """Takes the deletion of a run back. Raises NotFoundError."""
        lifecycle.restore_run(run_id)

    def update_run(self, run_id: str, status: str | None = None, name: str | None = None) -> None:
        """Gives a run another status or name. Raises NotFoundError, ConfigError."""
        read.get_run(run_id)
        said = {
            "status": None if status is None else checked_status(status, more=("RUNNING",)),
            "name": given.optional_text(name, "run name"),
        }
        data = {key: value for key, value in said.items() if value is not None}
        write(events.encode("run", run_id=run_id, data=data))

    def get_run(self, run_id: str) -> Run:
        """A run with its latest metrics, parameters and tags. Raises NotFoundError."""
        return read.get_run(run_id)

    def search_runs(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        run_view_type: str | int = "ACTIVE_ONLY",
        max_results: int = 1000,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> search.Paged:
        """A page of runs of some experiments; `token` of the answer brings the next one.

        See `genaiops.search_runs`. Raises FilterError, ConfigError.
        """
        return search.find_runs(
            experiment_ids, filter_string, run_view_type, max_results, order_by, page_token
        )

    def get_metric_history(self, run_id: str, key: str) -> History:
        """Every logged value of a metric, by step, then time."""
        return read.get_metric_history(run_id, key)

    def log_param(self, run_id: str, key: str, value: Any) -> None:  # as genaiops.log_param
        """Logs a parameter. Raises ConflictError when the run has another value under the key."""
        self.log_batch(run_id, params={key: value})

    def log_metric(
        self,
        run_id: str,
        key: str,
        value: float,
        timestamp: int | None = None,
        step: int | None = None,
    ) -> None:
        """Logs a value of a metric; `timestamp` is in milliseconds. Raises ConfigError."""
        with _of(run_id):
            log.log_metric(key, value, step=step, timestamp=timestamp)

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> None:
        """Logs parameters, metrics and tags together; a `Metric` may be MLflow's as well.

        Raises: ConflictError for a parameter that the run has with another value, ConfigError for
            a metric that is no number or a key that is no name, NotFoundError; nothing is logged
            then.
        """
        written = _metric_lines(run_id, metrics)
        written += lines.tag_lines(run_id, given.mapping(tags or {}, "tags"))
        params = given.mapping(params or {}, "parameters")
        if params:
            known = logged_params(run_id)
            logged = _writable(run_id).data.params
            known |= {key: repr(value) for key, value in logged.items()}
            written += lines.param_lines(run_id, params, known)
        with _of(run_id):
            write(*written)

    def set_tag(self, run_id: str, key: str, value: Any) -> None:  # anything with a text form
        """Sets a tag; the newest value counts, None removes it."""
        with _of(run_id):
            log.set_tag(key, value)

    def delete_tag(self, run_id: str, key: str) -> None:
        """Removes a tag."""
        self.set_tag(run_id, key, None)

    def set_terminated(
        self, run_id: str, status: str = "FINISHED", end_time: int | None = None
    ) -> None:
        """Ends a run; `end_time` is in milliseconds. Raises ConfigError, NotFoundError."""
        ended = {"status": checked_status(status)}
        _writable(run_id)
        end_ns = time.time_ns() if end_time is None else lines.nanoseconds(end_time)
        write(events.encode("run", run_id=run_id, data=ended | {"end_ns": end_ns}))

    def log_artifact(
        self, run_id: str, local_path: str | Path, artifact_path: str | None = None
    ) -> None:
        """Keeps a file, or a folder, with the run. Raises as `genaiops.log_artifact`."""
        with _of(run_id):
            artifacts.log_artifact(local_path, artifact_path)

    def log_artifacts(
        self, run_id: str, local_dir: str | Path, artifact_path: str | None = None
    ) -> None:
        """Keeps every file below a folder with the run."""
        with _of(run_id):
            artifacts.log_artifacts(local_dir, artifact_path)

    def log_text(self, run_id: str, text: str, artifact_file: str) -> None:
        """Keeps text as a file in UTF-8 with the run."""
        with _of(run_id):
            artifacts.log_text(text, artifact_file)

    def log_dict(self, run_id: str, dictionary: Any, artifact_file: str) -> None:  # any JSON value
        """Keeps a dict or list as a JSON file with the run. Raises ConfigError."""
        with _of(run_id):
            artifacts.log_dict(dictionary, artifact_file)

    def list_artifacts(self, run_id: str, path: str | None = None) -> list[artifacts.FileInfo]:
        """Every file of the run at or below a path, sorted. Raises NotFoundError."""
        return artifacts.list_artifacts(run_id, path)

    def download_artifacts(self, run_id: str, path: str, dst_path: str | Path) -> Path:
        """Copies an artifact, or a folder of them, below a folder; where it is now."""
        return artifacts.download_artifacts(f"runs:/{run_id}/{path}", dst_path)


def _metric_lines(run_id: str, metrics: object) -> list[bytes]:
    written: list[bytes] = []
    given_metrics = cast("Iterable[Any]", metrics if isinstance(metrics, Iterable) else (metrics,))
    for item in given_metrics:
        try:
            key, value, step = item.key, item.value, item.step
            ts_ns = getattr(item, "ts_ns", None)
            when = lines.nanoseconds(item.timestamp) if ts_ns is None else ts_ns
        except AttributeError:
            raise ConfigError(
                f"the metric {given.quoted(item)} has no key, value, step and time: give a list of "
                "genaiops.model.run.Metric, or MLflow's"
            ) from None
        written.append(lines.metric_line(run_id, key, value, step, when))
    return written


@contextmanager
def _of(run_id: str) -> Generator[None]:
    """Within, what is logged goes to that run."""
    place = (current_store().uri, run_id)
    if place not in _known and not settings().disabled:
        _writable(run_id)
        _known.add(place)
    before = run_of_spans.set(run_id)
    try:
        yield
    finally:
        run_of_spans.reset(before)


_known: set[tuple[str, str]] = set()
"""Runs that were found in their store, which is not asked again."""


def _writable(run_id: str) -> Run:
    run = read.get_run(run_id)
    check_not_deleted(run.info)
    return run
