"""USD of one call, where it is known while the call is made."""

from genaiops.gateway.dialects.openai_chat import read_cost
from genaiops.gateway.target import Target
from genaiops.model.usage import Usage

__all__ = ["cost_of"]


def cost_of(target: Target, usage: Usage, raw_usage: object) -> float | None:
    """What a call cost, None when that is not known yet.

    Models that answer in this process cost nothing; some providers say it themselves. Everything
    else gets its price from the store's table, where prices can be corrected later.
    """
    if target.provider.local:
        return 0.0
    return read_cost(raw_usage) if usage.output_tokens is not None else None
