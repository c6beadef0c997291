"""Server-sent events: bytes in pieces of any size to events, and back."""

from collections.abc import Iterator
from dataclasses import dataclass

from genaiops.errors import ProviderError

__all__ = ["DONE", "MAX_EVENT", "Event", "Splitter", "events_of", "write_event"]

DONE = b"[DONE]"
"""Data of the event that ends a stream of OpenAI's dialect."""
MAX_EVENT = 16 * 1024 * 1024
"""Bytes of one event; more is an error of the provider."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name, empty when it has none, and its data."""

    name: str
    data: bytes


class Splitter:
    """Cuts a byte stream into events; however the bytes arrive, the events are the same."""

    def __init__(self) -> None:
        self._rest = b""
        self._seen = 0

    def feed(self, piece: bytes) -> list[Event]:
        """The events that these bytes complete.

        Raises: ProviderError when one event is larger than 16 MiB.
        """
        data = self._rest + piece
        if b"\r" in data:
            held = b"\r" if data.endswith(b"\r") else b""  # it may be half of a line break
            data = data.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n") + held
        if data.find(b"\n\n", max(self._seen - 1, 0)) < 0:
            self._rest, self._seen = data, len(data.removesuffix(b"\r"))
            if self._seen > MAX_EVENT:
                raise ProviderError("the provider sent a stream event of more than 16 MiB")
            return []
        *blocks, self._rest = data.split(b"\n\n")
        self._seen = len(self._rest.removesuffix(b"\r"))
        return [event for event in map(_event, blocks) if event is not None]

    def rest(self) -> list[Event]:
        """The event that the end of the stream cut off from its blank line, if any."""
        event = _event(self._rest.replace(b"\r", b"\n"))
        self._rest, self._seen = b"", 0
        return [] if event is None else [event]


def events_of(whole: bytes) -> Iterator[Event]:
    """The events of a whole stream."""
    splitter = Splitter()
    yield from splitter.feed(whole)
    yield from splitter.rest()


def write_event(data: bytes, name: str = "") -> bytes:
    """One event as bytes; the data must be on one line."""
    head = b"event: %b\n" % name.encode() if name else b""
    return b"%bdata: %b\n\n" % (head, data)


def _event(block: bytes) -> Event | None:
    name, data = "", list[bytes]()
    for line in block.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return Event(name, b"\n".join(data)) if data else None
