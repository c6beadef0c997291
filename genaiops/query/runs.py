"""Experiments and runs: pages with chosen columns, curves in bins, comparisons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genaiops.model.run import Experiment, Run

__all__ = [
    "Comparison",
    "ExperimentRow",
    "MetricBin",
    "RunKeys",
    "RunPage",
    "RunRow",
    "compare",
    "experiments",
    "get",
    "history",
    "keys",
    "search",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentRow:
    """An experiment and how many runs it has."""

    experiment: Experiment
    n_runs: int
    last_start_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run with the metrics, params and tags that were asked for."""

    run_id: str
    experiment_id: str
    experiment: str
    name: str
    status: str
    start_ns: int
    end_ns: int | None
    parent_run_id: str | None
    user: str | None
    metrics: Mapping[str, float]
    params: Mapping[str, Any]
    tags: Mapping[str, str]

    @property
    def duration_ms(self) -> float | None:
        """Milliseconds from start to end, None while it runs."""
        return None if self.end_ns is None else (self.end_ns - self.start_ns) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """One page of runs; ``next_page_token`` is None on the last one."""

    items: Sequence[RunRow]
    next_page_token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunKeys:
    """Which columns the runs of an experiment could show, most used first."""

    metrics: Sequence[str]
    params: Sequence[str]
    tags: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricBin:
    """Neighbouring points of a metric's curve: the range of steps and of values, NaN left out."""

    step_from: int
    step_to: int
    ts_ns: int
    n: int
    min: float | None
    avg: float | None
    max: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Runs side by side: for each key one value a run, None where a run has none."""

    runs: Sequence[RunRow]
    params: Mapping[str, Sequence[Any]]
    metrics: Mapping[str, Sequence[float | None]]

    def differing_params(self) -> Mapping[str, Sequence[Any]]:
        """The params that are not the same in all runs."""
        return {
            key: values
            for key, values in self.params.items()
            if any(value != values[0] for value in values[1:])
        }


def experiments() -> list[ExperimentRow]:
    """Active experiments, the most recently used first. Raises StoreError."""
    raise NotImplementedError


def search(
    *,
    experiment: str | None = None,
    name: str = "",
    status: str | None = None,
    metrics: Sequence[str] = (),
    params: Sequence[str] = (),
    tags: Sequence[str] = (),
    order_by: str = "start_ns DESC",
    limit: int = 100,
    page_token: str | None = None,
) -> RunPage:
    """One page of runs, only the chosen metrics, params and tags fetched.

    Args:
        experiment: Name of the experiment, None for all.
        name: Text that the run's name or id contains.
        order_by: ``start_ns``, ``end_ns``, ``name``, ``status``, ``duration_ms`` or
            ``metrics.KEY``; then ``ASC`` or ``DESC``.

    Raises: FilterError, StoreError.
    """
    raise NotImplementedError


def keys(experiment: str | None = None) -> RunKeys:
    """Names of metrics, params and tags in use, most used first. Raises StoreError."""
    raise NotImplementedError


def get(run_id: str) -> Run:
    """A run with everything logged (latest metrics).

    Args:
        run_id: The id, or at least 4 of its first characters when they name one run only.

    Raises: NotFoundError, StoreError.
    """
    raise NotImplementedError


def history(run_id: str, key: str, *, bins: int = 2_000) -> list[MetricBin]:
    """A metric's curve in at most this many bins of neighbouring steps. Raises StoreError."""
    raise NotImplementedError


def compare(run_ids: Sequence[str]) -> Comparison:
    """Runs side by side in the order given. Raises NotFoundError, StoreError."""
    raise NotImplementedError
