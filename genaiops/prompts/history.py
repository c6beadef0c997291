"""Versions that another registry numbered, kept under their numbers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from genaiops.model.prompt import PromptVersion
from genaiops.prompts.cache import cache_of
from genaiops.prompts.commits import commit
from genaiops.prompts.moves import move_to
from genaiops.prompts.names import LATEST, check_alias, check_name
from genaiops.prompts.rows import arms_of, insert_version
from genaiops.store import Txn, current_store

__all__ = ["Kept", "keep_history"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of versions that were brought in.

    Attributes:
        versions: How many were added.
        aliases: How many were set.
        taken: Numbers under which the store has other content, which stays.
    """

    versions: int
    aliases: int
    taken: Sequence[int]


def keep_history(
    name: str,
    versions: Sequence[PromptVersion],
    *,
    tags: Mapping[str, str],
    aliases: Mapping[str, int],
    reason: str,
) -> Kept:
    """Adds versions with the numbers they have, gaps included, and sets aliases that are not set.

    Nothing that is there is changed, so a second time adds nothing.

    Args:
        name: Name of the prompt.
        versions: In order of their numbers, their content checked.
        tags: Of the prompt, for one that is new.
        aliases: Version by alias.
        reason: Stands in the history of the aliases.

    Raises: PromptError for a name or an alias that cannot be used, StoreError.
    """
    check_name(name)
    for alias in aliases:
        check_alias(alias)
    store = current_store()
    keep = partial(_keep, name=name, versions=versions, tags=tags, aliases=aliases, reason=reason)
    kept = commit(store, keep)
    if kept.versions or kept.aliases:
        for alias in (LATEST, *aliases):
            cache_of(store).forget_alias(name, alias)
    return kept


def _keep(
    txn: Txn,
    *,
    name: str,
    versions: Sequence[PromptVersion],
    tags: Mapping[str, str],
    aliases: Mapping[str, int],
    reason: str,
) -> Kept:
    there: dict[int, str] = dict(
        txn.query("SELECT version, hash FROM data.prompt_versions WHERE name = ?", [name]).rows
    )
    new = [item for item in versions if item.version not in there]
    taken = [item.version for item in versions if there.get(item.version, item.hash) != item.hash]
    known = txn.query("SELECT count(*) FROM data.prompts WHERE name = ?", [name]).rows[0][0]
    if new and not known:
        kind = "text" if isinstance(versions[-1].template, str) else "chat"
        txn.execute(
            "INSERT INTO data.prompts (name, kind, tags, created_ns) VALUES (?, ?, ?, ?)",
            [name, kind, json.dumps(dict(tags)), min(item.created_ns for item in versions)],
        )
    for item in new:
        insert_version(txn, item)
    numbers = {*there, *(item.version for item in versions)}
    wanted = {
        alias: number
        for alias, number in aliases.items()
        if number in numbers and number not in taken and not arms_of(txn, name, alias)
    }
    for alias, number in wanted.items():
        move_to(txn, name, alias, {number: 1.0}, reason=reason)
    return Kept(versions=len(new), aliases=len(wanted), taken=taken)
