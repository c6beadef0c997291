"""Aliases: movable names of versions, each move kept with who, when and why."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from genaiops.errors import ConflictError, NotFoundError, PromptError
from genaiops.prompts.cache import cache_of
from genaiops.prompts.commits import commit
from genaiops.prompts.names import check_alias, check_name
from genaiops.prompts.registry import author_name
from genaiops.prompts.rows import newest_version, no_such_prompt, no_such_version
from genaiops.store import Txn, current_store

__all__ = ["delete_prompt_alias", "rollback_prompt_alias", "set_prompt_alias"]

T = TypeVar("T")


def set_prompt_alias(
    name: str,
    alias: str,
    version: int,
    *,
    reason: str | None = None,
    if_eval: str | None = None,
) -> None:
    """Lets the alias mean this version; what it meant before is kept in its history.

    Args:
        name: Name of the prompt.
        alias: Such as ``production``; ``latest`` is always the newest version.
        version: Number of an existing version.
        reason: Why, kept in the history.
        if_eval: Will make the move depend on an evaluation; refused until that is built.

    Raises: PromptError, NotFoundError, StoreError.
    """
    if if_eval is not None:
        raise PromptError(
            f"if_eval={if_eval!r} guards the move by an evaluation, which is not built yet: "
            f"check with result.gate(…) and call without if_eval"
        )
    if not _is_number(version):
        raise PromptError(f"version is {version!r}: use the number of a version, such as 3")
    _change(name, alias, partial(_move, name=name, alias=alias, version=version, reason=reason))


def delete_prompt_alias(name: str, alias: str, *, reason: str | None = None) -> None:
    """Takes the alias away; `rollback_prompt_alias` brings it back.

    Raises: PromptError, NotFoundError when there is no such alias, StoreError.
    """
    _change(name, alias, partial(_delete, name=name, alias=alias, reason=reason))


def rollback_prompt_alias(name: str, alias: str, *, reason: str | None = None) -> int:
    """Undoes the last move of the alias, or its deletion; again, the move before.

    Returns: The version that the alias means now.
    Raises: PromptError, NotFoundError when the alias never was, ConflictError when there is no
        earlier version, StoreError.
    """
    return _change(name, alias, partial(_roll_back, name=name, alias=alias, reason=reason))


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _change(name: str, alias: str, change: Callable[[Txn], T]) -> T:
    check_name(name)
    check_alias(alias)
    store = current_store()
    try:
        return commit(store, change)
    finally:
        cache_of(store.uri).forget_alias(name, alias)


def _move(txn: Txn, *, name: str, alias: str, version: int, reason: str | None) -> int:
    known = txn.query(
        "SELECT 1 FROM data.prompt_versions WHERE name = ? AND version = ?", [name, version]
    ).rows
    if not known:
        no_such_version(txn, name, version)
    if _current(txn, name, alias) != version:
        _point(txn, name, alias, version, reason=reason)
    return version


def _delete(txn: Txn, *, name: str, alias: str, reason: str | None) -> None:
    if _current(txn, name, alias) is None:
        if newest_version(txn, name) is None:
            no_such_prompt(name)
        raise NotFoundError(
            f"prompt {name!r} has no alias {alias!r}: `genaiops prompts show {name}` shows them"
        )
    _point(txn, name, alias, None, reason=reason)


def _roll_back(txn: Txn, *, name: str, alias: str, reason: str | None) -> int:
    moves: list[int | None] = [
        version
        for (version,) in txn.query(
            """
            SELECT version
            FROM data.prompt_alias_history
            WHERE name = ? AND alias = ?
            ORDER BY moved_ns, rowid
            """,
            [name, alias],
        ).rows
    ]
    if not moves:
        raise NotFoundError(f"prompt {name!r} never had an alias {alias!r}: set it first")
    target = _before_last(moves)
    if target is None:
        raise ConflictError(
            f"alias {alias!r} of prompt {name!r} has no earlier version than {moves[-1]}: "
            f"move it with set_prompt_alias"
        )
    _point(txn, name, alias, target, reason=reason or f"rollback from {moves[-1] or 'deletion'}")
    return target


def _before_last(moves: Sequence[int | None]) -> int | None:
    """What the alias meant before its last move.

    A move back to the version before takes the last move away, so that a second rollback goes
    one further back and does not return.
    """
    line: list[int] = []
    for version in moves:
        if version is None:
            continue
        if len(line) > 1 and line[-2] == version:
            line.pop()
        elif not line or line[-1] != version:
            line.append(version)
    if moves[-1] is None:
        return line[-1]
    return line[-2] if len(line) > 1 else None


def _current(txn: Txn, name: str, alias: str) -> int | None:
    rows = txn.query(
        "SELECT version FROM data.prompt_aliases WHERE name = ? AND alias = ?", [name, alias]
    ).rows
    return int(rows[0][0]) if rows else None


def _point(txn: Txn, name: str, alias: str, version: int | None, *, reason: str | None) -> None:
    """Moves the alias, or with None removes it, and writes the move down."""
    txn.execute("DELETE FROM data.prompt_aliases WHERE name = ? AND alias = ?", [name, alias])
    if version is not None:
        txn.execute(
            "INSERT INTO data.prompt_aliases (name, alias, version, weight) VALUES (?, ?, ?, 1.0)",
            [name, alias, version],
        )
    txn.execute(
        """
        INSERT INTO data.prompt_alias_history (
          name, alias, version, weight, moved_ns, author, reason
        )
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
        [
            name,
            alias,
            version,
            None if version is None else 1.0,
            time.time_ns(),
            author_name(),
            reason,
        ],
    )
