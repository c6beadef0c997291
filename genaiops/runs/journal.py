"""What runs write: lines of the journal, and text that may hold a secret."""

import msgspec

from genaiops.config import settings
from genaiops.store import current_store
from genaiops.tracing.redact import Masker, RedactionError

__all__ = ["masked", "write"]


def write(*lines: bytes) -> None:
    """Adds events to the journal in one go; nothing when genaiops is switched off."""
    text = b"".join(lines)
    if text and not settings().disabled:
        current_store().append("events", text)


def masked(text: str, path: str) -> str:
    """The text with secrets, and what the setting ``redact`` names, masked."""
    try:
        return Masker(settings().redact, msgspec.json.encode).text(text, path)
    except RedactionError:
        return "[withheld: it could not be redacted]"
