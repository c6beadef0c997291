"""Pictures of a conversation, made ready to be drawn: base64, and only so many bytes of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.parts.text import count
from genaiops.query import traces

__all__ = ["with_pictures"]

Json = Any  # any JSON value
_MOST = 6_000_000  # characters of base64 in one conversation


def with_pictures(messages: Sequence[Mapping[str, Json]]) -> list[dict[str, Json]]:
    """The messages with the pictures that were stored apart; those beyond 6 MB are only named."""
    left = _MOST
    ready: list[dict[str, Json]] = []
    for message in messages:
        parts: list[dict[str, Json]] = []
        for part in message["parts"]:
            shown = dict(part)
            if "data" in shown:
                data = shown.pop("data")
                size = int(data["bytes"]) if traces.is_marker(data) else len(data)
                whole = traces.whole(data) if size <= left else None
                if isinstance(whole, str):
                    left -= size
                    shown["data"] = whole
                else:
                    kb = count(size * 3 / 4_000)
                    shown["text"] = f"{shown['mime']}, {kb} KB: too large to be shown here"
            parts.append(shown)
        ready.append({**message, "parts": parts})
    return ready
