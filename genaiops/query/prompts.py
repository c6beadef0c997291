"""Prompts: names, versions with what they cost and how they do, aliases and their moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genaiops.model.prompt import PromptVersion

__all__ = ["Alias", "AliasMove", "PromptName", "VersionStats", "alias_history", "names", "versions"]


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
    raise NotImplementedError


def versions(name: str) -> list[VersionStats]:
    """The versions of a prompt, newest first. Raises NotFoundError, StoreError."""
    raise NotImplementedError


def alias_history(name: str, *, alias: str | None = None, limit: int = 200) -> list[AliasMove]:
    """Moves of a prompt's aliases, newest first. Raises StoreError."""
    raise NotImplementedError


def recent_moves(*, since_ns: int, limit: int = 50) -> list[tuple[str, AliasMove]]:
    """Moves of all prompts since then as (prompt name, move), newest first. Raises StoreError."""
    raise NotImplementedError
