"""Versions and aliases as they are read from the store."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from genaiops.errors import NotFoundError
from genaiops.model.prompt import PromptVersion
from genaiops.prompts.names import LATEST, Reference
from genaiops.store import Reader, Txn

__all__ = [
    "arms_of",
    "insert_version",
    "make_version",
    "newest_version",
    "no_such_alias",
    "no_such_prompt",
    "no_such_version",
    "read_version",
]

_COLUMNS = (
    "name, version, template, syntax, hash, created_ns, author, message, tags, response_format, "
    "model_config, tools, variable_types"
)


def read_version(reader: Reader, reference: Reference) -> PromptVersion:
    """The version that a reference means now; of a split alias the one with the largest share.

    Raises: NotFoundError that names what there is instead.
    """
    name, version, alias = reference.name, reference.version, reference.alias
    if alias == LATEST:
        found = newest_version(reader, name)
        if found is None:
            no_such_prompt(name)
        return found
    if alias is not None:
        arms = arms_of(reader, name, alias)
        if not arms:
            no_such_alias(reader, name, alias)
        version = max(arms, key=lambda number: (arms[number], -number))
    rows = reader.query(
        f"SELECT {_COLUMNS} FROM data.prompt_versions WHERE name = ? AND version = ?",  # noqa: S608  constants
        [name, version],
    ).dicts()
    if not rows:
        no_such_version(reader, name, version or 0)
    return make_version(rows[0])


def arms_of(reader: Reader, name: str, alias: str) -> dict[int, float]:
    """The versions that an alias means, each with its share; empty when there is no such alias."""
    rows = reader.query(
        """
        SELECT version, coalesce(weight, 1.0)
        FROM data.prompt_aliases
        WHERE name = ?
        AND alias = ?
        ORDER BY version
        """,
        [name, alias],
    ).rows
    return {int(version): float(weight) for version, weight in rows}


def newest_version(reader: Reader, name: str) -> PromptVersion | None:
    """The version with the highest number, None when there is no such prompt."""
    rows = reader.query(
        f"""
        SELECT {_COLUMNS}
        FROM data.prompt_versions
        WHERE name = ?
        ORDER BY version DESC
        LIMIT 1
        """,  # noqa: S608  constants
        [name],
    ).dicts()
    return make_version(rows[0]) if rows else None


def no_such_prompt(name: str) -> NoReturn:
    """Raises: NotFoundError with how to see what there is."""
    raise NotFoundError(
        f"no prompt {name!r} in the store: `genaiops prompts list` shows what there is"
    )


def no_such_version(reader: Reader, name: str, version: int) -> NoReturn:
    """Raises: NotFoundError that names the newest version there is."""
    newest = newest_version(reader, name)
    if newest is None:
        no_such_prompt(name)
    raise NotFoundError(
        f"prompt {name!r} has no version {version}: its versions are 1 to {newest.version}"
    )


def no_such_alias(reader: Reader, name: str, alias: str) -> NoReturn:
    """Raises: NotFoundError that names the aliases there are."""
    if newest_version(reader, name) is None:
        no_such_prompt(name)
    known = reader.query(
        "SELECT DISTINCT alias FROM data.prompt_aliases WHERE name = ? ORDER BY alias", [name]
    ).rows
    aliases = ", ".join(repr(found) for (found,) in known) or "none yet"
    raise NotFoundError(
        f"prompt {name!r} has no alias {alias!r} (its aliases: {aliases}): "
        f"set it with set_prompt_alias({name!r}, {alias!r}, version)"
    )


def make_version(row: Mapping[str, Any]) -> PromptVersion:
    """A version out of the columns of its row."""
    values: dict[str, Any] = {**row, "tags": row["tags"] or {}}
    return PromptVersion(**values)


def insert_version(txn: Txn, version: PromptVersion) -> None:
    """Writes a version, whose number must be free."""
    txn.execute(
        """
        INSERT INTO data.prompt_versions (
          name, version, template, syntax, model_config, response_format, tools, tags, message,
          author, created_ns, hash, variable_types
        )
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
            version.name,
            version.version,
            json.dumps(version.template),
            version.syntax,
            _json(version.model_config),
            _json(version.response_format),
            _json(version.tools),
            json.dumps(version.tags),
            version.message,
            version.author,
            version.created_ns,
            version.hash,
            _json(version.variable_types),
        ],
    )


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value)
