"""Looking through the registry: which prompts there are, and what happened to one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal

from genaiops.prompts.moves import heaviest
from genaiops.prompts.names import check_name, check_text
from genaiops.prompts.rows import no_such_prompt
from genaiops.query import prompts as query
from genaiops.query.prompts import PromptName
from genaiops.store import current_store
from genaiops.store.filter import Field, Fields, parse

__all__ = ["PromptEvent", "get_prompt", "prompt_history", "search_prompts"]

_FIELDS = Fields(
    plain={
        "name": Field(sql="name"),
        "kind": Field(sql="kind"),
        "author": Field(sql="author"),
        "commit_message": Field(sql="message"),
        "version": Field(sql="version", kind="number"),
        "created_ns": Field(sql="created_ns", kind="number"),
        "updated_ns": Field(sql="updated_ns", kind="number"),
        "alias": Field(sql="aliases", kind="list"),
    },
    keyed={"tags": Field(sql="json_extract_string(tags, ?)", kind="any", key="json")},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptEvent:
    """Something that happened to a prompt.

    Attributes:
        at_ns: Nanoseconds UTC.
        kind: ``version`` (one was registered) or ``alias`` (one was set, moved or deleted).
        version: The version registered, or the one that the alias means since then (of several
            the one with the largest share); None after its deletion.
        reason: The commit message, or why the alias was moved.
        shares: Share by version that the alias has since then.
        before: The same before the move.
    """

    at_ns: int
    kind: Literal["version", "alias"]
    version: int | None
    alias: str | None = None
    author: str | None = None
    reason: str | None = None
    shares: Mapping[int, float] = field(default_factory=dict[int, float])
    before: Mapping[int, float] = field(default_factory=dict[int, float])


def search_prompts(filter: str | None = None) -> list[PromptName]:  # noqa: A002  the public name
    """Prompts by name, all of them or those that fit a filter.

    Args:
        filter: Over ``name kind author commit_message version created_ns updated_ns alias
            tags.KEY``; author, message, version and tags are those of the newest version:
            ``name LIKE 'qa/%' AND alias = 'production'``.

    Raises: FilterError, PromptError for what is no text, StoreError.
    """
    if filter is not None:
        check_text(filter, "filter")
    if filter is None or not filter.strip():
        return query.names()
    compiled = parse(filter, _FIELDS)
    return query.search(compiled.where, compiled.params)


def get_prompt(name: str) -> PromptName:
    """What is known of a prompt without its versions: kind, aliases, number of versions.

    Raises: PromptError, NotFoundError, StoreError.
    """
    found = query.get(check_name(name))
    if found is None:
        no_such_prompt(name)
    return found


def prompt_history(name: str) -> list[PromptEvent]:
    """Versions registered and aliases moved, newest first.

    Raises: PromptError, NotFoundError, StoreError.
    """
    with current_store().read() as reader:
        versions = reader.query(
            "SELECT created_ns, version, author, message FROM prompt_versions WHERE name = ?",
            [check_name(name)],
        ).rows
        moves = reader.query(
            """
            SELECT moved_ns, alias, version, coalesce(weight, 1.0), author, reason
            FROM prompt_alias_history
            WHERE name = ?
            ORDER BY moved_ns, alias, version
            """,
            [name],
        ).rows
    if not versions:
        no_such_prompt(name)
    registered = [
        PromptEvent(at_ns=at_ns, kind="version", version=version, author=author, reason=message)
        for at_ns, version, author, message in versions
    ]
    events = [*registered, *_moved(moves)]
    return sorted(events, key=lambda event: (event.at_ns, event.kind == "alias"), reverse=True)


def _moved(rows: Iterable[Sequence[Any]]) -> Iterator[PromptEvent]:
    """One event a move, whatever the number of versions; oldest first."""
    before: dict[str, dict[int, float]] = {}
    for (at_ns, alias, author, reason), group in groupby(
        rows, key=lambda row: (row[0], row[1], row[4], row[5])
    ):
        shares = {row[2]: row[3] for row in group if row[2] is not None}
        yield PromptEvent(
            at_ns=at_ns,
            kind="alias",
            version=heaviest(shares),
            alias=alias,
            author=author,
            reason=reason,
            shares=shares,
            before=before.get(alias, {}),
        )
        before[alias] = shares
