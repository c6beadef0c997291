"""What autolog may record of requests and answers, and what it leaves out: binary data."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from genaiops.tracing.span import Span

__all__ = ["data_url", "left_out", "records_content", "slim"]

VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_ALLOWING = ("", "span_only", "span_and_event", "true", "1")
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-\s]{256}")
_DATA_KEYS = frozenset({"data", "file_data", "b64_json", "partial_image_b64", "result"})
_ALWAYS = frozenset({"file_data", "b64_json", "partial_image_b64"})
_KINDS = ("format", "media_type", "mime_type")


def records_content(span: Span) -> bool:
    """Our own setting, with OpenTelemetry's variable as an upper bound."""
    mode = span.runtime.capture.mode
    return mode != "off" and os.environ.get(VARIABLE, "").strip().lower() in _ALLOWING


def left_out(base64: str) -> str:
    """What stands for base64 data: its size."""
    return f"[{len(base64) * 3 // 4 - base64[-2:].count('=')} bytes]"


def data_url(url: Any) -> Any:  # a URL; anything else passes
    """A URL, with the data of a ``data:`` URL left out."""
    if isinstance(url, str) and url.startswith("data:") and ";base64," in url[:256]:
        head, _, data = url.partition(";base64,")
        return f"{head};base64,{left_out(data)}"
    return url


def slim(value: Any) -> Any:  # any JSON value
    """The value without binary data: images, audio and files stand as their kind and size."""
    if isinstance(value, str):
        return data_url(value)
    if isinstance(value, Mapping):
        table = cast("Mapping[str, Any]", value)
        return {
            key: left_out(item)
            if key in _DATA_KEYS and isinstance(item, str) and _is_data(key, item, table)
            else slim(item)
            for key, item in table.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [slim(item) for item in cast("Sequence[Any]", value)]
    return value


def _is_data(key: str, text: str, table: Mapping[str, Any]) -> bool:
    if text.startswith("data:"):
        return False
    if key in _ALWAYS:
        return True
    if key == "result":
        return table.get("type") == "image_generation_call"
    return any(kind in table for kind in _KINDS) or _BASE64.match(text) is not None
