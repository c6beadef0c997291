"""What can be changed about a prompt after the fact: its tags, those of its versions, protection."""

import json
from collections.abc import Mapping
from functools import partial
from typing import cast

from genaiops.errors import PromptError
from genaiops.prompts.aliases import change_alias
from genaiops.prompts.cache import cache_of
from genaiops.prompts.commits import commit
from genaiops.prompts.guard import check_condition
from genaiops.prompts.names import check_name, check_text, check_version
from genaiops.prompts.protection import protect, tags_of, unprotect
from genaiops.prompts.rows import newest_version, no_such_prompt, no_such_version
from genaiops.store import Txn, current_store

__all__ = [
    "checked_tags",
    "protect_prompt_alias",
    "set_prompt_tag",
    "set_prompt_version_tag",
    "unprotect_prompt_alias",
]

_OWN = "genaiops."


def set_prompt_tag(name: str, key: str, value: str | None) -> None:
    """Sets a tag of a prompt; None takes it away.

    Raises: PromptError for a key that begins with ``genaiops.``, NotFoundError, StoreError.
    """
    _check(name, key, value)
    commit(current_store(), partial(_tag_prompt, name=name, key=key, value=value))


def set_prompt_version_tag(name: str, version: int, key: str, value: str | None) -> None:
    """Sets a tag of a version; None takes it away. Everything else of a version never changes.

    A process that has loaded the version already sees the tag after its next start.

    Raises: PromptError for a key that begins with ``genaiops.``, NotFoundError, StoreError.
    """
    _check(name, key, value)
    check_version(version)
    store = current_store()
    commit(store, partial(_tag_version, name=name, version=version, key=key, value=value))
    cache_of(store).forget_version(name, version)


def protect_prompt_alias(
    name: str, alias: str, *, if_eval: str | None = None, reason: str | None = None
) -> None:
    """Protects an alias against a careless move.

    Args:
        name: Name of the prompt.
        alias: An alias that is set.
        if_eval: A condition such as ``groundedness >= 0.8``: every move has to meet it, while
            `rollback_prompt_alias` stays free. Without, the alias is locked: it is neither moved
            nor rolled back until `unprotect_prompt_alias`. It cannot be deleted in either case.
        reason: Why, kept in the history.

    Raises: PromptError, NotFoundError, StoreError.
    """
    if if_eval is not None:
        check_text(if_eval, "if_eval")
        check_condition(if_eval)
    if reason is not None:
        check_text(reason, "reason")
    rule = (if_eval or "").strip()
    change_alias(name, alias, partial(protect, name=name, alias=alias, rule=rule, reason=reason))


def unprotect_prompt_alias(name: str, alias: str, *, reason: str | None = None) -> None:
    """Lifts the protection of an alias. Raises: PromptError, NotFoundError, StoreError."""
    if reason is not None:
        check_text(reason, "reason")
    change_alias(name, alias, partial(unprotect, name=name, alias=alias, reason=reason))


def checked_tags(tags: object) -> dict[str, str]:
    """The tags of a new version; numbers become text. Raises: PromptError for what are no tags."""
    if tags is None:
        return {}
    if not isinstance(tags, Mapping):
        raise PromptError(f"tags is a {type(tags).__name__}: use a dict of texts")
    table = cast("Mapping[object, object]", tags)
    texts = {
        key: str(value) if isinstance(value, int | float) else value for key, value in table.items()
    }
    for key, value in texts.items():
        _check_tag(key, value)
    return cast("dict[str, str]", texts)


def _check(name: str, key: object, value: object) -> None:
    check_name(name)
    _check_tag(key, "" if value is None else value)


def _check_tag(key: object, value: object) -> None:
    if not isinstance(key, str) or not key or key.startswith(_OWN):
        raise PromptError(f"the tag {key!r} cannot be set: use a text that does not begin {_OWN!r}")
    if not isinstance(value, str):
        raise PromptError(f"the tag {key!r} is {value!r:.100}: use text")
    check_text(key + value, "the tag")


def _changed(tags: dict[str, str], key: str, value: str | None) -> str:
    others = {name: text for name, text in tags.items() if name != key}
    return json.dumps(others if value is None else others | {key: value})


def _tag_prompt(txn: Txn, *, name: str, key: str, value: str | None) -> None:
    if newest_version(txn, name) is None:
        no_such_prompt(name)
    text = _changed(tags_of(txn, name), key, value)
    txn.execute("UPDATE data.prompts SET tags = ? WHERE name = ?", [text, name])


def _tag_version(txn: Txn, *, name: str, version: int, key: str, value: str | None) -> None:
    rows = txn.query(
        "SELECT tags FROM data.prompt_versions WHERE name = ? AND version = ?", [name, version]
    ).rows
    if not rows:
        no_such_version(txn, name, version)
    text = _changed(dict(rows[0][0] or {}), key, value)
    txn.execute(
        "UPDATE data.prompt_versions SET tags = ? WHERE name = ? AND version = ?",
        [text, name, version],
    )
