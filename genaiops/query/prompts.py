"""Prompts: names, versions with what they cost and how they do, aliases and their moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from genaiops.errors import NotFoundError
from genaiops.model.prompt import PromptVersion
from genaiops.store import current_store
from genaiops.store.base import Reader

__all__ = [
    "Alias",
    "AliasMove",
    "PromptName",
    "VersionStats",
    "alias_history",
    "names",
    "recent_moves",
    "versions",
]

_MEASURED = (
    "p50_ms",
    "p95_ms",
    "cost_per_call_usd",
    "input_tokens_per_call",
    "output_tokens_per_call",
)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionStats:
    """A version, its aliases, and the calls made with it; None is unknown."""

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
    with current_store().read() as reader:
        rows = reader.query(
            """
            SELECT
              p.name, p.kind, p.tags, p.created_ns,
              coalesce(v.n, 0) AS n_versions,
              coalesce(v.latest, 0) AS latest_version,
              coalesce(v.newest_ns, p.created_ns) AS updated_ns
            FROM prompts AS p
            LEFT JOIN (
              SELECT name, count(*) AS n, max(version) AS latest, max(created_ns) AS newest_ns
              FROM prompt_versions
              GROUP BY name) AS v ON v.name = p.name
            WHERE starts_with(p.name, ?)
            ORDER BY p.name
            """,
            [prefix],
        ).dicts()
        aliases = _aliases(reader)
    return [
        PromptName(
            name=row["name"],
            folder=row["name"].rpartition("/")[0],
            kind=row["kind"] or "text",
            tags=row["tags"] or {},
            created_ns=row["created_ns"],
            n_versions=row["n_versions"],
            latest_version=row["latest_version"],
            updated_ns=row["updated_ns"],
            aliases=aliases.get(row["name"], ()),
        )
        for row in rows
    ]


def versions(name: str) -> list[VersionStats]:
    """The versions of a prompt, newest first. Raises NotFoundError, StoreError."""
    with current_store().read() as reader:
        rows = reader.query(
            "SELECT * FROM prompt_versions WHERE name = ? ORDER BY version DESC", [name]
        ).dicts()
        if not rows:
            raise NotFoundError(
                f"no prompt {name!r} in the store: `genaiops prompts list` shows what there is"
            )
        calls = reader.query(
            """
            SELECT
              prompt_version AS version,
              count(*) AS calls,
              count(*) FILTER (status = 'error') AS errors,
              approx_quantile(duration_ms, 0.5) AS p50_ms,
              approx_quantile(duration_ms, 0.95) AS p95_ms,
              avg(cost_usd) AS cost_per_call_usd,
              avg(input_tokens) AS input_tokens_per_call,
              avg(output_tokens) AS output_tokens_per_call
            FROM spans
            WHERE prompt_name = ?
            AND status NOT IN ('running', 'interrupted')
            GROUP BY prompt_version
            """,
            [name],
        ).dicts()
        aliases = _aliases(reader).get(name, [])
    used = {row["version"]: row for row in calls}
    return [_stats(row, used.get(row["version"]), aliases) for row in rows]


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


def _aliases(reader: Reader) -> dict[str, list[Alias]]:
    """The aliases of every prompt, by name of the prompt."""
    found: dict[str, list[Alias]] = {}
    for name, alias, version, weight in reader.query(
        "SELECT name, alias, version, weight FROM prompt_aliases ORDER BY name, alias, version"
    ).rows:
        found.setdefault(name, []).append(
            Alias(alias=alias, version=version, weight=1.0 if weight is None else weight)
        )
    return found


def _stats(
    row: Mapping[str, Any], used: Mapping[str, Any] | None, aliases: Sequence[Alias]
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
        **{name: None if used is None else used[name] for name in _MEASURED},
    )
