"""Tokens -> USD: a table of prices beside the store, filled by whoever compacts.

A user's own table, `prices.toml` in the store's folder, comes first; what a provider reported stays
as it is; then the data of genai-prices; and what nobody knows is unknown, never 0. genai-prices
takes a while to load, so only compaction asks it, once a provider, model, service tier and day. Its
answers are kept in `prices.json`, which programs that must not wait read as well.
"""

import contextlib
import fnmatch
import functools
import json
import logging
import time
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from genaiops.model.usage import Usage
from genaiops.store.engine import Engine

__all__ = ["FILE", "USER_FILE", "Ask", "PriceBook", "Rate", "fill"]

FILE = "prices.json"
USER_FILE = "prices.toml"
_FRESH_S = 60.0
_KEEP_DAYS = 40
_MOST_FOUND = 1_000
"""Models whose rates are remembered between two readings; callers choose their names."""
_IDS = {
    "aws.bedrock": "aws",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "mistral_ai": "mistral",
    "moonshot_ai": "moonshotai",
    "x_ai": "x-ai",
}
"""Names of the conventions whose id at genai-prices is another."""
_log = logging.getLogger("genaiops")


@dataclass(frozen=True, slots=True)
class Rate:
    """USD a token, for calls with more input tokens than `above`."""

    above: int
    input: float
    cache_read: float
    cache_write: float
    output: float
    reasoning: float

    def cost(self, usage: Usage) -> float:
        """USD of a call; counts that are unknown cost nothing."""
        read, write = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
        thought = min(usage.reasoning_tokens or 0, usage.output_tokens or 0)
        plain = max((usage.input_tokens or 0) - read - write, 0)
        said = (usage.output_tokens or 0) - thought
        return (
            plain * self.input
            + read * self.cache_read
            + write * self.cache_write
            + said * self.output
            + thought * self.reasoning
        )


@dataclass(frozen=True, slots=True)
class Ask:
    """What a price depends on; `day` is UTC, as in 2026-11-25."""

    provider: str | None
    model: str
    tier: str | None
    day: str

    @property
    def key(self) -> str:
        """The same as text; `fill` makes it in SQL."""
        return f"{self.provider or ''}|{self.model}|{self.tier or ''}|{self.day}"


