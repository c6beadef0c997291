"""Prompts: names, versions with what they cost and how they do, aliases and their moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from genaiops.errors import NotFoundError
from genaiops.model.prompt import PromptVersion, protected_aliases
from genaiops.query import prompt_calls, prompt_evals
from genaiops.query.evals import EvalRun
from genaiops.store import current_store
from genaiops.store.base import Reader

__all__ = [
    "Alias",
    "AliasMove",
    "PromptName",
    "VersionStats",
    "alias_history",
    "get",
    "names",
    "recent_moves",
    "search",
    "version",
    "versions",
]

_MEASURED = (
    "p50_ms",
    "p95_ms",
    "cost_per_call_usd",
    "input_tokens_per_call",
    "output_tokens_per_call",
)

_FEW = 200
"""More prompts than this are read by reading all: names cost more to bind than rows to skip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """An alias and the version it points to; weights of one alias sum to 1."""

    alias: str
    version: int
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptName:
    """A prompt without its versions.

    Attributes:
        folder: The part of the name before the last ``/``, empty at the top.
        kind: ``text`` or ``chat``.
    """

    name: str
    folder: str
    kind: str
    tags: Mapping[str, str]
    created_ns: int
    n_versions: int
    latest_version: int
    updated_ns: int
    aliases: Sequence[Alias]

    @property
    def protected(self) -> Mapping[str, str]:
        """The condition of each protected alias; empty text for one that is locked."""
        return protected_aliases(self.tags)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionStats:
    """A version, its aliases, and the model calls made with it; None is unknown.

    A call that several layers recorded (LangChain, the provider's client) counts once.

    Attributes:
        cost_per_call_usd: Mean over the calls whose cost is known.
        evaluation: The newest finished evaluation of the version, with its scores.
    """

    version: PromptVersion
    aliases: Sequence[Alias]
    calls: int
    errors: int
    error_rate: float | None
    p50_ms: float | None
    p95_ms: float | None
    cost_per_call_usd: float | None
    input_tokens_per_call: float | None
    output_tokens_per_call: float | None
    evaluation: EvalRun | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasMove:
    """An alias was set, moved, or (version None) deleted."""

    alias: str
    version: int | None
    weight: float | None
    moved_ns: int
    author: str | None
    reason: str | None


def names(prefix: str = "") -> list[PromptName]:
    """Every prompt whose name begins with the prefix, by name. Raises StoreError."""
    return _names("starts_with(name, ?)", prefix) if prefix else _names("true")


def get(name: str) -> PromptName | None:
    """One prompt; None when there is no such. Raises StoreError."""
    found = _names("name = ?", name)
    return found[0] if found else None


def search(where: str, params: Sequence[Any]) -> list[PromptName]:
    """The prompts that a compiled filter lets through, by name.

    Args:
        where: A condition over ``name kind created_ns author message version tags updated_ns
            aliases``, all but the first three those of the newest version.
        params: Its values.

    Raises: StoreError.
    """
    return _names(
        f"""
        name IN (
          SELECT name
          FROM (
            SELECT
              p.name, p.kind, p.created_ns, v.newest.author, v.newest.message, v.newest.version,
              v.newest.tags, v.newest.updated_ns, coalesce(a.aliases, []) AS aliases
            FROM prompts AS p
            JOIN (
              SELECT
                name,
                arg_max(
                  {{
                    'author': author, 'message': message, 'version': version, 'tags': tags,
                    'updated_ns': created_ns
                  }},
                  version
                ) AS newest
              FROM prompt_versions
              GROUP BY name
            ) AS v ON v.name = p.name
            LEFT JOIN (
              SELECT name, list(alias) AS aliases FROM prompt_aliases GROUP BY name
            ) AS a ON a.name = p.name
          )
          WHERE {where}
        )""",
        *params,
    )


def _names(condition: str, *params: Any) -> list[PromptName]:  # values of many types
    """Prompts whose name fits a condition on the column ``name``."""
    with current_store().read() as reader:
        scope: dict[str, Any] = {}
        few = "true"
        chosen: set[str] | None = None
        if condition != "true":
            fitting = reader.query(f"SELECT name FROM prompts WHERE {condition}", list(params)).rows
            chosen = {name for (name,) in fitting}
            if len(chosen) <= _FEW:
                scope = {"chosen": list(chosen)}
                few = "name IN (SELECT unnest($chosen))"
        rows = reader.query(
            f"""
            SELECT
              p.name, p.kind, nullif(p.tags::VARCHAR, '{{}}')::JSON AS tags, p.created_ns,
              coalesce(v.n, 0), coalesce(v.latest, 0), coalesce(v.newest_ns, p.created_ns)
            FROM (SELECT * FROM prompts WHERE {few}) AS p
            LEFT JOIN (
              SELECT name, count(*) AS n, max(version) AS latest, max(created_ns) AS newest_ns
              FROM prompt_versions
              WHERE {few}
              GROUP BY name) AS v ON v.name = p.name
            ORDER BY p.name
            """,
            scope,
        ).rows
        aliases = _aliases(reader, few, scope)
    return [
        _name(row, aliases.get(row[0], ())) for row in rows if chosen is None or row[0] in chosen
    ]


