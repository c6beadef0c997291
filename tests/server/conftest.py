"""A server process, and a client that says exactly what a test wants."""

import http.client
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Served:
    """A running server process and the folder it runs in."""

    port: int
    folder: Path
    process: subprocess.Popen[str]

    def ask(self, method="GET", path="/health/live", body=None, headers=None):
        """Status, headers in lower case, and body of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def send(self, message, headers=None):
        """Posts a request in protobuf."""
        return self.ask(
            "POST", "/v1/traces", message.SerializeToString(), PROTOBUF | (headers or {})
        )


@contextmanager
def server_process(folder: Path, *options: str) -> Iterator[Served]:
    command = [sys.executable, "-c", "from genaiops.cli.main import main; main()", "server"]
    process = subprocess.Popen(
        [*command, "--port", "0", *options],
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=os.environ | {},
    )
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        found = re.search(r":(\d+), writing", line)
        assert found, line + process.stderr.read()
        yield Served(int(found[1]), folder, process)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=60)
        process.stderr.close()


@pytest.fixture
def serve(workdir: Path) -> Iterator[Callable[..., Served]]:
    """Starts a server process with options of `genaiops server`."""
    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(server_process(workdir, *options))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on loopback for all tests that leave it running."""
    with server_process(tmp_path_factory.mktemp("server")) as served:
        yield served


@pytest.fixture
def of_shared(shared: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """The shared server, whose store this test reads."""
    import genaiops

    genaiops.set_tracking_uri(shared.folder / ".genaiops")
    return shared
