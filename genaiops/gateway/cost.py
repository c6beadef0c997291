"""USD of one call, where it is known while the call is made."""

import contextlib

from genaiops.errors import GenaiopsError
from genaiops.gateway.summary import Summary
from genaiops.gateway.target import Target
from genaiops.store import current_store

__all__ = ["cost_of"]


def cost_of(target: Target, summary: Summary) -> float | None:
    """What a call cost, None when that is not known yet.

    Models that answer in this process cost nothing, and some providers say it themselves. Everything
    else is priced by the store's table; a model that is new to it, at the next compaction.
    """
    if target.provider.local:
        return 0.0
    usage = summary.usage
    if usage.output_tokens is None:
        return None
    if summary.said_usd is not None:
        return summary.said_usd
    with contextlib.suppress(GenaiopsError):  # a wrong tracking URI: told where spans are written
        return current_store().cost(
            target.provider.system, summary.model or target.model, usage, tier=summary.tier
        )
    return None
