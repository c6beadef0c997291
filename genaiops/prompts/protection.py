"""Protected aliases: locked, or moved only by a standing condition on an evaluation.

The rules stand in the tag `PROTECTED_TAG` of the prompt, as JSON: alias to condition, empty for a lock.
"""

import json
from typing import Any

from genaiops.errors import ConflictError, NotFoundError
from genaiops.model.prompt import PROTECTED_TAG, protected_aliases
from genaiops.prompts.moves import note_move
from genaiops.prompts.rows import arms_of, no_such_alias
from genaiops.store import Reader, Txn

__all__ = ["protect", "protection_of", "refuse_protected", "tags_of", "unprotect"]


def protection_of(reader: Reader, name: str) -> dict[str, str]:
    """The condition of each protected alias; empty text for one that is locked."""
    return protected_aliases(tags_of(reader, name))


def tags_of(reader: Reader, name: str) -> dict[str, Any]:
    """The tags of a prompt; empty when there is no such prompt."""
    rows = reader.query("SELECT tags FROM data.prompts WHERE name = ?", [name]).rows
    return dict(rows[0][0] or {}) if rows else {}


def refuse_protected(name: str, alias: str, rule: str | None) -> None:
    """Raises: ConflictError when there is a rule."""
    if rule is not None:
        how = f"moves only if {rule}" if rule else "is locked"
        raise ConflictError(
            f"alias {alias!r} of prompt {name!r} is protected ({how}): "
            f"unprotect_prompt_alias({name!r}, {alias!r}) lifts that"
        )


def protect(txn: Txn, *, name: str, alias: str, rule: str, reason: str | None) -> None:
    """Puts a rule on an alias. Raises: NotFoundError when there is no such alias."""
    arms = arms_of(txn, name, alias)
    if not arms:
        no_such_alias(txn, name, alias)
    _keep(txn, name, protection_of(txn, name) | {alias: rule})
    what = f"protected: moves only if {rule}" if rule else "protected: locked"
    note_move(txn, name, alias, arms, reason=f"{what}; {reason}" if reason else what)


def unprotect(txn: Txn, *, name: str, alias: str, reason: str | None) -> None:
    """Takes the rule away. Raises: NotFoundError when there is none."""
    rules = protection_of(txn, name)
    if alias not in rules:
        if not arms_of(txn, name, alias):
            no_such_alias(txn, name, alias)
        raise NotFoundError(f"alias {alias!r} of prompt {name!r} is not protected")
    del rules[alias]
    _keep(txn, name, rules)
    what = "protection lifted"
    note_move(
        txn, name, alias, arms_of(txn, name, alias), reason=f"{what}; {reason}" if reason else what
    )


def _keep(txn: Txn, name: str, rules: dict[str, str]) -> None:
    tags = {key: value for key, value in tags_of(txn, name).items() if key != PROTECTED_TAG}
    if rules:
        tags[PROTECTED_TAG] = json.dumps(rules, sort_keys=True)
    txn.execute("UPDATE data.prompts SET tags = ? WHERE name = ?", [json.dumps(tags), name])
