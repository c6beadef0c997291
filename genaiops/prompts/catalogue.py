"""Looking through the registry: which prompts there are, and what happened to one."""

from dataclasses import dataclass
from typing import Literal

from genaiops.prompts.names import check_name
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
        version: The version registered, or the one that the alias means since then; None after
            its deletion.
        reason: The commit message, or why the alias was moved.
    """

    at_ns: int
    kind: Literal["version", "alias"]
    version: int | None
    alias: str | None = None
    author: str | None = None
    reason: str | None = None


def search_prompts(filter: str | None = None) -> list[PromptName]:  # noqa: A002  the public name
    """Prompts by name, all of them or those that fit a filter.

    Args:
        filter: Over ``name kind author commit_message version created_ns updated_ns alias
            tags.KEY``; author, message, version and tags are those of the newest version:
            ``name LIKE 'qa/%' AND alias = 'production'``.

    Raises: FilterError, StoreError.
    """
    every = query.names()
    if filter is None or not filter.strip():
        return every
    compiled = parse(filter, _FIELDS)
    with current_store().read() as reader:
        rows = reader.query(
            f"""
            SELECT name
            FROM (
              SELECT
                p.name, p.kind, p.created_ns, v.author, v.message, v.version, v.tags,
                v.created_ns AS updated_ns,
                coalesce(
                  (SELECT list(a.alias) FROM prompt_aliases AS a WHERE a.name = p.name), []
                ) AS aliases
              FROM prompts AS p
              JOIN prompt_versions AS v ON v.name = p.name
              QUALIFY row_number() OVER (PARTITION BY p.name ORDER BY v.version DESC) = 1
            )
            WHERE {compiled.where}
            """,  # noqa: S608  the filter binds its values
            list(compiled.params),
        ).rows
    fitting = {name for (name,) in rows}
    return [prompt for prompt in every if prompt.name in fitting]


def get_prompt(name: str) -> PromptName:
    """What is known of a prompt without its versions: kind, aliases, number of versions.

    Raises: PromptError, NotFoundError, StoreError.
    """
    found = next((one for one in query.names(check_name(name)) if one.name == name), None)
    if found is None:
        no_such_prompt(name)
    return found


def prompt_history(name: str) -> list[PromptEvent]:
    """Versions registered and aliases moved, newest first.

    Raises: PromptError, NotFoundError, StoreError.
    """
    with current_store().read() as reader:
        rows = reader.query(
            """
            SELECT created_ns, 'version', version, NULL, author, message
            FROM prompt_versions
            WHERE name = $name
            UNION ALL
            SELECT moved_ns, 'alias', version, alias, author, reason
            FROM prompt_alias_history
            WHERE name = $name
            ORDER BY 1 DESC, 2, 3 DESC
            """,
            {"name": check_name(name)},
        ).rows
    if not rows:
        no_such_prompt(name)
    keys = ("at_ns", "kind", "version", "alias", "author", "reason")
    return [PromptEvent(**dict(zip(keys, row, strict=True))) for row in rows]
