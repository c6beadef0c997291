"""What MLflow keeps, whichever store of its own it keeps it in; times in milliseconds."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

__all__ = ["Experiment", "File", "Foreign", "Model", "Opinion", "Point", "Run", "Source", "Trace"]

Point = tuple[str, int, int, float]
"""Key, step, milliseconds, value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A named group of runs; `state` is ``active`` or ``deleted``."""

    experiment_id: str
    name: str
    state: str
    created_ms: int
    updated_ms: int
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run and what was logged to it.

    Attributes:
        inputs: Datasets: ``name``, ``digest``, ``source``, ``schema``, ``context`` and the like.
        points: Every value of every metric.
        models: Its logged models by the name that `runs:/<id>/<name>` has, and their folders.
    """

    run_id: str
    experiment_id: str
    name: str | None
    status: str
    start_ms: int
    end_ms: int | None
    state: str
    deleted_ms: int | None
    user: str | None
    source_name: str | None
    artifact_uri: str | None
    params: Mapping[str, str]
    tags: Mapping[str, str]
    inputs: Sequence[Mapping[str, Any]] = ()
    points: Sequence[Point] = ()
    models: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """An assessment of a trace."""

    assessment_id: str
    span_id: str | None
    name: str
    kind: str
    value: Any  # any JSON value
    error: str | None
    rationale: str | None
    source_type: str
    source_id: str | None
    created_ms: int
    run_id: str | None
    overrides: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A trace with its spans as MLflow writes them, JSON objects."""

    trace_id: str
    experiment_id: str
    start_ms: int
    duration_ms: int | None
    status: str
    tags: Mapping[str, str]
    metadata: Mapping[str, str]
    request: str | None
    response: str | None
    spans: Sequence[Mapping[str, Any]]
    opinions: Sequence[Opinion]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A registered model, or a prompt, which MLflow keeps as one.

    Attributes:
        versions: JSON objects with ``version``, ``tags`` and MLflow's further fields.
        aliases: Version by alias.
    """

    name: str
    tags: Mapping[str, str]
    aliases: Mapping[str, int]
    versions: Sequence[Mapping[str, Any]]
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """Something that genaiops has no place of its own for yet, kept as JSON."""

    kind: str
    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of a run: its path in the run, and how to have it on this machine for a while."""

    path: str
    local: AbstractContextManager[Path]


class Source(Protocol):
    """A store of MLflow, which is only read. Each method raises ConfigError, NotFoundError."""

    def experiments(self) -> list[Experiment]:
        """All of them, deleted ones as well."""
        ...

    def count_runs(self) -> int | None:
        """How many runs there are, None where that is only known in the end."""
        ...

    def runs(self) -> Iterator[list[Run]]:
        """Runs with everything logged, a few at a time, in an order that stays."""
        ...

    def files(self, uri: str, run_id: str | None = None) -> Iterator[File] | None:
        """Files below an artifact URI; None when this source cannot read there.

        Args:
            uri: Of a run or of a logged model.
            run_id: The run, when it is one's.
        """
        ...

    def models(self) -> Iterator[Model]:
        """Registered models and prompts."""
        ...

    def foreign(self) -> Iterator[Foreign]:
        """Logged models."""
        ...

    def traces(self) -> Iterator[Trace]:
        """Traces with spans and assessments."""
        ...
