"""Aliases: movable names of versions, each move kept with who, when, from what and why."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar, cast

from genaiops.errors import ConflictError, NotFoundError, PromptError
from genaiops.prompts.cache import cache_of
from genaiops.prompts.commits import commit
from genaiops.prompts.guard import guard
from genaiops.prompts.moves import Arms, before_last, heaviest, move_to, moves_of
from genaiops.prompts.names import check_alias, check_name, check_text, check_version
from genaiops.prompts.protection import protection_of, refuse_protected
from genaiops.prompts.rows import arms_of, newest_version, no_such_prompt, no_such_version
from genaiops.store import Reader, Txn, current_store

__all__ = [
    "change_alias",
    "delete_prompt_alias",
    "rollback_prompt_alias",
    "set_prompt_alias",
    "split_prompt_alias",
]

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
        if_eval: Moves only when an evaluation allows it: a condition such as
            ``groundedness >= 0.8`` on the lower bound of the version's newest evaluation (the
            upper one for ``<=``; several joined by ``and``), or the id of an evaluation of this
            version, whose mean scores must not be below those of the newest evaluation of the
            version that the alias means now, on the rows that both judged.

    Raises: PromptError, NotFoundError, StoreError; ConflictError with the figures when the
        evaluation falls short, or when the alias is protected.
    """
    _point(name, alias, {version: 1.0}, reason=reason, if_eval=if_eval)


def split_prompt_alias(
    name: str,
    alias: str,
    shares: Mapping[int, float],
    *,
    reason: str | None = None,
    if_eval: str | None = None,
) -> None:
    """Lets the alias mean several versions, each for a share of the loads.

    `load_prompt` with a ``key`` gives one key the same version every time, in every process; when
    the shares change, only as many keys change their version as have to.

    Args:
        name: Name of the prompt.
        alias: Such as ``production``.
        shares: Share by version, as in ``{3: 0.9, 4: 0.1}``; they are scaled to sum to 1.
        reason: Why, kept in the history.
        if_eval: As for `set_prompt_alias`, for each version; conditions only.

    Raises: PromptError, NotFoundError, ConflictError, StoreError.
    """
    _point(name, alias, shares, reason=reason, if_eval=if_eval)


def delete_prompt_alias(name: str, alias: str, *, reason: str | None = None) -> None:
    """Takes the alias away; `rollback_prompt_alias` brings it back.

    Raises: PromptError, NotFoundError when there is no such alias, ConflictError when it is
        protected, StoreError.
    """
    if reason is not None:
        check_text(reason, "reason")
    change_alias(name, alias, partial(_delete, name=name, alias=alias, reason=reason))


def rollback_prompt_alias(name: str, alias: str, *, reason: str | None = None) -> int:
    """Undoes the last move of the alias, or its deletion; again, the move before.

    Returns: The version that the alias means now; of several the one with the largest share.
    Raises: PromptError, NotFoundError when the alias never was, ConflictError when there is no
        earlier version or it is locked, StoreError.
    """
    if reason is not None:
        check_text(reason, "reason")
    return change_alias(name, alias, partial(_roll_back, name=name, alias=alias, reason=reason))


def change_alias(name: str, alias: str, change: Callable[[Txn], T]) -> T:
    """Runs a change of an alias in a transaction; this process sees it at once."""
    check_name(name)
    check_alias(alias)
    store = current_store()
    try:
        return commit(store, change)
    finally:
        cache_of(store).forget_alias(name, alias)


def _point(
    name: str, alias: str, shares: Mapping[int, float], *, reason: str | None, if_eval: str | None
) -> None:
    check_name(name)
    check_alias(alias)
    for text, what in ((reason, "reason"), (if_eval, "if_eval")):
        if text is not None:
            check_text(text, what)
    arms = _checked(shares)
    if if_eval is not None and not if_eval.strip():
        raise PromptError(
            "if_eval is empty: give a condition such as 'groundedness >= 0.8', or None"
        )
    with current_store().read() as reader:
        _check_versions(reader, name, arms)
        before = arms_of(reader, name, alias)
        rule = protection_of(reader, name).get(alias)
    refuse_protected(name, alias, rule if rule == "" else None)
    figures = [
        guard(name, list(arms), heaviest(before), condition)
        for condition in dict.fromkeys((rule, if_eval))
        if condition
    ]
    why = "; ".join(part for part in (reason, *figures) if part) or None
    seen = (before if figures else None, rule)
    change = partial(_move, name=name, alias=alias, arms=arms, reason=why, seen=seen)
    change_alias(name, alias, change)


def _checked(given: object) -> dict[int, float]:  # whatever a caller gave
    if not isinstance(given, Mapping):
        raise PromptError(f"shares is {given!r:.100}: use a dict such as {{3: 0.9, 4: 0.1}}")
    shares = cast("Mapping[Any, Any]", given)  # whatever a caller gave
    for version, share in shares.items():
        check_version(version)
        number = isinstance(share, int | float) and not isinstance(share, bool)
        if not number or not 0 <= share < float("inf"):
            raise PromptError(
                f"the share of version {version} is {share!r}: use a number such as 0.1"
            )
    total = sum(shares.values())
    if not 0 < total < float("inf"):
        raise PromptError(f"the shares {dict(shares)!r} sum to {total:g}: give one that is above 0")
    return {version: share / total for version, share in sorted(shares.items()) if share}


def _check_versions(reader: Reader, name: str, arms: Arms) -> None:
    known = {
        version
        for (version,) in reader.query(
            "SELECT version FROM data.prompt_versions WHERE name = ? "
            "AND version IN (SELECT unnest(?))",
            [name, list(arms)],
        ).rows
    }
    for version in arms:
        if version not in known:
            no_such_version(reader, name, version)


def _move(
    txn: Txn,
    *,
    name: str,
    alias: str,
    arms: Arms,
    reason: str | None,
    seen: tuple[Arms | None, str | None],
) -> None:
    """Raises: ConflictError when what the guard looked at is not so any more."""
    before = arms_of(txn, name, alias)
    _check_versions(txn, name, arms)
    if seen[1] != protection_of(txn, name).get(alias) or seen[0] not in (None, before):
        raise ConflictError(
            f"alias {alias!r} of prompt {name!r} was changed by someone else in the meantime: "
            f"look at it, then try again"
        )
    if before != arms:
        move_to(txn, name, alias, arms, reason=reason)


def _delete(txn: Txn, *, name: str, alias: str, reason: str | None) -> None:
    if not arms_of(txn, name, alias):
        if newest_version(txn, name) is None:
            no_such_prompt(name)
        raise NotFoundError(
            f"prompt {name!r} has no alias {alias!r}: `genaiops prompts show {name}` shows them"
        )
    refuse_protected(name, alias, protection_of(txn, name).get(alias))
    move_to(txn, name, alias, {}, reason=reason)


def _roll_back(txn: Txn, *, name: str, alias: str, reason: str | None) -> int:
    moves = moves_of(txn, name, alias)
    if not moves:
        raise NotFoundError(f"prompt {name!r} never had an alias {alias!r}: set it first")
    rule = protection_of(txn, name).get(alias)
    refuse_protected(name, alias, rule if rule == "" else None)
    target = before_last(moves)
    last = heaviest(moves[-1])
    if target is None:
        raise ConflictError(
            f"alias {alias!r} of prompt {name!r} has no earlier version than {last}: "
            f"move it with set_prompt_alias"
        )
    why = f"rollback from {'deletion' if last is None else last}"
    move_to(txn, name, alias, target, reason=reason or why)
    return max(target, key=lambda version: (target[version], -version))
