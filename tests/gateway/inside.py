"""A gateway in this process: real HTTP over loopback, without the time that a process takes to start."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from genaiops.gateway import hosting
from genaiops.gateway.app import Gateway
from genaiops.gateway.protocol import LimitedProtocol
from genaiops.gateway.serve import application


@dataclass(frozen=True)
class Inside:
    """A gateway that runs in a thread, and the folder whose store it writes."""

    port: int
    folder: Path
    app: Gateway

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def gateway_inside(folder: Path, text: str) -> Iterator[Inside]:
    """A gateway with this ``gateway.yaml``."""
    file = folder / "gateway.yaml"
    file.write_text(text)
    app = application(str(file), log=str(folder / "access.jsonl"))
    settings = uvicorn.Config(app, http=LimitedProtocol, ws="none", log_level="warning")
    server = uvicorn.Server(settings)
    sock = hosting.bind("127.0.0.1", 0)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[sock])), daemon=True)
    thread.start()
    try:
        yield Inside(sock.getsockname()[1], folder, app)
    finally:
        server.should_exit = True
        thread.join(timeout=60)
