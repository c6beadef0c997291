"""Last-known-good copies of prompts, outside of the store, for a process that starts without it.

They lie in the user's cache folder (``$XDG_CACHE_HOME`` or ``~/.cache``), readable by the user
only. What cannot be written is not kept; what was changed since is not believed.
"""

import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from genaiops.errors import PromptError
from genaiops.model.prompt import PromptVersion
from genaiops.prompts.loaded import Arm, Loaded
from genaiops.prompts.names import Reference
from genaiops.prompts.version import make_prompt
from genaiops.store.whole import write_whole

__all__ = ["DiskCopies"]

_log = logging.getLogger("genaiops.prompts")


class DiskCopies:
    """The copies of one store's prompts."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._written: dict[Reference, str] = {}

    def get(self, reference: Reference) -> Loaded | None:
        """What the reference meant when a process last read it; None when that is not known."""
        path = self._path(reference)
        if path is None:
            return None
        try:
            kept: Any = json.loads(path.read_text("utf-8"))
            if (kept["uri"], kept["reference"]) != (self._uri, str(reference)):
                return None
            return _loaded(kept)
        except (OSError, ValueError, KeyError, TypeError, RecursionError, PromptError) as error:
            if not isinstance(error, FileNotFoundError):
                _log.info("the copy of prompt %s in %s is not used: %r", reference, path, error)
            return None

    def put(self, reference: Reference, loaded: Loaded) -> None:
        """Keeps a copy, unless the same was kept before."""
        mark = repr([(a.prompt.version, a.prompt.hash, a.weight) for a in loaded.arms])
        path = self._path(reference)
        if path is None or self._written.get(reference) == mark:
            return
        arms = [
            {
                "weight": arm.weight,
                "alias": arm.prompt.alias,
                "version": asdict(arm.prompt.stored),
                "included": dict(arm.prompt.included),
            }
            for arm in loaded.arms
        ]
        kept = {
            "uri": self._uri,
            "reference": str(reference),
            "digest": _digest(_canonical(arms)),
            "arms": arms,
        }
        if _write(path, json.dumps(kept)):
            self._written[reference] = mark

    def drop(self, reference: Reference) -> None:
        """Forgets the copy of what is no more."""
        path = self._path(reference)
        if path is not None:
            self._written.pop(reference, None)
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _path(self, reference: Reference) -> Path | None:
        folder = _cache_folder()
        if folder is None:
            return None
        return folder / _digest(self._uri) / f"{_digest(str(reference))}.json"


def _loaded(kept: Mapping[str, Any]) -> Loaded:
    """Raises: PromptError for a copy that is not as it was written."""
    if kept["digest"] != _digest(_canonical(kept["arms"])):
        raise PromptError("it is damaged")
    return Loaded(tuple(map(_arm, kept["arms"])))


def _arm(kept: Mapping[str, Any]) -> Arm:
    """Raises: PromptError for a template that this release does not understand."""
    version = PromptVersion(**kept["version"])
    prompt = make_prompt(version, alias=kept["alias"], included=kept["included"])
    return Arm(prompt, float(kept["weight"]))


def _write(path: Path, text: str) -> bool:
    """Whether the file now holds the text; another process sees the old text or the new one."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, text.encode())
    except (OSError, UnicodeEncodeError) as error:
        _log.info("no copy of a prompt is kept in %s: %s", path, error)
        return False
    return True


def _cache_folder() -> Path | None:
    named = os.environ.get("XDG_CACHE_HOME", "")
    try:
        base = Path(named) if named.startswith("/") else Path.home() / ".cache"
    except RuntimeError:  # no home
        return None
    return base / "genaiops" / "prompts"


def _canonical(arms: object) -> str:
    return json.dumps(arms, sort_keys=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
