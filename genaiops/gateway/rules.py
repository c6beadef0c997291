"""What a gateway asks of its callers besides the routes: keys, cache, guardrails, shared limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from genaiops.gateway.limits import Policy
from genaiops.gateway.shared_limits import WhenAway

__all__ = ["CacheRule", "GuardRule", "RedisRule", "Rules", "SemanticRule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticRule:
    """When the answer to another question will do.

    Attributes:
        model: Embedding model, as ``provider/model``.
        threshold: Cosine of the two questions' embeddings from which on they count as one.
    """

    model: str
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRule:
    """How long and how many answers are kept.

    Attributes:
        ttl_s: Seconds that an answer is good for.
        max_mb: MiB of answers in each process; the ones used longest ago go first.
        shared: Whether one key may be given what another key's call brought.
        semantic: None where only the same request counts as the same.
    """

    ttl_s: float = 3600.0
    max_mb: float = 256.0
    shared: bool = False
    semantic: SemanticRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRule:
    """A check of what is asked or answered.

    Attributes:
        judge: A judge of `genaiops.judges` in snake_case, or ``module:function``.
        models: Names, as clients write them, that it is for; empty for all.
        options: Arguments of the judge.
        window: Characters of a streamed answer that are looked at together.
    """

    judge: str
    when: Literal["before", "after"]
    action: Literal["reject", "mask", "flag"]
    models: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    window: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisRule:
    """Where several gateways keep their limits together, and what holds while it is away."""

    url: str = field(repr=False)
    when_away: WhenAway = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All of them.

    Attributes:
        keys: Policies by the SHA-256 digest of the key.
    """

    keys: Mapping[str, Policy] = field(default_factory=dict[str, Policy])
    cache: CacheRule | None = None
    guardrails: tuple[GuardRule, ...] = ()
    redis: RedisRule | None = None
