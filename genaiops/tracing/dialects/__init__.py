"""What the attributes of every tracing library mean, from one declarative table (`table.py`)."""

from genaiops.tracing.dialects.reading import Event, Reading, read, without_content

__all__ = ["PENDING", "PENDING_VALUE", "Event", "Reading", "read", "without_content"]

PENDING, PENDING_VALUE = "logfire.span_type", "pending_span"
"""Logfire's mark of a span that only says that its parent has begun."""
