"""What a model call gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from genaiops.model.usage import Usage

__all__ = ["Chunk", "Completion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The answer of a model.

    Attributes:
        text: Text of the first choice; empty when it has none.
        message: The first choice's message, OpenAI-shaped.
        finish_reason: Why the model stopped, in OpenAI's words; None for a stream that was cut.
        usage: Tokens, as the provider counted them.
        cost_usd: USD, None when it is not known yet.
        model: The model that the provider says has answered.
        provider: Name of the provider, as in the model string.
        trace_id: Trace that the call is recorded in; empty when tracing is off.
        span_id: Its span.
        raw: The whole answer, OpenAI-shaped.
        headers: Of the provider's HTTP answer, names in lower case; empty for a stream and for a
            model in this process.
    """

    text: str
    message: Mapping[str, Any]
    finish_reason: str | None
    usage: Usage
    cost_usd: float | None
    model: str
    provider: str
    trace_id: str
    span_id: str
    raw: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece of a streamed answer.

    Attributes:
        text: What the first choice says further, often empty.
        raw: The whole chunk, OpenAI-shaped.
    """

    text: str
    raw: Mapping[str, Any]
