"""``${NAME}`` and ``${file:PATH}``: secrets that a gateway.yaml names and does not hold.

They never pass through the YAML reader: a word that YAML leaves alone stands for them meanwhile.
"""

import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from genaiops.errors import ConfigError

__all__ = ["check_places", "check_secret", "hide", "shown", "variable"]

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*|file:[\w./~@+-]+)\}")
_STAND_IN = re.compile(r"~ENV~([A-Za-z_][A-Za-z0-9_]*|file:[\w./~@+-]+?)~VNE~")
_ODD = re.compile(r"\$\{[^}]*\}?|^\$[A-Za-z_][A-Za-z0-9_]*$")
_MOST = 65_536
"""Bytes of a file that holds one secret."""
_PLACES = ("api_key", "base_url", "key", "redis", "url")


def hide(text: str) -> str:
    """``${NAME}`` as a plain word, because YAML reads a brace inside braces as its own."""
    return _REFERENCE.sub(lambda found: f"~ENV~{found[1]}~VNE~", text)


def check_places(data: Any, place: Callable[..., str]) -> None:
    """Raises ConfigError for a reference where none is filled in.

    Args:
        data: Of the file, as YAML has it.
        place: File and line of a path of keys.
    """
    for path, text in _texts(data, ()):
        found = _STAND_IN.search(text)
        if found is not None and str(path[-1] if path else "") not in _PLACES:
            name = ".".join(map(str, path)) or "the top"
            raise ConfigError(
                f"{place(*path)}: ${{{found[1]}}} is not filled in at {name}: it may be the value of "
                f"{', '.join(_PLACES)}"
            )


def _texts(data: Any, above: Sequence[Any]) -> Iterator[tuple[tuple[Any, ...], str]]:
    if isinstance(data, str):
        yield tuple(above), data
    elif isinstance(data, dict):
        for key, value in cast("dict[Any, Any]", data).items():
            yield from _texts(key, above)
            yield from _texts(value, (*above, key))
    elif isinstance(data, list):
        for number, value in enumerate(cast("list[Any]", data)):
            yield from _texts(value, (*above, number))


def variable(name: str) -> str:
    """A variable of the environment, without blanks around it; empty where it is not set."""
    return os.environ.get(name, "").strip() if name else ""


def shown(value: str, place: str) -> str:
    """The value with what it refers to. Raises ConfigError for what is not there."""

    def read(found: re.Match[str]) -> str:
        if found[1].startswith("file:"):
            return _secret_of(found[1].removeprefix("file:"), place)
        if not variable(found[1]):
            raise ConfigError(f"{place}: ${{{found[1]}}} is not set: export {found[1]}")
        return variable(found[1])

    odd = _ODD.search(value)
    if odd is not None:
        raise ConfigError(
            f"{place}: {odd[0][:60]!r} refers to nothing: write ${{NAME}} or ${{file:PATH}}, "
            "the path of letters, digits and ./~@+_-"
        )
    return _STAND_IN.sub(read, value)


def check_secret(value: str, what: str) -> str:
    """The value, which can be sent as a header. Raises ConfigError, which does not show it."""
    if not value.isascii() or not value.isprintable():
        raise ConfigError(
            f"{what} holds a line break or a character beyond ASCII, which no key does: "
            "check where it comes from"
        )
    return value


def _secret_of(name: str, place: str) -> str:
    """The text of a file that holds one secret; a relative path begins where the process runs."""
    said = f"{place}: ${{file:{name}}}"
    try:
        path = Path(name).expanduser()
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigError(f"{said} is no file that holds a secret: name a regular file")
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
        if len(data) > _MOST:
            raise ConfigError(
                f"{said} is larger than {_MOST >> 10} KiB: name a file with one secret"
            )
        text = data.decode("utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{said} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, RuntimeError) as error:
        reason = str(error) if isinstance(error, RuntimeError) else "it is not UTF-8 text"
        raise ConfigError(f"{said} cannot be read: {reason}") from None
    if not text:
        raise ConfigError(f"{said} is empty")
    return text
