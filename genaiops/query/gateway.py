"""Model calls by target and by key: health, latency, errors, money."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from genaiops.model import semconv
from genaiops.store import current_store
from genaiops.store.base import Reader

__all__ = ["CallError", "Health", "KeyUse", "Target", "errors", "keys", "targets"]

Health = Literal["ok", "degraded", "failing"]
_CALL = "span_type IN ('llm', 'embedding') AND status NOT IN ('running', 'interrupted')"
_TARGET = "coalesce(provider, '') || '/' || coalesce(request_model, response_model, '')"
_RECENT = 20
_FAILING, _DEGRADED = 0.5, 0.1
_KEY = f'$."{semconv.GATEWAY_KEY}"'
_ERROR = f'$."{semconv.ERROR_TYPE}"'
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A provider's model and how its calls went; None is unknown.

    Attributes:
        name: ``provider/model`` as the spans have it.
        recent: Of the last 20 calls, the share that failed.
        last_error: What the newest failed call said; `last_error_ns` when.
        histogram: Calls in each of `bins` equal parts of the time asked for.
    """

    name: str
    calls: int
    errors: int
    recent: float
    p50_ms: float | None
    p95_ms: float | None
    ttft_p50_ms: float | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    last_ns: int
    last_error: str | None
    last_error_ns: int | None
    histogram: Sequence[int]

    @property
    def health(self) -> Health:
        """``failing`` when half of the last 20 calls failed, ``degraded`` from a tenth on."""
        return "failing" if self.recent >= _FAILING else "degraded" if self.recent >= _DEGRADED else "ok"  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CallError:
    """One way in which calls of a target fail."""

    target: str
    kind: str
    n: int
    last_ns: int
    message: str
    trace_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """A key of the gateway, masked, and what it has used.

    Attributes:
        state: ``valid``, ``expired`` or ``revoked``.
        spent_usd: USD in the running day or month of its budget (the month without a budget).
        calls: In the same time; `errors` likewise.
    """

    name: str
    prefix: str
    state: str
    models: Sequence[str]
    budget_usd: float | None
    budget_every: str
    spent_usd: float
    calls: int
    errors: int
    rpm: int | None
    tpm: int | None
    concurrent: int | None
    created_ns: int
    expires_ns: int | None
    last_ns: int | None


def targets(*, since_ns: int, bins: int = 24) -> list[Target]:
    """Every provider's model that was called since then, the most called first.

    Raises: StoreError.
    """
    width = max(1, (time.time_ns() - since_ns) // bins + 1)
    with current_store().read() as reader:
        rows = reader.query(
            f"""
            SELECT
              {_TARGET} AS name,
              count(*) AS calls,
              count(*) FILTER (status = 'error') AS errors,
              avg((status = 'error')::INT) FILTER (place <= {_RECENT}) AS recent,
              approx_quantile(duration_ms, [0.5, 0.95]) AS quantiles,
              approx_quantile(ttft_ms, 0.5) AS ttft_p50_ms,
              sum(input_tokens)::BIGINT AS input_tokens,
              sum(output_tokens)::BIGINT AS output_tokens,
              sum(cost_usd) AS cost_usd,
              max(start_ns) AS last_ns,
              arg_max(status_message, start_ns) FILTER (status = 'error') AS last_error,
              max(start_ns) FILTER (status = 'error') AS last_error_ns,
              histogram(((start_ns - $since) // $width)::INTEGER) AS parts
            FROM (
              SELECT
                *, row_number() OVER (PARTITION BY {_TARGET} ORDER BY start_ns DESC) AS place
              FROM (
                SELECT
                  provider, request_model, response_model, status, duration_ms, ttft_ms,
                  input_tokens, output_tokens, cost_usd, start_ns, status_message
                FROM spans
                WHERE {_CALL} AND start_ns >= $since))
            GROUP BY name
            ORDER BY calls DESC, name
            """,
            {"since": since_ns, "width": width},
        ).dicts()
    return [_target(row, bins) for row in rows]


def errors(*, since_ns: int, limit: int = 50) -> list[CallError]:
    """How model calls failed since then, the most frequent way first. Raises StoreError."""
    with current_store().read() as reader:
        rows = reader.query(
            f"""
            SELECT
              {_TARGET} AS target, coalesce(attributes::JSON ->> $kind, 'error') AS kind,
              count(*) AS n, max(start_ns) AS last_ns,
              coalesce(left(arg_max(status_message, start_ns), 500), '') AS message,
              arg_max(trace_id, start_ns) AS trace_id
            FROM spans
            WHERE {_CALL} AND status = 'error' AND start_ns >= $since
            GROUP BY target, kind
            ORDER BY n DESC, last_ns DESC
            LIMIT {int(limit)}
            """,
            {"kind": _ERROR, "since": since_ns},
        ).dicts()
    return [CallError(**row) for row in rows]


def keys() -> list[KeyUse]:
    """Every key of the gateway, the valid ones first, by name. Raises StoreError."""
    now_ns = time.time_ns()
    with current_store().read() as reader:
        rows = reader.query(
            "SELECT name, prefix, models, budget_usd, budget_every, rpm, tpm, concurrent, "
            "created_ns, expires_ns, revoked_ns FROM gateway_keys ORDER BY name"
        ).dicts()
        used = _used(reader, now_ns) if rows else {}
    found = [_key(row, used, now_ns) for row in rows]
    return sorted(found, key=lambda key: key.state != "valid")


def _target(row: dict[str, Any], bins: int) -> Target:
    quantiles = row.pop("quantiles") or (None, None)
    parts: Mapping[int, int] = row.pop("parts") or {}
    return Target(
        **row,
        p50_ms=quantiles[0],
        p95_ms=quantiles[1],
        histogram=[parts.get(part, 0) for part in range(bins)],
    )


def _used(reader: Reader, now_ns: int) -> dict[tuple[str, str], tuple[float, int, int, int]]:
    """(key, day or month) -> USD, calls, errors, newest call, since its day or month (UTC) began."""
    now = time.gmtime(now_ns / 1e9)
    day_ns = now_ns // (_DAY_S * 10**9) * _DAY_S * 10**9
    month_ns = day_ns - (now.tm_mday - 1) * _DAY_S * 10**9
    found: dict[tuple[str, str], tuple[float, int, int, int]] = {}
    for every, since in (("day", day_ns), ("month", month_ns)):
        rows = reader.query(
            """
            SELECT
              attributes::JSON ->> $key AS key, coalesce(sum(cost_usd), 0), count(*),
              count(*) FILTER (status = 'error'), max(start_ns)
            FROM spans
            WHERE start_ns >= $since AND span_type IN ('llm', 'embedding', 'gateway')
            GROUP BY key
            HAVING key IS NOT NULL
            """,
            {"key": _KEY, "since": since},
        ).rows
        found |= {(key, every): (usd, n, failed, last) for key, usd, n, failed, last in rows}
    return found


def _key(
    row: dict[str, Any], used: Mapping[tuple[str, str], tuple[float, int, int, int]], now_ns: int
) -> KeyUse:
    every = row.pop("budget_every") or "month"
    revoked = row.pop("revoked_ns") is not None
    expired = row["expires_ns"] is not None and row["expires_ns"] <= now_ns
    models = row.pop("models") or ()
    usd, calls, failed, last = used.get((row["name"], every), (0.0, 0, 0, 0))
    return KeyUse(
        **row,
        models=models,
        state="revoked" if revoked else "expired" if expired else "valid",
        budget_every=every,
        spent_usd=usd,
        calls=calls,
        errors=failed,
        last_ns=last or None,
    )
