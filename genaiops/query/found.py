"""What a trace found and did, and values of any kind as plain JSON."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from genaiops.model.example import ToolCall

__all__ = ["Found", "plain", "text_of"]

_TEXT_KEYS = ("content", "text", "page_content")
_LISTS = ("documents", "contexts", "results", "passages", "matches")
_IDS = ("id", "document_id", "doc_id")


class Found:
    """What one trace did: documents and calls of tools, in the order in which the spans ended."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.texts: list[str] = []
        self.tool_calls: list[ToolCall] = []

    def add(self, documents: object) -> None:
        """Adds what a retriever gave: a list of texts or dicts, or a dict that holds one."""
        for item in _listed(plain(documents)):
            text, document_id = text_of(item), _id_of(item)
            if text is not None:
                self.texts.append(text)
            if document_id is not None:
                self.ids.append(document_id)


def plain(value: object) -> Any:  # any JSON value
    """A value as plain JSON: dataclasses and models become dicts, other objects text."""
    try:
        return msgspec.to_builtins(value, enc_hook=_unknown, str_keys=True)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return str(value)


def text_of(item: object) -> str | None:
    """The text of a retrieved document: text itself, or the content of a dict."""
    if isinstance(item, str):
        return item
    if isinstance(item, Mapping):
        fields = cast("Mapping[str, Any]", item)
        return next((fields[key] for key in _TEXT_KEYS if isinstance(fields.get(key), str)), None)
    return None


def _unknown(value: object) -> object:
    dump = getattr(value, "model_dump", None) or getattr(value, "tolist", None)
    return dump() if callable(dump) else str(value)


def _listed(documents: object) -> Sequence[object]:
    if isinstance(documents, Mapping):
        fields = cast("Mapping[str, Any]", documents)
        documents = next((fields[key] for key in _LISTS if key in fields), None)
    return cast("list[object]", documents) if isinstance(documents, list) else ()


def _id_of(item: object) -> str | None:
    if not isinstance(item, Mapping):
        return None
    fields = cast("Mapping[str, Any]", item)
    value = next((fields[key] for key in _IDS if fields.get(key) is not None), None)
    return None if value is None else str(value)
