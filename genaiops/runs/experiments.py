"""Experiments: named groups of runs and traces.

The id is made of the first name, so that a writer need not ask for it; a renamed experiment keeps
its id, and a new one of the old name gets another.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from genaiops.config import configure, settings
from genaiops.errors import ConfigError, ConflictError, NotFoundError, StoreError
from genaiops.model.run import Experiment
from genaiops.runs import given
from genaiops.runs.journal import write
from genaiops.store import Reader, current_store, events
from genaiops.tracing.context import active_experiment

__all__ = [
    "create_experiment",
    "current_experiment",
    "delete_experiment",
    "experiment_id_of",
    "get_experiment",
    "get_experiment_by_name",
    "rename_experiment",
    "restore_experiment",
    "set_experiment",
    "set_experiment_tag",
    "with_tags",
]

_SELECT = "SELECT experiment_id, name, state, created_ns FROM experiments"
_known: dict[tuple[str, str], str] = {}
"""Ids of experiments by store and name, as this process found them."""


def set_experiment(
    experiment_name: str | None = None, experiment_id: str | None = None
) -> Experiment:
    """Makes an experiment the one that new runs and traces of this process belong to.

    Args:
        experiment_name: It is created when there is none of that name.
        experiment_id: Id of one that exists, in place of its name.

    Raises: ConfigError for an empty name, NotFoundError for an unknown id, ConflictError when the
        experiment was deleted.
    """
    if experiment_id is not None:
        name = get_experiment(experiment_id).name
    else:
        name = _checked(experiment_name)
    _known.pop((current_store().uri, name), None)
    found = experiment_id_of(name)
    configure(experiment=name)
    write(events.encode("experiment", id=found, experiment=name))
    return Experiment(experiment_id=found, name=name)


def create_experiment(name: str, *, tags: Mapping[str, Any] | None = None) -> str:
    """Creates an experiment; its id.

    Raises: ConflictError when there is one of that name, ConfigError for an empty name.
    """
    there = get_experiment_by_name(_checked(name))
    if there is not None:
        raise ConflictError(
            f"the experiment {name!r} exists: use set_experiment({name!r})"
            if there.state == "active"
            else f"the experiment {name!r} exists and was deleted: restore_experiment() it"
        )
    made = experiment_id_of(name)
    write(events.encode("experiment", id=made, experiment=name), *_tag_lines(made, tags or {}))
    return made


def get_experiment(experiment_id: str) -> Experiment:
    """The experiment of that id. Raises NotFoundError, StoreError."""
    given.text(experiment_id, "experiment id")
    with current_store().read() as reader:
        rows = reader.query(f"{_SELECT} WHERE experiment_id = ?", [experiment_id]).dicts()
        if not rows:
            raise NotFoundError(
                f"there is no experiment {experiment_id!r}: create_experiment() one"
            )
        return with_tags(reader, rows)[0]


def get_experiment_by_name(name: str) -> Experiment | None:
    """The experiment of that name, None when there is none. Raises StoreError."""
    with current_store().read() as reader:
        rows = reader.query(
            f"{_SELECT} WHERE name = ? ORDER BY state, created_ns LIMIT 1",
            [given.text(name, "experiment name")],
        ).dicts()
        return with_tags(reader, rows)[0] if rows else None


def rename_experiment(experiment_id: str, new_name: str) -> None:
    """Gives an experiment another name; its id and its runs stay.

    Traces keep the name they were recorded under.
    Raises: NotFoundError, ConfigError for an empty name, ConflictError when it is taken or the
        experiment was deleted.
    """
    found = get_experiment(experiment_id)
    other = get_experiment_by_name(_checked(new_name))
    if found.state != "active":
        raise ConflictError(f"the experiment {found.name!r} was deleted: restore_experiment() it")
    if other is not None and other.experiment_id != experiment_id:
        raise ConflictError(f"there is an experiment {new_name!r} already: use another name")
    uri = current_store().uri
    _known.pop((uri, found.name), None)
    _known[uri, new_name] = experiment_id
    write(events.encode("experiment", id=experiment_id, experiment=new_name))
    if settings().experiment == found.name:
        configure(experiment=new_name)


def delete_experiment(experiment_id: str) -> None:
    """Hides an experiment and its runs until `restore_experiment`. Raises NotFoundError."""
    _become(experiment_id, "deleted")


def restore_experiment(experiment_id: str) -> None:
    """Takes the deletion of an experiment back. Raises NotFoundError."""
    _become(experiment_id, "active")


def set_experiment_tag(experiment_id: str, key: str, value: Any) -> None:  # has a text form
    """Sets a tag of an experiment; None removes it. Raises NotFoundError, ConfigError."""
    get_experiment(experiment_id)
    write(*_tag_lines(experiment_id, {key: value}))


def current_experiment() -> str:
    """Name of the experiment that new runs belong to."""
    return active_experiment.get() or settings().experiment


def experiment_id_of(name: str) -> str:
    """The id of the experiment of that name, or the one that it will have.

    Asks the store once a process and name.
    Raises: ConflictError when the experiment was deleted.
    """
    if settings().disabled:
        return events.experiment_id(name)
    place = (current_store().uri, name)
    if place not in _known:
        try:
            _known[place] = _asked(name)
        except StoreError:  # a run begins though the store cannot be read just now
            return events.experiment_id(name)
    return _known[place]


def with_tags(reader: Reader, rows: Sequence[Mapping[str, Any]]) -> list[Experiment]:
    """Rows of the view ``experiments`` with their tags, in order."""
    tags: dict[str, dict[str, str]] = {row["experiment_id"]: {} for row in rows}
    found = reader.query(
        "SELECT experiment_id, key, value FROM experiment_tags "
        "WHERE experiment_id IN (SELECT unnest(?)) ORDER BY key",
        [list(tags)],
    )
    for experiment_id, key, value in found.rows:
        tags[experiment_id][key] = value
    return [Experiment(**row, tags=tags[row["experiment_id"]]) for row in rows]


def _asked(name: str) -> str:
    found = get_experiment_by_name(name)
    if found is None:
        derived = events.experiment_id(name)
        with current_store().read() as reader:
            taken = reader.query(f"{_SELECT} WHERE experiment_id = ?", [derived]).rows
        return events.experiment_id(f"{name}\0{uuid.uuid4().hex}") if taken else derived
    if found.state != "active":
        raise ConflictError(
            f"the experiment {name!r} was deleted: restore_experiment({found.experiment_id!r}), "
            "or use another name"
        )
    return found.experiment_id


def _become(experiment_id: str, state: str) -> None:
    name = get_experiment(experiment_id).name
    _known.pop((current_store().uri, name), None)
    write(events.encode("experiment", id=experiment_id, experiment=name, data={"state": state}))


def _tag_lines(experiment_id: str, tags: Mapping[str, Any]) -> list[bytes]:
    texts = {
        given.text(key, "key of a tag"): None if value is None else str(value)
        for key, value in given.mapping(tags, "tags").items()
    }
    return [
        events.encode("experiment_tag", id=experiment_id, key=key, value=value)
        for key, value in texts.items()
    ]


def _checked(name: object) -> str:
    known = given.text(name, "experiment name")
    if not known.strip():
        raise ConfigError(f"the experiment name {known!r} is empty: name it")
    return known
