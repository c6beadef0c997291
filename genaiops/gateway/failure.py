"""A call that brought no whole answer."""

from typing import Literal

__all__ = ["UpstreamFailure"]

FailureKind = Literal["connect", "timeout", "broken", "too_large"]


class UpstreamFailure(Exception):  # noqa: N818 - not an error of its own: callers turn it into one
    """A call that brought no whole answer; `reason` names the cause, never an address or a key."""

    def __init__(self, kind: FailureKind, reason: str) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind: FailureKind = kind
        self.reason = reason
