"""USD of one call, where it is known while the call is made."""

import contextlib
from collections.abc import Mapping
from typing import cast

from genaiops.errors import GenaiopsError
from genaiops.gateway.dialects.openai_chat import read_cost
from genaiops.gateway.target import Target
from genaiops.model.usage import Usage
from genaiops.store import current_store

__all__ = ["cost_of"]


def cost_of(
    target: Target, usage: Usage, completion: Mapping[str, object], model: str
) -> float | None:
    """What a call cost, None when that is not known yet.

    Models that answer in this process cost nothing, and some providers say it themselves. Everything
    else is priced by the store's table; a model that is new to it, at the next compaction.

    Args:
        target: Where the call went.
        usage: Its tokens.
        completion: The answer, in the shape of OpenAI's chat completions.
        model: As the provider calls it.
    """
    if target.provider.local:
        return 0.0
    if usage.output_tokens is None:
        return None
    said = read_cost(completion.get("usage"))
    if said is not None:
        return said
    tier = completion.get("service_tier")
    with contextlib.suppress(GenaiopsError):  # a wrong tracking URI: told where spans are written
        return current_store().cost(
            target.provider.system, model, usage, tier=cast("str | None", tier)
        )
    return None