class PriceBook:
    """The prices of one store."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, list[Rate] | None] = {}
        self._own: list[tuple[str, str, Rate]] = []
        self._found: dict[tuple[str | None, str, str | None, int], list[Rate] | None] = {}
        self._read_at = float("-inf")

    def cost(
        self, provider: str | None, model: str, usage: Usage, tier: str | None
    ) -> float | None:
        """USD of a call made now, None where the price is not known yet; asks nobody."""
        if time.monotonic() - self._read_at > _FRESH_S:
            self._read()
        asked_for = (provider, model, tier, int(time.time() // 86_400))
        if asked_for in self._found:
            rates = self._found[asked_for]
        else:
            ask = Ask(provider, model, tier, datetime.now(UTC).date().isoformat())
            rates = self._own_rates(ask) or self._known.get(ask.key)
            if len(self._found) < _MOST_FOUND:
                self._found[asked_for] = rates
        if not rates or (usage.input_tokens is None and usage.output_tokens is None):
            return None
        asked = usage.input_tokens or 0
        return next(rate for rate in reversed(rates) if asked > rate.above or not rate.above).cost(
            usage
        )

    def rates(self, asks: Iterable[Ask]) -> dict[str, list[Rate]]:
        """Prices by key; asks genai-prices for what is not known, and keeps what it says."""
        self._read()
        found: dict[str, list[Rate]] = {}
        learned = False
        for ask in asks:
            rates = self._own_rates(ask)
            if rates is None:
                if ask.key not in self._known:
                    self._known[ask.key] = _ask(ask)
                    self._found.clear()
                    learned = True
                rates = self._known[ask.key]
            if rates:
                found[ask.key] = rates
        if learned:
            self._keep()
        return found

    def _own_rates(self, ask: Ask) -> list[Rate] | None:
        for provider, model, rate in self._own:
            if fnmatch.fnmatchcase(ask.model, model) and provider in ("", ask.provider):
                return [rate]
        return None

    def _read(self) -> None:
        self._read_at = time.monotonic()
        self._found.clear()
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            table = json.loads((self._folder / FILE).read_text(encoding="utf-8"))
            self._known = {
                key: rates and [Rate(*rate) for rate in rates]
                for key, rates in table["prices"].items()
            }
        self._own = []
        with contextlib.suppress(FileNotFoundError):
            try:
                text = (self._folder / USER_FILE).read_text(encoding="utf-8")
                self._own = [_own(row) for row in tomllib.loads(text)["price"]]
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                _complain(f"{self._folder / USER_FILE} is not used: {error}")

    def _keep(self) -> None:
        days = {key.rpartition("|")[2] for key in self._known}
        recent = sorted(days)[-_KEEP_DAYS:]
        prices = {
            key: rates and [astuple(rate) for rate in rates]
            for key, rates in self._known.items()
            if key.rpartition("|")[2] in recent
        }
        hidden = self._folder / f".{FILE}.new"
        with contextlib.suppress(OSError):  # a full disk: the next round asks again
            hidden.write_text(json.dumps({"version": 1, "prices": prices}), encoding="utf-8")
            hidden.chmod(0o600)
            hidden.rename(self._folder / FILE)


@functools.cache
def _complain(text: str) -> None:
    """Once in a process."""
    _log.warning("genaiops: %s", text)


def _own(row: Mapping[str, Any]) -> tuple[str, str, Rate]:
    """One `[[price]]` of a user: model (with wildcards), provider, USD a million tokens."""
    given, made = (float(row[name]) / 1e6 for name in ("input", "output"))
    read = float(row.get("cache_read", row["input"])) / 1e6
    write = float(row.get("cache_write", row["input"])) / 1e6
    thought = float(row.get("reasoning", row["output"])) / 1e6
    return row.get("provider", ""), str(row["model"]), Rate(0, given, read, write, made, thought)


def _ask(ask: Ask) -> list[Rate] | None:
    """What genai-prices says, as one rate a step of input tokens; None where it knows nothing."""
    try:
        from genai_prices import Usage as Counts, data_snapshot
    except ImportError as error:
        _log.warning("genaiops: costs stay unknown, genai-prices cannot be loaded: %s", error)
        return None
    snapshot = data_snapshot.get_snapshot()
    provider = _IDS.get(ask.provider or "", ask.provider)
    noon = datetime.fromisoformat(f"{ask.day}T12:00:00+00:00")
    context = {"service_tier": ask.tier} if ask.tier else None

    def price(**counts: int) -> Decimal:
        found = snapshot.calc(Counts(**counts), ask.model, provider, None, noon, context)
        return found.total_price

    try:
        prices = snapshot.calc(Counts(input_tokens=1), ask.model, provider, None, noon, context)
        steps = {0}
        for value in vars(prices.model_price).values():
            steps |= {int(tier.start) for tier in getattr(value, "tiers", ())}
        rates: list[Rate] = []
        for above in sorted(steps):
            n = above + 1
            plain = price(input_tokens=n)
            rates.append(
                Rate(
                    above,
                    float(plain / n),
                    float(price(input_tokens=n, cache_read_tokens=n) / n),
                    float(price(input_tokens=n, cache_write_tokens=n) / n),
                    float(price(input_tokens=n, output_tokens=1) - plain),
                    float(
                        price(input_tokens=n, output_tokens=1, output_reasoning_tokens=1) - plain
                    ),
                )
            )
    except LookupError:
        return None
    except Exception as error:  # noqa: BLE001  the data or rules of somebody else
        _log.warning("genaiops: the price of %s is unknown: %r", ask.model, error)
        return None
    return rates


_MODEL = "coalesce(response_model, request_model)"
_TIER = "json_extract_string(attributes::JSON, '$.\"openai.response.service_tier\"')"
_DAY = "strftime(make_timestamp_ns(start_ns), '%Y-%m-%d')"
_UNPRICED = (
    f"cost_usd IS NULL AND {_MODEL} IS NOT NULL "
    "AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL)"
)


def fill(engine: Engine, rows: str, book: PriceBook) -> None:
    """Sets ``cost_usd`` of the spans of a temporary table that have tokens, a model and no cost."""
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE unpriced AS SELECT trace_id, span_id, provider, "
        f"{_MODEL} AS model, {_TIER} AS tier, {_DAY} AS day, concat(provider, '|', {_MODEL}, '|', "
        f"{_TIER}, '|', {_DAY}) AS key, input_tokens FROM {rows} WHERE {_UNPRICED}"
    )
    asked = engine.query("SELECT DISTINCT provider, model, tier, day FROM temp.unpriced").rows
    if not asked:
        return
    rates = book.rates(Ask(*row) for row in asked)
    if not rates:
        return
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE rates (key VARCHAR, above BIGINT, input DOUBLE, "
        "cache_read DOUBLE, cache_write DOUBLE, output DOUBLE, reasoning DOUBLE)"
    )
    engine.connection.executemany(
        "INSERT INTO temp.rates VALUES (?, ?, ?, ?, ?, ?, ?)",
        [[key, *astuple(rate)] for key, steps in rates.items() for rate in steps],
    )
    engine.execute(_FILL.format(rows=rows))


_FILL = """
UPDATE {rows} AS s SET cost_usd =
    greatest(coalesce(s.input_tokens, 0) - coalesce(s.cache_read_tokens, 0)
      - coalesce(s.cache_write_tokens, 0), 0) * p.input
    + coalesce(s.cache_read_tokens, 0) * p.cache_read
    + coalesce(s.cache_write_tokens, 0) * p.cache_write
    + (coalesce(s.output_tokens, 0)
      - least(coalesce(s.reasoning_tokens, 0), coalesce(s.output_tokens, 0))) * p.output
    + least(coalesce(s.reasoning_tokens, 0), coalesce(s.output_tokens, 0)) * p.reasoning
FROM (
    SELECT u.trace_id, u.span_id, r.* FROM temp.unpriced AS u JOIN temp.rates AS r ON r.key = u.key
    WHERE r.above = 0 OR u.input_tokens > r.above
    QUALIFY row_number() OVER (PARTITION BY u.trace_id, u.span_id ORDER BY r.above DESC) = 1
) AS p
WHERE p.trace_id = s.trace_id AND p.span_id = s.span_id AND s.cost_usd IS NULL"""
