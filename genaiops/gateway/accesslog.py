"""The access log: a line of JSON for each request, without what was asked or answered."""

import os
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec

from genaiops.errors import ConfigError
from genaiops.gateway.http import Scope
from genaiops.gateway.reply import Reply

__all__ = ["AccessLog"]

_LONGEST = 300
"""Characters of a path; clients choose it."""


class AccessLog:
    """Appends lines to a file that several processes may write, and that may be rotated.

    Args:
        path: The file; ``-`` is standard output.

    Raises: ConfigError when it cannot be written.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1
        self.open()

    def open(self) -> None:
        """Opens the file, again after it was moved away. Raises ConfigError."""
        if self._path == "-":
            self._descriptor = sys.stdout.fileno()
            return
        old = self._descriptor
        try:
            self._descriptor = os.open(
                self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise ConfigError(
                f"the access log {self._path!r} cannot be written: {error.strerror}"
            ) from None
        if old >= 0:
            os.close(old)

    def write(self, scope: Scope, reply: Reply | None, *, status: int, seconds: float) -> None:
        """Appends the line of a request that is over; a full disk loses lines, not answers."""
        client: tuple[str, int] | None = scope.get("client")
        line: dict[str, Any] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "client": client[0] if client else None,
            "method": scope["method"],
            "path": scope["path"][:_LONGEST],
            "status": status,
            "ms": round(seconds * 1000, 2),
        }
        if reply is not None:
            line |= _of_reply(reply, seconds)
        shown = {name: value for name, value in line.items() if value not in (None, "", [])}
        try:
            os.write(self._descriptor, msgspec.json.encode(shown) + b"\n")
        except OSError:
            return


def _of_reply(reply: Reply, seconds: float) -> dict[str, Any]:
    usage = None if reply.summary is None else reply.summary.usage
    return {
        "overhead_ms": round(max(seconds - reply.waited_s, 0.0) * 1000, 2)
        if not reply.streamed
        else None,
        "key": reply.key,
        "model": reply.model[:_LONGEST],
        "target": None if reply.target is None else reply.target.name[:_LONGEST],
        "attempts": reply.attempts or None,
        "stream": reply.streamed or None,
        "cache": reply.cache,
        "guardrails": [f"{one.name} {one.when} {one.action}" for one in reply.found],
        "input_tokens": None if usage is None else usage.input_tokens,
        "output_tokens": None if usage is None else usage.output_tokens,
        "cost_usd": reply.cost_usd,
        "error": reply.code,
        "trace_id": None if reply.record is None else reply.record.trace_id,
    }
