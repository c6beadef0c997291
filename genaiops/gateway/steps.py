"""What stands between a request and its answer besides the call itself: caches, checks, counters.

A gateway has a list of steps. `chat` asks each of them in this order, and skips all of it where
there are none: `before`, in the order of the list; then the call; then `after` or `through`, in
reverse; and always `finished`.
"""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple, Protocol

from genaiops.gateway.chatrequest import ChatRequest
from genaiops.gateway.http import Scope
from genaiops.gateway.limits import Permit
from genaiops.gateway.recording import ServedRecord
from genaiops.gateway.reply import Reply
from genaiops.gateway.routing import Route
from genaiops.gateway.summary import Summary

__all__ = ["Hit", "Refusal", "Said", "Step", "Turn"]

_Json = dict[str, Any]


class Refusal(Exception):  # noqa: N818 - an answer to the client, not a fault of the program
    """A step does not let the call go on: what to answer."""

    def __init__(self, status: int, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code


class Said(Protocol):
    """An answer that came to its end."""

    @property
    def completion(self) -> _Json:
        """OpenAI-shaped, decoded when it is asked for."""
        ...


class Hit(NamedTuple):
    """An answer that a step had itself.

    Attributes:
        completion: OpenAI-shaped.
        body: The same in the client's dialect; empty where it has to be written.
    """

    completion: _Json
    body: bytes = b""


class Turn:
    """One request and its answer, for the steps.

    Attributes:
        request: What is asked; `ChatRequest.change` asks something else.
        route: Where it goes; a step may put another in its place.
        permit: Whose key it goes on.
        reply: The answer as it is given; ``reply.extra`` are further headers.
        record: The span; ``record.note`` adds attributes.
        scope: Of the request; see `header`.
        hit: An answer that a step had itself: nobody else is asked.
        said: What the provider answered, once that came to its end; None before, and where it
            did not.
        summary: What the answer said, once it is over; None when there was none.
    """

    __slots__ = (
        "hit", "permit", "record", "reply", "request", "route", "said", "scope", "summary",
    )  # fmt: skip

    def __init__(
        self,
        request: ChatRequest,
        route: Route,
        permit: Permit,
        reply: Reply,
        record: ServedRecord,
        scope: Scope,
    ) -> None:
        self.request = request
        self.route = route
        self.permit = permit
        self.reply = reply
        self.record = record
        self.scope = scope
        self.hit: Hit | None = None
        self.said: Said | None = None
        self.summary: Summary | None = None

    def header(self, name: bytes) -> bytes:
        """A header of the request, its name in lower case; empty where there is none."""
        return next((value for known, value in self.scope["headers"] if known == name), b"")


class Step(Protocol):
    """One of them. A step inherits from this class and replaces what it needs."""

    async def before(self, turn: Turn) -> None:
        """The request is read and let in. May change it, answer it (`Turn.hit`), or raise Refusal."""

    def watches(self, turn: Turn) -> bool:  # noqa: ARG002  of the interface
        """Whether this answer must go through `after` or `through`; most can pass as bytes."""
        return False

    async def after(self, turn: Turn, completion: _Json) -> _Json:  # noqa: ARG002  of the interface
        """A whole answer, OpenAI-shaped; gives back what the client gets. May raise Refusal."""
        return completion

    def through(self, turn: Turn, chunks: AsyncIterator[_Json]) -> AsyncIterator[_Json]:  # noqa: ARG002  of the interface
        """The chunks of a stream; gives back those that the client gets. May raise Refusal."""
        return chunks

    def finished(self, turn: Turn) -> None:
        """The call is over, well or not; called exactly once."""
