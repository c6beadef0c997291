"""Experiments: named groups of runs and traces."""

from genaiops.config import configure, settings
from genaiops.errors import ConfigError, ConflictError, NotFoundError
from genaiops.model.run import Experiment
from genaiops.runs.journal import write
from genaiops.store import current_store, events
from genaiops.tracing.context import active_experiment

__all__ = [
    "create_experiment",
    "current_experiment",
    "get_experiment",
    "get_experiment_by_name",
    "search_experiments",
    "set_experiment",
]

_SELECT = "SELECT experiment_id, name, state, created_ns FROM experiments"


def set_experiment(name: str) -> Experiment:
    """Makes an experiment the one that new runs and traces of this process belong to.

    It is created when there is none of that name.
    Raises: ConfigError for an empty name.
    """
    _check(name)
    configure(experiment=name)
    write(events.encode("experiment", experiment=name))
    return Experiment(experiment_id=events.experiment_id(name), name=name)


def create_experiment(name: str) -> str:
    """Creates an experiment; its id.

    Raises: ConflictError when there is one of that name, ConfigError for an empty name.
    """
    _check(name)
    if get_experiment_by_name(name) is not None:
        raise ConflictError(f"the experiment {name!r} exists: use set_experiment({name!r})")
    write(events.encode("experiment", experiment=name))
    return events.experiment_id(name)


def get_experiment(experiment_id: str) -> Experiment:
    """The experiment of that id. Raises NotFoundError, StoreError."""
    with current_store().read() as reader:
        rows = reader.query(f"{_SELECT} WHERE experiment_id = ?", [experiment_id]).dicts()
    if not rows:
        raise NotFoundError(f"there is no experiment {experiment_id!r}: create_experiment() one")
    return Experiment(**rows[0])


def get_experiment_by_name(name: str) -> Experiment | None:
    """The experiment of that name, None when there is none. Raises StoreError."""
    with current_store().read() as reader:
        rows = reader.query(f"{_SELECT} WHERE name = ?", [name]).dicts()
    return Experiment(**rows[0]) if rows else None


def search_experiments() -> list[Experiment]:
    """Every experiment, newest first. Raises StoreError."""
    with current_store().read() as reader:
        rows = reader.query(f"{_SELECT} ORDER BY created_ns DESC, name").dicts()
    return [Experiment(**row) for row in rows]


def current_experiment() -> str:
    """Name of the experiment that new runs belong to."""
    return active_experiment.get() or settings().experiment


def _check(name: str) -> None:
    if not name.strip():
        raise ConfigError(f"the experiment name {name!r} is empty: name it")
