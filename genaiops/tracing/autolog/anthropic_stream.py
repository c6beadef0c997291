"""The events of one streamed Anthropic message, put together as the body of an unstreamed one."""

import contextlib
from typing import Any, cast

import msgspec

from genaiops.tracing.autolog.anthropic_messages import plain

__all__ = ["Events", "StreamedMessage"]

_TEXTS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("signature", "signature"),
    "input_json_delta": ("input", "partial_json"),
    "compaction_delta": ("content", "content"),
}
"""Kind of a delta: the field of the block that grows, and the field of the delta with the piece."""
_decode = msgspec.json.Decoder().decode


class StreamedMessage:
    """What has come of a message so far. Takes events as the SDK's models or as tables.

    Attributes:
        stopped: The last event has come.
        error: What an ``error`` event said.
    """

    def __init__(self) -> None:
        self.stopped = False
        self.error: dict[str, Any] | None = None
        self._head: dict[str, Any] = {}
        self._blocks: dict[int, dict[str, Any]] = {}
        self._pieces: dict[tuple[int, str], list[str]] = {}
        self._final: dict[str, Any] | None = None  # the last message_delta
        self._completion: list[str] = []  # of the legacy completions

    def add(self, event: Any) -> bool:  # a table, or a model of the SDK
        """Takes in one event.

        Returns: Whether it carries content.
        """
        if type(event) is not dict:
            if event.type == "content_block_delta":
                return self._delta(event.index, event.delta)
            event = plain(event)
        table = cast("dict[str, Any]", event)
        kind = table.get("type")
        if kind == "content_block_delta":
            return self._delta(table["index"], table["delta"])
        if kind == "message_start":
            self._head = dict(table["message"])
        elif kind == "content_block_start":
            self._blocks[table["index"]] = dict(table["content_block"])
        elif kind == "message_delta":
            self._final = table
        elif kind == "message_stop":
            self.stopped = True
        elif kind == "completion":
            return self._legacy(table)
        elif kind == "error":
            self.error = dict(table.get("error") or {})
        return False

    def _delta(self, index: int, delta: Any) -> bool:  # a table, or a model of the SDK
        kind = _get(delta, "type")
        if kind in _TEXTS:
            field, piece = _TEXTS[kind]
            text = _get(delta, piece)
            if isinstance(text, str):
                self._pieces.setdefault((index, field), []).append(text)
        elif kind == "citations_delta":
            block = self._blocks.setdefault(index, {"type": "text"})
            block["citations"] = [*(block.get("citations") or ()), plain(_get(delta, "citation"))]
        return True

    def _legacy(self, table: dict[str, Any]) -> bool:
        self._completion.append(table.get("completion") or "")
        self._head = {key: value for key, value in table.items() if key != "completion"}
        self.stopped = self.stopped or table.get("stop_reason") is not None
        return True

    def body(self) -> dict[str, Any]:
        """The message as far as it came; {} before its start.

        Output tokens are there only when the provider has said their final number: the start of
        the message has a placeholder.
        """
        if self._completion:
            return self._head | {"completion": "".join(self._completion)}
        if not self._head:
            return {}
        body: dict[str, Any] = self._head | {
            "content": [self._block(index) for index in sorted(self._indexes())]
        }
        usage: dict[str, Any] = dict(body.get("usage") or {})
        usage.pop("output_tokens", None)
        usage.pop("output_tokens_details", None)
        if self._final is not None:
            body |= self._final.get("delta") or {}
            final: dict[str, Any] = self._final.get("usage") or {}
            usage |= {name: value for name, value in final.items() if value is not None}
        return body | {"usage": usage}

    def _indexes(self) -> set[int]:
        return set(self._blocks) | {index for index, _ in self._pieces}

    def _block(self, index: int) -> dict[str, Any]:
        block = dict(self._blocks.get(index) or {"type": "text"})
        for (of, field), pieces in self._pieces.items():
            if of != index:
                continue
            text = "".join(pieces)
            if field == "input":
                block[field] = _parsed(text)
            else:
                block[field] = (block.get(field) or "") + text
        return block


def _get(value: Any, name: str) -> Any:  # a table, or a model of the SDK
    if type(value) is dict:
        return cast("dict[str, Any]", value).get(name)
    return getattr(value, name, None)


def _parsed(text: str) -> Any:  # any JSON value
    """Arguments of a tool; those of a call that broke off stay text."""
    if not text:
        return {}
    with contextlib.suppress(msgspec.DecodeError):
        return _decode(text.encode(errors="replace"))
    return text


class Events:
    """Server-sent events from bytes in any pieces."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The events that are whole now."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        found: list[dict[str, Any]] = []
        for raw in lines:
            line = raw.rstrip(b"\r")
            if line.startswith(b"data:"):
                self._data.append(line[5:].strip())
            elif not line and self._data:
                with contextlib.suppress(msgspec.DecodeError):
                    event = _decode(b"\n".join(self._data))
                    if isinstance(event, dict):
                        found.append(cast("dict[str, Any]", event))
                self._data = []
        return found
