"""A provider as bare bytes: what it sends for each request is all that the test decides."""

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class RawServer:
    """A server that answers each request with the next of its answers, and keeps connections.

    Attributes:
        heads: The heads of the requests that it read.
        connections: How often it was connected to.
        go: Lets the second part of an answer go out, of one that is sent in two.
    """

    port: int
    answers: list[bytes | tuple[bytes, bytes]]
    heads: list[str] = field(default_factory=list)
    connections: int = 0
    go: threading.Event = field(default_factory=threading.Event)

    def serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            while self.answers:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = lines.readline()
                    if not line:
                        return
                    head += line
                self.heads.append(head.decode("latin-1"))
                found = head.lower().partition(b"content-length:")[2]
                lines.read(int(found.partition(b"\r\n")[0] or b"0"))
                answer = self.answers.pop(0)
                first, second = (answer, b"") if isinstance(answer, bytes) else answer
                connection.sendall(first)
                if second:
                    self.go.wait()
                    connection.sendall(second)


def whole(body: bytes, *lines: str, status: str = "200 OK") -> bytes:
    """An answer that is framed by its length."""
    head = [f"HTTP/1.1 {status}", "content-type: application/json", *lines]
    return "\r\n".join([*head, f"content-length: {len(body)}", "", ""]).encode() + body


@contextmanager
def raw_server(
    answers: Sequence[bytes | tuple[bytes, bytes]], tls: ssl.SSLContext | None = None
) -> Iterator[RawServer]:
    """A raw server on loopback, over TLS where a context is given."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = RawServer(listening.getsockname()[1], list(answers))
    open_now: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            server.connections += 1
            open_now.append(connection)
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    def handle(connection: socket.socket) -> None:
        try:
            if tls is not None:
                connection = tls.wrap_socket(connection, server_side=True)
            server.serve(connection)
        except OSError:
            connection.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.go.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
        for connection in open_now:
            connection.close()
