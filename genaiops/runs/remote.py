"""Files of a run below a URL, by fsspec: one object a file, written once, whole or not at all."""

import contextlib
import hashlib
import importlib
import io
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

from genaiops.errors import ConfigError, ConflictError, NotFoundError, StoreError
from genaiops.store import artifacts as kept
from genaiops.store.whole import new_file

__all__ = ["Remote"]

_CHUNK = 4_000_000
_BUCKETS = {"s3", "s3a", "gs", "gcs", "abfs", "az"}
"""Have no folders to make, and would make the bucket."""


class Remote:
    """The files of one run at ``<url>/<path>``; see `Place`."""

    def __init__(self, run_id: str, url: str) -> None:
        self.run_id = run_id
        self.url = url
        self.fs, self.root = _file_system(url)

    def put(self, path: str, data: bytes | Path) -> None:
        """See `Place.put`; where the service can, it refuses a second writer by itself."""
        target = f"{self.root}/{path}"
        with self._told(path):
            new = not self.fs.exists(target) and self._created(target, data)
            if not new and self._digest(target) != _digest_of(data):
                raise ConflictError(
                    f"the run {self.run_id!r} has other content at {path!r} already: "
                    "use another path"
                )

    def listed(self, path: str | None) -> list[tuple[str, int]]:
        """See `Place.listed`; names that no path of an artifact has are left out."""
        start = self.root if path is None else f"{self.root}/{kept.checked(path)}"
        with self._told(path or ""):
            self.fs.invalidate_cache()
            found: dict[str, Any] = self.fs.find(start, detail=True)
        names: list[tuple[str, int]] = []
        for place, info in found.items():
            name = place.removeprefix(f"{self.root}/")
            with contextlib.suppress(ConfigError):
                names.append((kept.checked(name), int(info["size"] or 0)))
        return sorted(names)

    def fetch(self, path: str, into: Path) -> Path:
        """See `Place.fetch`; what was fetched before is not fetched again."""
        named = into / path.rpartition("/")[2]
        if named.is_file():
            return named
        with self._told(path):
            if self.fs.info(f"{self.root}/{path}")["type"] == "file":
                return self._fetched(path, named)
        for name, _ in self.listed(path):
            self._fetched(name, named / name.removeprefix(f"{path}/"))
        return named

    def _fetched(self, path: str, file: Path) -> Path:
        """The file, copied unless it is there: what was written once never changes."""
        if not file.is_file():
            with self._told(path), self.fs.open(f"{self.root}/{path}", "rb") as source:
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with new_file(file.parent) as (hidden, target):
                    shutil.copyfileobj(source, target, _CHUNK)
                    target.close()
                    hidden.rename(file)
        return file

    def read(self, path: str, start: int, length: int | None) -> bytes:
        """See `Place.read`; only the range is asked for."""
        if length == 0:
            return b""
        with self._told(path):
            size = self.fs.info(f"{self.root}/{path}")["size"]
            end = size if length is None else min(size, start + length)
            if start >= end:
                return b""
            return self.fs.cat_file(f"{self.root}/{path}", start=start, end=end)

    @contextlib.contextmanager
    def _told(self, path: str) -> Generator[None]:
        """Errors of the service as ours."""
        try:
            yield
        except FileNotFoundError:
            raise NotFoundError(f"the run {self.run_id!r} has no artifact {path!r}") from None
        except (OSError, ValueError, NotImplementedError) as error:
            raise StoreError(f"the artifact {path!r} at {self.url!r} failed: {error}") from error

    def _created(self, target: str, data: bytes | Path) -> bool:
        """Writes the object; False when somebody was faster."""
        try:
            if isinstance(data, bytes):
                if not _BUCKETS & {self.fs.protocol, *self.fs.protocol}:
                    self.fs.makedirs(target.rpartition("/")[0], exist_ok=True)
                self.fs.pipe_file(target, data, mode="create")
            else:
                self.fs.put_file(str(data), target, mode="create")
        except FileExistsError:
            return False
        return True

    def _digest(self, target: str) -> str:
        with self.fs.open(target, "rb") as file:
            return _digest_of(file)


def _digest_of(content: Any) -> str:  # bytes, a path or an open file
    if isinstance(content, Path):
        with content.open("rb") as file:
            return _digest_of(file)
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _file_system(url: str) -> tuple[Any, str]:
    """What fsspec has for the URL, and the path in it. Raises ConfigError."""
    try:
        fsspec: Any = importlib.import_module("fsspec")
        system, root = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise ConfigError(
            f"files at {url!r} need more than is installed: pip install 'genaiops[s3]' ({error})"
        ) from error
    except (ValueError, OSError) as error:
        raise ConfigError(f"the artifacts cannot lie at {url!r}: {error}") from error
    return system, root.rstrip("/")
