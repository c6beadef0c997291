"""One way to call a model: in process with `complete`, `acomplete` and `stream`, or over HTTP."""

from genaiops.gateway.client import acomplete, available_providers, complete, stream
from genaiops.gateway.completion import Chunk, Completion
from genaiops.gateway.streaming import CompletionStream

__all__ = [
    "Chunk",
    "Completion",
    "CompletionStream",
    "acomplete",
    "available_providers",
    "complete",
    "stream",
]
