"""Versions and aliases as they are read from the store."""

from collections.abc import Mapping
from typing import Any, NoReturn

from genaiops.errors import NotFoundError
from genaiops.model.prompt import PromptVersion
from genaiops.prompts.names import LATEST, Reference
from genaiops.store import Reader

__all__ = ["newest_version", "no_such_prompt", "no_such_version", "read_version"]

_COLUMNS = (
    "name, version, template, syntax, hash, created_ns, author, message, tags, response_format, "
    "model_config, tools"
)


def read_version(reader: Reader, reference: Reference) -> PromptVersion:
    """The version that a reference means now.

    Raises: NotFoundError that names what there is instead.
    """
    name, version, alias = reference.name, reference.version, reference.alias
    if alias == LATEST:
        found = newest_version(reader, name)
        if found is None:
            no_such_prompt(name)
        return found
    if alias is not None:
        version = _version_of_alias(reader, name, alias)
    rows = reader.query(
        f"SELECT {_COLUMNS} FROM data.prompt_versions WHERE name = ? AND version = ?",  # noqa: S608  constants
        [name, version],
    ).dicts()
    if not rows:
        no_such_version(reader, name, version or 0)
    return _version(rows[0])


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
    return _version(rows[0]) if rows else None


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


def _version_of_alias(reader: Reader, name: str, alias: str) -> int:
    rows = reader.query(
        "SELECT alias, version FROM data.prompt_aliases WHERE name = ? ORDER BY weight DESC",
        [name],
    ).rows
    for known, version in rows:
        if known == alias:
            return int(version)
    if newest_version(reader, name) is None:
        no_such_prompt(name)
    aliases = ", ".join(sorted({repr(known) for known, _ in rows})) or "none yet"
    raise NotFoundError(
        f"prompt {name!r} has no alias {alias!r} (its aliases: {aliases}): "
        f"set it with set_prompt_alias({name!r}, {alias!r}, version)"
    )


def _version(row: Mapping[str, Any]) -> PromptVersion:
    values: dict[str, Any] = {**row, "tags": row["tags"] or {}}
    return PromptVersion(**values)
