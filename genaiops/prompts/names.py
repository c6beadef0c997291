"""Names of prompts and aliases, and the ways to refer to a prompt version."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from genaiops.errors import PromptError

__all__ = [
    "LATEST",
    "Reference",
    "check_alias",
    "check_name",
    "check_text",
    "check_version",
    "parse_reference",
]

LATEST = "latest"
"""The alias that every prompt has: its newest version. It cannot be moved."""

_SCHEME = "prompts:/"
_MAX_NAME = 200
_MAX_DIGITS = 9  # version numbers beyond this fit no column of the store
_ALIAS = re.compile(r"\w[\w.-]{0,99}")


@dataclass(frozen=True, slots=True)
class Reference:
    """Which version of a prompt is meant: a number, or an alias (`LATEST` included)."""

    name: str
    version: int | None = None
    alias: str | None = None

    def __str__(self) -> str:
        return (
            f"{self.name}@{self.alias}" if self.version is None else f"{self.name}/{self.version}"
        )


@lru_cache(maxsize=4096)
def parse_reference(text: str) -> Reference:
    """Reads ``name``, ``name/3``, ``name@alias``, each also after ``prompts:/``.

    Raises: PromptError when the text is none of these.
    """
    check_text(text, "prompt reference")
    rest = text.removeprefix(_SCHEME)
    name, at, alias = rest.partition("@")
    if at:
        if alias != LATEST:
            check_alias(alias)
        return Reference(check_name(name), alias=alias)
    head, slash, last = rest.rpartition("/")
    if slash and last.isascii() and last.isdigit():
        if len(last) > _MAX_DIGITS or int(last) == 0:
            raise PromptError(
                f"prompt reference {text[:300]!r} names version {last[:20]}: versions count from 1"
            )
        return Reference(check_name(head), version=int(last))
    return Reference(check_name(rest), alias=LATEST)


def check_name(name: str) -> str:
    """The name itself, when a prompt may be called so.

    Raises: PromptError saying which rule the name breaks.
    """
    if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without types
        raise PromptError(f"prompt name {name!r} is no text: use one such as 'qa/answer'")
    problem = _name_problem(name)
    if problem:
        shown = name if len(name) <= _MAX_NAME else f"{name[:60]}…"
        raise PromptError(f"prompt name {shown!r} {problem}: choose another, such as 'qa/answer'")
    return name


def check_alias(alias: str) -> str:
    """The alias itself, when it may be one.

    Raises: PromptError saying what an alias looks like.
    """
    check_text(alias, "prompt alias")
    if alias == LATEST:
        raise PromptError("the alias 'latest' is always the newest version: choose another")
    if not _ALIAS.fullmatch(alias) or alias.isdigit():
        raise PromptError(
            f"prompt alias {alias[:120]!r} cannot be used: take up to 100 letters, digits, "
            f"'_', '.' and '-', not digits alone, such as 'production'"
        )
    return alias


def check_text(text: object, what: str) -> None:
    """Raises: PromptError for what is no text, or cannot be stored."""
    if not isinstance(text, str):
        raise PromptError(f"{what} is {text!r:.100}: use text")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PromptError(
            f"{what} holds half of a surrogate pair, which is no character: remove it"
        ) from None


def check_version(version: object) -> None:
    """Raises: PromptError for what is no number of a version."""
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise PromptError(
            f"version is {version!r:.100}: use the number of a version, such as 3; they count from 1"
        )


def _name_problem(name: str) -> str:
    """Which rule the name breaks, as a verb phrase; empty when it breaks none."""
    segments = name.split("/")
    rules = (
        (not name, "is empty"),
        (len(name) > _MAX_NAME, f"is longer than {_MAX_NAME} characters"),
        (not name.isprintable(), "holds a control or unprintable character"),
        ("@" in name, "holds '@', which introduces an alias"),
        ("{" in name or "}" in name, "holds a brace"),
        (":" in segments[0], "holds ':' in its first part, as an address would"),
        ("" in segments, "starts, ends or doubles a '/'"),
        ("." in segments or ".." in segments, "has '.' or '..' as a part"),
        (not unicodedata.is_normalized("NFC", name), "is not composed (in Unicode's form NFC)"),
        (any(character.isspace() for character in name), "holds a space"),
        (segments[-1].isdigit(), "ends in digits alone, as a version would"),
    )
    return next((problem for broken, problem in rules if broken), "")
