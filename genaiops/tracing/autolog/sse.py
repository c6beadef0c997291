"""Server-sent events from bytes as they come, cut anywhere."""

import re
from collections.abc import Iterator

__all__ = ["EventReader"]

_END = re.compile(rb"\r\n|\n|\r")


class EventReader:
    """Takes bytes and gives the data of every event that is whole."""

    __slots__ = ("_data", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> Iterator[str]:
        """The data of the events that end in this chunk."""
        text = self._rest + chunk
        held = text.endswith(b"\r")  # its line feed may be the next byte
        *lines, self._rest = _END.split(text[:-1] if held else text)
        if held:
            self._rest += b"\r"
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif not line and self._data:
                yield b"\n".join(self._data).decode(errors="replace")
                self._data.clear()

    def last(self) -> Iterator[str]:
        """The data of an event that lacks its blank line, at the end."""
        yield from self.feed(b"\n\n")
