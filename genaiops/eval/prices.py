"""What calls of models cost: what the provider said, else their tokens at the store's prices."""

import asyncio
import functools
from collections.abc import Iterable
from typing import Any

from genaiops.config import settings
from genaiops.model import semconv
from genaiops.model.usage import Usage
from genaiops.store import current_store
from genaiops.tracing.span import Span

__all__ = ["Calls", "Prices"]

_TOKENS = {
    "input_tokens": semconv.USAGE_INPUT_TOKENS,
    "output_tokens": semconv.USAGE_OUTPUT_TOKENS,
    "cache_read_tokens": semconv.USAGE_CACHE_READ_TOKENS,
    "cache_write_tokens": semconv.USAGE_CACHE_WRITE_TOKENS,
    "reasoning_tokens": semconv.USAGE_REASONING_TOKENS,
}
_REPORTS = (semconv.COST_TOTAL, semconv.USAGE_INPUT_TOKENS, semconv.USAGE_OUTPUT_TOKENS)


class Prices:
    """The store's prices; one that the store does not have yet is looked up, once."""

    def __init__(self) -> None:
        self._lookups: dict[tuple[str | None, str, str | None], asyncio.Task[object]] = {}

    async def cost(
        self, provider: str | None, model: str, usage: Usage, tier: str | None
    ) -> float | None:
        """USD of a call made now; None where nobody knows a price, or the tokens are not known."""
        if settings().disabled or (usage.input_tokens is None and usage.output_tokens is None):
            return None
        store = current_store()
        known = store.cost(provider, model, usage, tier=tier)
        if known is not None:
            return known
        key = (provider, model, tier)
        if key not in self._lookups:
            learn = functools.partial(store.learned_cost, provider, model, usage, tier=tier)
            self._lookups[key] = asyncio.create_task(asyncio.to_thread(learn))
        await asyncio.shield(self._lookups[key])
        return store.cost(provider, model, usage, tier=tier)


class Calls:
    """The model calls of one trace, each counted once, told of its spans as they end.

    One call may be reported by several layers (LangChain and the SDK under it): a span counts
    where no span below it reports tokens or a cost.
    """

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}
        self._reports: dict[int, dict[str, Any]] = {}  # attributes by span
        self._silent: list[int] = []  # calls that report nothing

    def see(self, span: Span) -> None:
        """Takes note of an ended span."""
        self._parents[span.span_int] = span.parent_int
        found = span.named.attributes
        if span.details is not None:
            found = {**found, **span.details.attributes}
        if any(found.get(name) is not None for name in _REPORTS):
            self._reports[span.span_int] = found
        elif span.named.span_type == "llm" and (
            span.details is None or span.details.status is None
        ):
            self._silent.append(span.span_int)

    async def cost(self, prices: Prices) -> tuple[float | None, str | None]:
        """USD of all calls, None where it is not known; and a model that nobody has a price of."""
        usd, unpriced = 0.0, None
        covered = set(self._above(self._reports))
        for span_int in self._reports.keys() - covered:
            found = self._reports[span_int]
            cost, model = found.get(semconv.COST_TOTAL), _model(found)
            if not isinstance(cost, int | float):
                usage = Usage(**{name: found.get(key) for name, key in _TOKENS.items()})
                tier = found.get(semconv.OPENAI_SERVICE_TIER)
                cost = await prices.cost(found.get(semconv.PROVIDER_NAME), model, usage, tier)
            if cost is None:
                unpriced = model
            else:
                usd += cost
        silent = any(
            span_int not in covered and self._reports.keys().isdisjoint(self._above([span_int]))
            for span_int in self._silent
        )
        return (None if silent or unpriced is not None else usd), unpriced

    def _above(self, spans: Iterable[int]) -> Iterable[int]:
        """The spans above these."""
        for span_int in spans:
            above = self._parents.get(span_int)
            while above:
                yield above
                above = self._parents.get(above)


def _model(found: dict[str, Any]) -> str:
    return str(found.get(semconv.RESPONSE_MODEL) or found.get(semconv.REQUEST_MODEL) or "")
