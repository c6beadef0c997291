"""What is said about a whole trace: name, session, user, tags, metadata. Kept until its root ends."""

from typing import Any

__all__ = ["MOST", "TraceFacts", "of_trace", "open_facts"]

MOST = 10_000
"""Traces whose facts are kept at once; the oldest are given up."""

open_facts: dict[int, "TraceFacts"] = {}
"""By trace id, of traces that are open in this process."""


class TraceFacts:
    """Facts of one open trace; `root` is the span that writes them at its end."""

    __slots__ = ("metadata", "name", "root", "session_id", "tags", "user_id")

    def __init__(self, root: object) -> None:
        self.root = root
        self.name: str | None = None
        self.session_id: str | None = None
        self.user_id: str | None = None
        self.tags: dict[str, str] = {}
        self.metadata: dict[str, Any] = {}


def of_trace(trace_id: int, root: object) -> TraceFacts:
    """The facts of a trace, new ones when it has none."""
    facts = open_facts.get(trace_id)
    if facts is None:
        while len(open_facts) >= MOST:
            open_facts.pop(next(iter(open_facts)), None)
        facts = open_facts[trace_id] = TraceFacts(root)
    return facts
