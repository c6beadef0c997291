"""A model folder: what MLmodel says, and files that are what it says they are."""

import importlib
import json
import platform
import stat
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from typing import Any, cast

from genaiops.errors import ConfigError, NotFoundError, StoreError
from genaiops.models.genaiops_pyfunc import digest_of
from genaiops.models.signature import ModelSignature

__all__ = ["MANIFEST", "Folder", "installed", "manifest"]

MANIFEST = "MLmodel"
_LARGEST_MANIFEST = 4_000_000
_LOADER = "genaiops_pyfunc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A model folder that is there.

    Attributes:
        path: Where it is.
        uri: How the user named it.
        manifest: What its MLmodel says.
    """

    path: Path
    uri: str
    manifest: Mapping[str, Any]

    @classmethod
    def open(cls, path: Path, uri: str, *, digest: str | None = None) -> "Folder":
        """Reads MLmodel.

        Args:
            path: Of the folder.
            uri: How the user named it.
            digest: What the SHA-256 of MLmodel must be.

        Raises: NotFoundError, StoreError when it was altered, ConfigError when it is nonsense.
        """
        data = _content(path, MANIFEST, uri, at_most=_LARGEST_MANIFEST)
        if digest is not None and digest_of(data) != digest:
            raise _altered(MANIFEST, uri, digest_of(data), digest)
        found = _parsed(data, uri)
        flavors = _table(_table(found).get("flavors"))
        if not flavors or not all(isinstance(one, dict) for one in flavors.values()):
            raise ConfigError(f"{uri!r} is no model: its {MANIFEST} names no flavors")
        return cls(path=path, uri=uri, manifest=_table(found))

    @property
    def flavors(self) -> Mapping[str, Mapping[str, Any]]:
        """What the manifest says by flavor."""
        return self.manifest["flavors"]

    @property
    def digests(self) -> Mapping[str, str]:
        """SHA-256 by file; empty for a folder that genaiops did not write."""
        ours = _table(_table(self.manifest.get("metadata")).get("genaiops"))
        return _table(ours.get("digests"))

    @property
    def signature(self) -> ModelSignature | None:
        """Of the model, None when it was logged without. Raises ConfigError."""
        written = _table(self.manifest.get("signature"))
        return ModelSignature.from_dict(written) if written else None

    def content(self, name: object) -> bytes:
        """A file, once its digest was checked.

        Raises: NotFoundError, ConfigError for a path that leads out of the folder and for a link,
            StoreError when its digest is not the one that the manifest has.
        """
        data = _content(self.path, name, self.uri)
        digests = self.digests
        if digests and digests.get(str(name)) != digest_of(data):
            raise _altered(str(name), self.uri, digest_of(data), digests.get(str(name)))
        return data


def manifest(
    flavor: str,
    options: Mapping[str, Any],
    files: Mapping[str, bytes],
    *,
    run_id: str,
    name: str,
    signature: ModelSignature | None,
    requirements: list[str],
) -> dict[str, Any]:
    """What MLmodel says of a new model.

    Args:
        flavor: ``sklearn``, ``python`` or ``torch``.
        options: Of the flavor; ``loader_module`` and ``model_path`` of it are for MLflow.
        files: By path in the folder.
        run_id: Of the run that it belongs to.
        name: Of the model in the run.
        signature: Of the model.
        requirements: Packages with versions, for the library that loads it.
    """
    function = {
        "loader_module": options.get("loader_module", _LOADER),
        "python_version": platform.python_version(),
        "env": {"virtualenv": "python_env.yaml"},
    }
    function |= {key: options[key] for key in ("model_path", "predict_fn") if key in options}
    if function["loader_module"] == _LOADER:
        function |= {"code": "code", "streamable": bool(options.get("streamable"))}
    own = {key: value for key, value in options.items() if key != "loader_module"}
    now = time.time()
    return {
        "artifact_path": name,
        "flavors": {"python_function": function, flavor: own | {"requirements": requirements}},
        "metadata": {"genaiops": {"digests": {key: digest_of(files[key]) for key in files}}},
        "model_size_bytes": sum(len(data) for data in files.values()),
        "run_id": run_id,
        "signature": None if signature is None else signature.to_dict(),
        "utc_time_created": f"{time.strftime('%F %T', time.gmtime(now))}.{int(now % 1 * 1e6):06}",
    }


def installed(*packages: str) -> list[str]:
    """``name==version`` of these, without those that are not installed."""
    found: list[str] = []
    for package in packages:
        try:
            found.append(f"{package}=={version(package)}")
        except PackageNotFoundError:
            continue
    return found


def environment(requirements: list[str]) -> dict[str, bytes]:
    """The files in which MLflow looks for what a model needs."""
    python = ".".join(map(str, sys.version_info[:3]))
    described = {"python": python, "dependencies": ["-r requirements.txt"]}
    return {
        "requirements.txt": "".join(f"{one}\n" for one in requirements).encode(),
        "python_env.yaml": json.dumps(described).encode(),
    }


def _content(path: Path, name: object, uri: str, *, at_most: int | None = None) -> bytes:
    parts = PurePosixPath(name).parts if isinstance(name, str) else ()
    if not parts or ".." in parts or str(name).startswith("/") or "\\" in str(name):
        raise ConfigError(f"{uri!r} names {name!r} as its file, which leads out of the folder")
    file = path
    try:
        for part in parts:
            file /= part
            if stat.S_ISLNK(file.lstat().st_mode):
                raise ConfigError(f"{str(name)!r} of {uri!r} is a link, which is not followed")
        if not stat.S_ISREG(file.lstat().st_mode):
            raise ConfigError(f"{str(name)!r} of {uri!r} is no file")
        if at_most is not None and file.lstat().st_size > at_most:
            raise ConfigError(f"{str(name)!r} of {uri!r} has more than {at_most:,} bytes")
        return file.read_bytes()
    except OSError as error:
        raise NotFoundError(
            f"{uri!r} has no {str(name)!r} ({error.strerror}): is it a model?"
        ) from None


def _table(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _altered(name: str, uri: str, have: str, wanted: str | None) -> StoreError:
    logged = "no digest of it was logged" if wanted is None else f"{wanted[:16]}… was logged"
    return StoreError(
        f"{name!r} of {uri!r} was altered: its SHA-256 is {have[:16]}…, {logged}; log the model "
        "again, or restore the file"
    )


def _parsed(data: bytes, uri: str) -> Any:  # whatever YAML holds
    """JSON as we write it, YAML as MLflow does."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        pass
    try:
        yaml: Any = importlib.import_module("yaml")
    except ImportError:
        raise ConfigError(f"{uri!r} has its {MANIFEST} in YAML: pip install pyyaml") from None
    try:
        return yaml.safe_load(data.decode())
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ConfigError(f"the {MANIFEST} of {uri!r} cannot be read: {error}") from None
