"""One connection to a tracking server of MLflow, and what it answers."""

import contextlib
import json
import os
import shutil
import tempfile
from base64 import b64encode
from collections.abc import Generator, Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlencode, urlsplit

from genaiops.errors import ConfigError, NotFoundError

__all__ = ["Api", "Json", "listed", "table"]

_TIMEOUT_S = 60.0
_CHUNK = 1_000_000
Json = Any  # what a server answers


class Api:
    """One connection.

    The key is `MLFLOW_TRACKING_TOKEN`, or user and password of the URL, or of
    `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if not parts.hostname:
            raise ConfigError(f"{url!r} names no server: use http://host:port")
        kind = HTTPSConnection if parts.scheme.lower() == "https" else HTTPConnection
        try:
            self._connection = kind(parts.hostname, parts.port, timeout=_TIMEOUT_S)
        except ValueError as error:
            raise ConfigError(f"{url!r} names no server: {error}") from error
        self._base = parts.path.rstrip("/")
        self.name = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"
        self._headers = _authorization(parts.username, parts.password)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def get(self, path: str, /, **query: str | int) -> Json:
        """What the server answers. Raises ConfigError, NotFoundError."""
        return self._json("GET", f"{path}?{urlencode(query)}" if query else path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> Json:
        """The same for a question with a body."""
        return self._json("POST", path, json.dumps(body).encode())

    def pages(self, path: str, body: Mapping[str, Any], field: str) -> Iterator[Json]:
        """The items of every page."""
        token: str | None = None
        while True:
            asked = {**body, **({"page_token": token} if token else {})}
            answer = self.post(path, asked)
            yield from listed(answer, field)
            following = answer.get("next_page_token")
            if not following or following == token:
                return
            token = following

    @contextlib.contextmanager
    def download(self, path: str) -> Generator[Path]:
        """A file of the server, copied for as long as it is looked at."""
        with tempfile.NamedTemporaryFile(prefix="genaiops-") as file:
            response = self._ask("GET", path, None)
            if response.status != 200:
                response.read()
                raise NotFoundError(f"{self.name} answers {response.status} for it")
            shutil.copyfileobj(response, file, _CHUNK)
            file.flush()
            yield Path(file.name)

    def _json(self, method: str, path: str, body: bytes | None) -> Json:
        response = self._ask(method, path, body)
        text = response.read()
        if response.status != 200:
            raise self._refused(response.status, path, text)
        try:
            found: object = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise ConfigError(f"{self.name} does not answer as an MLflow server does at {path!r}")
        return table(found)

    def _ask(self, method: str, path: str, body: bytes | None) -> HTTPResponse:
        headers = self._headers | ({"Content-Type": "application/json"} if body else {})
        for attempt in (1, 2):
            try:
                self._connection.request(method, self._base + path, body, headers)
                return self._connection.getresponse()
            except (OSError, HTTPException) as error:
                self._connection.close()  # it may have been closed for lack of use
                if attempt == 2:
                    raise NotFoundError(
                        f"there is no answer from {self.name}: {error}: start the server, or "
                        "check the address"
                    ) from error
        raise AssertionError  # the loop returns or raises

    def _refused(self, status: int, path: str, text: bytes) -> ConfigError | NotFoundError:
        said = ""
        with contextlib.suppress(ValueError, AttributeError):
            said = str(json.loads(text).get("message", ""))[:300]
        if status in (401, 403):
            return ConfigError(
                f"{self.name} wants a key ({status}): set MLFLOW_TRACKING_TOKEN, or "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
            )
        kind = NotFoundError if status == 404 else ConfigError
        return kind(f"{self.name} answers {status} for {path!r}: {said or 'no reason given'}")


def listed(value: Json, *path: str) -> list[Json]:
    """The list at a path of tables, empty where there is none."""
    for name in path:
        value = table(value).get(name)
    return cast("list[Any]", value) if isinstance(value, list) else []


def table(value: Json, *path: str) -> dict[str, Any]:
    """The table at a path of tables, empty where there is none."""
    for name in path:
        value = table(value).get(name)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _authorization(user: str | None, password: str | None) -> dict[str, str]:
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    if user is None:
        user = os.environ.get("MLFLOW_TRACKING_USERNAME")
        password = os.environ.get("MLFLOW_TRACKING_PASSWORD")
    else:
        user, password = unquote(user), unquote(password or "")
    if user is not None:
        packed = b64encode(f"{user}:{password or ''}".encode()).decode()
        return {"Authorization": f"Basic {packed}"}
    return {"Authorization": f"Bearer {token}"} if token else {}