def _name(row: Sequence[Any], aliases: Sequence[Alias]) -> PromptName:
    return PromptName(
        name=row[0],
        folder=row[0].rpartition("/")[0],
        kind=row[1] or "text",
        tags=row[2] or {},
        created_ns=row[3],
        n_versions=row[4],
        latest_version=row[5],
        updated_ns=row[6],
        aliases=aliases,
    )


def versions(name: str) -> list[VersionStats]:
    """The versions of a prompt, newest first. Raises NotFoundError, StoreError."""
    return _versions(name, None)


def version(name: str, number: int) -> VersionStats:
    """One version. Raises NotFoundError, StoreError."""
    return _versions(name, number)[0]


def _versions(name: str, number: int | None) -> list[VersionStats]:
    with current_store().read() as reader:
        rows = reader.query(
            """
            SELECT *
            FROM prompt_versions
            WHERE name = ?
            AND version = coalesce(?, version)
            ORDER BY version DESC
            """,
            [name, number],
        ).dicts()
        if not rows:
            what = f"prompt {name!r}" if number is None else f"version {number} of prompt {name!r}"
            raise NotFoundError(
                f"no {what} in the store: `genaiops prompts list` shows what there is"
            )
        calls = prompt_calls.by_version(reader, name)
        aliases = _aliases(reader, "name = $name", {"name": name}).get(name, [])
        evaluated = prompt_evals.read_newest(reader, name).newest
    return [
        _stats(row, calls.get(row["version"]), aliases, evaluated.get(row["version"]))
        for row in rows
    ]


def alias_history(name: str, *, alias: str | None = None, limit: int = 200) -> list[AliasMove]:
    """Moves of a prompt's aliases, newest first. Raises StoreError."""
    moves = _moves("WHERE name = ? AND alias = coalesce(?, alias)", [name, alias], limit)
    return [move for _, move in moves]


def recent_moves(*, since_ns: int, limit: int = 50) -> list[tuple[str, AliasMove]]:
    """Moves of all prompts since then as (prompt name, move), newest first. Raises StoreError."""
    return _moves("WHERE moved_ns >= ?", [since_ns], limit)


def _moves(where: str, params: list[Any], limit: int) -> list[tuple[str, AliasMove]]:
    with current_store().read() as reader:
        rows = reader.query(
            f"""
            SELECT name, alias, version, weight, moved_ns, author, reason
            FROM prompt_alias_history
            {where}
            ORDER BY moved_ns DESC, weight DESC
            LIMIT {int(limit)}
            """,
            params,
        ).rows
    keys = ("alias", "version", "weight", "moved_ns", "author", "reason")
    return [(row[0], AliasMove(**dict(zip(keys, row[1:], strict=True)))) for row in rows]


def _aliases(reader: Reader, condition: str, params: Mapping[str, Any]) -> dict[str, list[Alias]]:
    """The aliases of the prompts that fit a condition, by name of the prompt."""
    rows = reader.query(
        f"""
        SELECT name, alias, version, coalesce(weight, 1.0)
        FROM prompt_aliases
        WHERE {condition}
        ORDER BY alias, version
        """,
        params,
    ).rows
    known: dict[tuple[str, int, float], Alias] = {}  # thousands of prompts share a few
    found: dict[str, list[Alias]] = {}
    for name, alias, number, weight in rows:
        key = (alias, number, weight)
        one = known.get(key)
        if one is None:
            one = known[key] = Alias(alias=alias, version=number, weight=weight)
        if name in found:
            found[name].append(one)
        else:
            found[name] = [one]
    return found


def _stats(
    row: Mapping[str, Any],
    used: Mapping[str, Any] | None,
    aliases: Sequence[Alias],
    evaluation: EvalRun | None,
) -> VersionStats:
    values = {field.name: row[field.name] for field in fields(PromptVersion)}
    values["tags"] = row["tags"] or {}
    calls = 0 if used is None else used["calls"]
    errors = 0 if used is None else used["errors"]
    return VersionStats(
        version=PromptVersion(**values),
        aliases=[alias for alias in aliases if alias.version == row["version"]],
        calls=calls,
        errors=errors,
        error_rate=errors / calls if calls else None,
        evaluation=evaluation,
        **{name: None if used is None else used[name] for name in _MEASURED},
    )
