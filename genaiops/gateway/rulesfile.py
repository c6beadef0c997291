"""The sections ``keys``, ``cache``, ``guardrails`` and ``redis`` of a ``gateway.yaml``, checked."""

import contextlib
import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from genaiops.errors import ConfigError
from genaiops.gateway.guardrails import make_guards
from genaiops.gateway.limits import Period, Policy
from genaiops.gateway.references import check_secret
from genaiops.gateway.rules import CacheRule, GuardRule, RedisRule, Rules, SemanticRule
from genaiops.gateway.shared_limits import WhenAway, check_redis
from genaiops.store.keys import check_name, digest

__all__ = ["CacheEntry", "GuardEntry", "KeyEntry", "RedisEntry", "Table", "rules_of"]

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_LEAST = 16
Secret = Callable[[str, str], str]
"""``(value, place)``: the value with secrets of the environment and of files in their places."""


_Count = Annotated[int, Field(ge=1, le=1_000_000_000)]


def _date(value: object) -> datetime.date:
    """A day or a moment, as YAML or a text has it."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            return datetime.datetime.fromisoformat(value)
    if not isinstance(value, datetime.date):
        raise ValueError(  # noqa: TRY004  the one that pydantic tells
            "must be a day or a moment such as 2030-01-01 or 2030-01-01T12:00:00Z"
        )
    return value


class Table(BaseModel):
    """A table of the file: no other keys than its own; one without a value counts as left out."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, value: Any) -> Any:  # any YAML
        if not isinstance(value, dict):
            return value
        table = cast("dict[Any, Any]", value)
        return {name: entry for name, entry in table.items() if entry is not None}


class BudgetEntry(Table):
    """``budget`` of a key."""

    usd: float = Field(ge=0, le=1e9)
    every: Period = "month"


class LimitsEntry(Table):
    """``limits`` of a key."""

    rpm: _Count | None = None
    tpm: _Count | None = None
    concurrent: _Count | None = None


class KeyEntry(Table):
    """One of ``keys``."""

    name: str
    key: str
    models: list[str] = []
    budget: BudgetEntry | None = None
    limits: LimitsEntry = LimitsEntry()
    expires: Annotated[datetime.datetime | datetime.date | None, BeforeValidator(_date)] = None
    admin: bool = False


class SemanticEntry(Table):
    """``semantic`` of the cache."""

    model: str
    threshold: float = Field(gt=0, le=1)


class CacheEntry(Table):
    """``cache``."""

    ttl_s: float = Field(default=3600.0, gt=0, le=31_536_000)
    max_mb: float = Field(default=256.0, gt=0, le=1_048_576)
    shared: bool = False
    semantic: SemanticEntry | None = None


class GuardEntry(Table):
    """One of ``guardrails``."""

    judge: str
    when: Literal["before", "after"]
    action: Literal["reject", "mask", "flag"]
    models: list[str] = []
    options: dict[str, Any] = {}
    window: Annotated[int, Field(ge=20, le=100_000)] = 200


class RedisEntry(Table):
    """``redis``; an address alone is its ``url``."""

    url: str
    when_away: WhenAway = "local"

    @model_validator(mode="before")
    @classmethod
    def _address(cls, value: object) -> object:
        return {"url": value} if isinstance(value, str) else value


def rules_of(
    keys: Sequence[KeyEntry],
    cache: CacheEntry | None,
    guardrails: Sequence[GuardEntry],
    redis: RedisEntry | None,
    *,
    secret: Secret,
    place: Callable[..., str],
) -> Rules:
    """What these sections say.

    Args:
        keys: As they stand in the file, like the others.
        cache: None for no cache.
        guardrails: In the order in which they look.
        redis: None where each process keeps its limits alone.
        secret: Fills in secrets.
        place: File and line of a path of keys.

    Raises: ConfigError that names file and line.
    """
    rules = [_guard(entry) for entry in guardrails]
    for number, rule in enumerate(rules):
        try:
            make_guards([rule])
        except ConfigError as error:
            raise ConfigError(f"{place('guardrails', number)}: {error}") from None
    return Rules(
        keys=_keys(keys, secret, place),
        cache=None if cache is None else _cache(cache),
        guardrails=tuple(rules),
        redis=None if redis is None else _redis(redis, secret, place("redis", "url")),
    )


def _keys(
    entries: Sequence[KeyEntry], secret: Secret, place: Callable[..., str]
) -> Mapping[str, Policy]:
    found: dict[str, Policy] = {}
    names: set[str] = set()
    for number, entry in enumerate(entries):
        where = place("keys", number)
        try:
            check_name(entry.name)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from None
        hashed = _digest(entry, secret, place("keys", number, "key"))
        if entry.name in names or hashed in found:
            raise ConfigError(f"{where}: the key {entry.name!r} is there twice: name each once")
        names.add(entry.name)
        found[hashed] = _policy(entry)
    return found


def _digest(entry: KeyEntry, secret: Secret, where: str) -> str:
    given = _DIGEST.fullmatch(entry.key)
    if given is not None:
        return given[1]
    text = secret(entry.key, where).strip()
    if text == entry.key.strip():
        raise ConfigError(
            f"{where}: the key {entry.name!r} must not stand in the file itself: write "
            "${NAME}, ${file:PATH}, or sha256: and its digest in hex"
        )
    if len(text) < _LEAST:
        raise ConfigError(f"{where}: the key {entry.name!r} is shorter than {_LEAST} characters")
    check_secret(text, f"{where}: the key {entry.name!r}")
    return digest(text)


def _policy(entry: KeyEntry) -> Policy:
    budget = entry.budget
    return Policy(
        name=entry.name,
        models=tuple(entry.models),
        budget_usd=None if budget is None else budget.usd,
        budget_every="month" if budget is None else budget.every,
        rpm=entry.limits.rpm,
        tpm=entry.limits.tpm,
        concurrent=entry.limits.concurrent,
        expires_ns=None if entry.expires is None else _nanoseconds(entry.expires),
        admin=entry.admin,
    )


def _nanoseconds(moment: datetime.datetime | datetime.date) -> int:
    """Of a day, its beginning; of a time without a zone, as UTC."""
    if not isinstance(moment, datetime.datetime):
        moment = datetime.datetime.combine(moment, datetime.time())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return int(moment.timestamp() * 1_000_000_000)


def _cache(entry: CacheEntry) -> CacheRule:
    semantic = entry.semantic
    return CacheRule(
        ttl_s=entry.ttl_s,
        max_mb=entry.max_mb,
        shared=entry.shared,
        semantic=None
        if semantic is None
        else SemanticRule(model=semantic.model, threshold=semantic.threshold),
    )


def _guard(entry: GuardEntry) -> GuardRule:
    return GuardRule(
        judge=entry.judge,
        when=entry.when,
        action=entry.action,
        models=tuple(entry.models),
        options=entry.options,
        window=entry.window,
    )


def _redis(entry: RedisEntry, secret: Secret, where: str) -> RedisRule:
    url = secret(entry.url, where).strip()
    try:
        check_redis(url)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    return RedisRule(url=url, when_away=entry.when_away)
