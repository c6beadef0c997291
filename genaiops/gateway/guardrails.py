"""Guardrails: what is asked or answered is looked at, and let pass, masked, flagged or refused."""

import asyncio
import importlib
import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, cast

from genaiops.errors import ConfigError
from genaiops.gateway.limits import names
from genaiops.gateway.rules import GuardRule
from genaiops.gateway.texts import replaced, texts_of

__all__ = ["Check", "Finding", "Found", "Guard", "Stopped", "applied", "look", "make_guards"]

_Json = dict[str, Any]
_JUDGES = "genaiops.eval.guarding"
"""Where judges are; evaluation stands above the gateway, which finds it by name as it does plug-ins."""
_REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_LONGEST = 200


class Finding(NamedTuple):
    """What a check says of one text.

    Attributes:
        reason: Why it does not pass, without the text itself.
        replacement: What may pass in its place, where the check can say.
    """

    passed: bool
    reason: str = ""
    replacement: str | None = None


Check = Callable[[str, str], Awaitable[Finding]]
"""``(asked, text)``: what was asked, and the text to look at."""


class Found(NamedTuple):
    """One guardrail that did not let everything pass as it was, for the span."""

    name: str
    when: str
    action: str
    reason: str


class Stopped(Exception):  # noqa: N818 - an answer to the client, not a fault of the program
    """A request or an answer that a guardrail refuses: the status, the code and the sentence."""

    def __init__(self, status: int, code: str, message: str, found: Found) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.found = found


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """One guardrail, ready to be used."""

    name: str
    rule: GuardRule
    check: Check

    def concerns(self, model: str, when: Literal["before", "after"]) -> bool:
        """Whether it is for this model, at this moment."""
        rule = self.rule
        return rule.when == when and (not rule.models or names(rule.models, model))


def make_guards(rules: Iterable[GuardRule]) -> tuple[Guard, ...]:
    """The guardrails of a configuration. Raises ConfigError for one that cannot work."""
    return tuple(
        Guard(name=rule.judge.rpartition(":")[2], rule=rule, check=_check(rule)) for rule in rules
    )


async def look(guard: Guard, asked: str, text: str) -> tuple[str, Found | None]:
    """What may pass of a text. Raises Stopped when nothing may."""
    if not text:
        return text, None
    rule = guard.rule
    try:
        finding = await guard.check(asked, text)
        if finding.passed:
            return text, None
        if rule.action == "mask" and finding.replacement is None:
            raise TypeError("it did not say what to put in the place of the text")  # noqa: TRY301
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"[:_LONGEST]
        found = Found(guard.name, rule.when, "failed", reason)
        if rule.action == "flag":
            return text, found
        message = f"the guardrail {guard.name!r} failed, so nothing passes: try again later"
        raise Stopped(503, "guardrail_failed", message, found) from error
    found = Found(guard.name, rule.when, rule.action, finding.reason[:_LONGEST])
    if rule.action == "reject":
        what = "request" if rule.when == "before" else "answer"
        why = f" ({found.reason})" if found.reason else ""
        message = f"the guardrail {guard.name!r} does not let this {what} pass{why}"
        raise Stopped(400, "guardrail_rejected", message, found)
    if rule.action == "mask":
        return finding.replacement or "", found
    return text, found


async def applied(
    guards: Sequence[Guard], asked: str, messages: Sequence[Mapping[str, Any]]
) -> tuple[list[_Json] | None, list[Found]]:
    """Messages after the guardrails, None where nothing has changed; and what was found.

    Maskers look at each text by itself, the others at all of them together.

    Raises: Stopped.
    """
    found: list[Found] = []
    now: Sequence[Mapping[str, Any]] = messages
    for guard in guards:
        texts = texts_of(now)
        if guard.rule.action != "mask":
            _, said = await look(guard, asked, "\n\n".join(texts))
            found += [said] if said else []
            continue
        masks: dict[str, str] = {}
        for text in dict.fromkeys(texts):
            masks[text], said = await look(guard, asked, text)
            found += [said] if said else []
        if any(text != mask for text, mask in masks.items()):
            now = replaced(now, masks)
    return (None if now is messages else [dict(message) for message in now]), found


def _check(rule: GuardRule) -> Check:
    masks = rule.action == "mask"
    if not _REFERENCE.fullmatch(rule.judge):
        return cast("Check", _judges().check_named(rule.judge, rule.options, masks=masks))
    module, _, name = rule.judge.partition(":")
    try:
        made: object = importlib.import_module(module)
        for part in name.split("."):
            made = getattr(made, part)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"{rule.judge!r} cannot be imported: {error}") from None
    if hasattr(made, "needs"):
        return cast("Check", _judges().check_by(made, masks=masks))
    if not callable(made):
        raise ConfigError(f"{rule.judge!r} is no function: it is {type(made).__name__}")
    return _by_function(made, rule)


def _by_function(function: Callable[..., object], rule: GuardRule) -> Check:
    """A function of the text: True or None lets it pass, False does not, text takes its place."""
    is_async = inspect.iscoroutinefunction(function)

    async def check(_asked: str, text: str) -> Finding:
        if is_async:
            said = await cast("Awaitable[object]", function(text, **rule.options))
        else:
            said = await asyncio.to_thread(function, text, **rule.options)
        if isinstance(said, str):
            return Finding(passed=said == text, replacement=said)
        if said is None or isinstance(said, bool):
            return Finding(passed=said is not False)
        raise TypeError(f"it returned {type(said).__name__}: return a bool, or text")

    return check


def _judges() -> Any:  # a module that stands above this one
    return importlib.import_module(_JUDGES)
