"""Stores of MLflow as the real package made them (scripts/make_mlflow_stores.py)."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

STORES = Path(__file__).parent / "mlflow_stores"


def read(name: str, root: Path) -> Any:
    """A fixture, its paths below a folder of the test."""
    return json.loads((STORES / name).read_text("utf-8").replace("{ROOT}", str(root)))


@pytest.fixture(scope="session")
def said() -> dict[str, Any]:
    """By kind of store, what mlflow itself reads back."""
    return read("mlflow_says.json", Path("/nowhere"))


@pytest.fixture
def mlflow_files(workdir: Path) -> Path:
    """The folder with `mlruns` and with the artifacts of the database."""
    for name, text in read("files.json", workdir).items():
        path = workdir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return workdir


@pytest.fixture
def database(mlflow_files: Path) -> Path:
    path = mlflow_files / "db" / "mlflow.db"
    text = (STORES / "mlflow.sql").read_text("utf-8").replace("{ROOT}", str(mlflow_files))
    connection = sqlite3.connect(path)
    connection.executescript(text)
    connection.close()
    return path


class Replay(ThreadingHTTPServer):
    """Answers what was asked of a real server as that did, and 404 to anything else."""

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.answers = {
            (item["method"], item["path"], json.dumps(item["body"], sort_keys=True)): (
                item["status"],
                item["answer"],
            )
            for item in read("server.json", root)
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answering(BaseHTTPRequestHandler):
    server: Replay
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        key = (self.command, self.path, json.dumps(body, sort_keys=True))
        status, text = self.server.answers.get(
            key, (404, '{"message": "nobody asked this before"}')
        )
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's name
        """Says nothing."""


@pytest.fixture
def mlflow_server(workdir: Path) -> Iterator[Replay]:
    with Replay(workdir) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
