"""Experiments, runs and metrics as they are read from a store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Experiment", "Metric", "Run", "RunData", "RunInfo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A named group of runs and traces."""

    experiment_id: str
    name: str
    state: str = "active"
    created_ns: int = 0
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One logged value of a metric; ``ts_ns`` in nanoseconds UTC."""

    key: str
    value: float
    step: int
    ts_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """What identifies a run and how it went.

    Attributes:
        status: ``RUNNING``, ``FINISHED``, ``FAILED``, ``KILLED`` or ``INTERRUPTED``.
        source: Command, Python version, host, git commit and whether the work tree was dirty.
        lifecycle_stage: ``active`` or ``deleted``.
        artifact_uri: Where the files of the run lie, None for the store itself.
    """

    run_id: str
    experiment_id: str
    run_name: str
    status: str
    start_ns: int
    end_ns: int | None = None
    parent_run_id: str | None = None
    user: str | None = None
    source: Mapping[str, Any] = field(default_factory=dict[str, Any])
    description: str | None = None
    lifecycle_stage: str = "active"
    artifact_uri: str | None = None

    @property
    def start_time(self) -> int:
        """When it began, in milliseconds since 1970, as MLflow has it."""
        return self.start_ns // 1_000_000

    @property
    def end_time(self) -> int | None:
        """When it ended, in milliseconds since 1970; None while it runs."""
        return None if self.end_ns is None else self.end_ns // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RunData:
    """What was logged to a run: the latest metrics, parameters and tags."""

    metrics: Mapping[str, float] = field(default_factory=dict[str, float])
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run, in MLflow's shape: ``run.info.run_id``, ``run.data.metrics``."""

    info: RunInfo
    data: RunData = field(default_factory=RunData)
