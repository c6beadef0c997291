"""Files of `mlruns` as values: YAML tables, and folders with a file for each key."""

import contextlib
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from genaiops.errors import ConfigError

__all__ = ["folders_in", "table", "values"]

_META = "meta.yaml"


def table(folder: Path, name: str = _META) -> Mapping[str, Any] | None:
    """A YAML file as a table; None where there is none that can be read. Raises ConfigError."""
    try:
        yaml: Any = importlib.import_module("yaml")
    except ImportError:
        raise ConfigError(
            "MLflow's folders hold YAML: pip install pyyaml, then run this again"
        ) from None
    path = folder / name
    if path.is_symlink():
        return None
    try:
        with path.open("rb") as file:
            found: object = yaml.load(file, Loader=_loader(yaml))
    except (OSError, ValueError, yaml.YAMLError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def values(folder: Path) -> dict[str, str]:
    """The content of every file below a folder by its path, which is the key; links are left out."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode(errors="replace")
        for path in _files(folder)
    }


def folders_in(folder: Path) -> Iterator[Path]:
    """The folders in a folder by name; none where there is no folder."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for path in sorted(folder.iterdir()):
            if path.is_dir() and not path.is_symlink():
                yield path


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def _loader(yaml: Any) -> Any:  # the library is optional
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
