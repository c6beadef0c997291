"""Which requests of the OpenAI API are recorded, and as what."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from genaiops.tracing.autolog.openai_chat import Chat
from genaiops.tracing.autolog.openai_more import (
    Audio,
    Completions,
    Embeddings,
    Images,
    Moderation,
    Search,
)
from genaiops.tracing.autolog.openai_responses import Responses
from genaiops.tracing.autolog.openai_shape import Shape

__all__ = ["Operation", "operation_of"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of request.

    Attributes:
        name: Value of ``gen_ai.operation.name``.
        counts: Its usage is that of a model call; what is only looked up was counted before.
    """

    name: str
    span_type: str
    shape: Shape
    counts: bool = True


_CHAT, _RESPONSES, _IMAGES, _PLAIN = Chat(), Responses(), Images(), Shape()
_SPEECH, _TRANSCRIPT = Audio("speech"), Audio("text")


def _stored(name: str) -> Operation:
    return Operation(name, "function", _PLAIN, counts=False)


# `*` stands for an id
_TABLE = {
    "POST chat/completions": Operation("chat", "llm", _CHAT),
    "GET chat/completions/*": Operation("fetch_response", "llm", _CHAT, counts=False),
    "POST responses": Operation("chat", "llm", _RESPONSES),
    "POST responses/compact": Operation("chat", "llm", _RESPONSES),
    "GET responses/*": Operation("fetch_response", "llm", _RESPONSES, counts=False),
    "POST responses/*/cancel": Operation("cancel_response", "llm", _RESPONSES, counts=False),
    "POST responses/input_tokens": _stored("count_tokens"),
    "POST completions": Operation("text_completion", "llm", Completions()),
    "POST embeddings": Operation("embeddings", "embedding", Embeddings()),
    "POST images/generations": Operation("generate_content", "llm", _IMAGES),
    "POST images/edits": Operation("generate_content", "llm", _IMAGES),
    "POST images/variations": Operation("generate_content", "llm", _IMAGES),
    "POST audio/speech": Operation("generate_content", "llm", _SPEECH),
    "POST audio/transcriptions": Operation("generate_content", "llm", _TRANSCRIPT),
    "POST audio/translations": Operation("generate_content", "llm", _TRANSCRIPT),
    "POST moderations": Operation("moderation", "guardrail", Moderation()),
    "POST vector_stores/*/search": Operation("retrieval", "retriever", Search()),
    "POST batches": _stored("create_batch"),
    "GET batches": _stored("list_batches"),
    "GET batches/*": _stored("fetch_batch"),
    "POST batches/*/cancel": _stored("cancel_batch"),
    "POST files": _stored("upload_file"),
    "GET files": _stored("list_files"),
    "GET files/*": _stored("fetch_file"),
    "GET files/*/content": _stored("download_file"),
    "DELETE files/*": _stored("delete_file"),
    "POST conversations": _stored("create_conversation"),
    "GET conversations/*": _stored("fetch_conversation"),
    "POST conversations/*": _stored("update_conversation"),
    "DELETE conversations/*": _stored("delete_conversation"),
    "POST conversations/*/items": _stored("add_conversation_items"),
    "GET conversations/*/items": _stored("list_conversation_items"),
}


def _patterns() -> Iterator[tuple[str, re.Pattern[str], Operation]]:
    for key, operation in _TABLE.items():
        method, _, path = key.partition(" ")
        # vector stores and containers have files, too, so those that are stored start the path
        before = r"/?(?:.*/v\d+\w*/)?" if operation.span_type == "function" else "(?:.*/)?"
        yield method, re.compile(f"{before}{path.replace('*', '[^/]+')}/?"), operation


_PATTERNS = sorted(_patterns(), key=lambda known: "[^/]+" in known[1].pattern)
"""Literal paths first: ``POST responses/compact`` is no ``POST responses/*``."""


@functools.lru_cache(maxsize=1024)
def operation_of(method: str, url: str) -> Operation | None:
    """The operation of a request by its method and the end of its path; None for all others."""
    asked, path = method.upper(), url.partition("?")[0]
    return next((o for m, p, o in _PATTERNS if m == asked and p.fullmatch(path)), None)
