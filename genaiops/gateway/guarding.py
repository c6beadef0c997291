"""The guardrails of a gateway as a step: before a request goes out, and before an answer does."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Literal, cast

from genaiops.gateway.dialects.openai_chat import fold
from genaiops.gateway.guardrails import Found, Guard, Stopped, applied, look, make_guards
from genaiops.gateway.rules import GuardRule
from genaiops.gateway.steps import Refusal, Step, Turn
from genaiops.gateway.texts import texts_of
from genaiops.gateway.windows import Windows
from genaiops.model import semconv

__all__ = ["Guarding"]

_Json = dict[str, Any]


class Guarding(Step):
    """Lets the guardrails look, and does what they say.

    A guardrail that only flags never holds a stream up: it sees the answer once it is over.

    Args:
        rules: The guardrails, in the order in which they look.
    """

    def __init__(self, rules: Iterable[GuardRule]) -> None:
        self._guards = make_guards(rules)

    async def before(self, turn: Turn) -> None:
        """Looks at what is asked. Raises Refusal."""
        guards = self._of(turn, "before")
        if not guards:
            return
        asked = turn.request.decoded
        messages = await self._applied(turn, guards, asked["messages"])
        if messages is not None:
            turn.request.change({**asked, "messages": messages})

    def watches(self, turn: Turn) -> bool:
        """Whether a guardrail is for the answer."""
        return bool(self._of(turn, "after"))

    async def after(self, turn: Turn, completion: _Json) -> _Json:
        """Looks at a whole answer. Raises Refusal."""
        guards = self._of(turn, "after")
        choices: list[_Json] = completion.get("choices") or []
        messages: list[_Json] = [choice.get("message") or {} for choice in choices]
        masked = await self._applied(turn, guards, messages)
        if masked is None:
            return completion
        pairs = zip(choices, masked, strict=True)
        shown = {**completion, "choices": [{**c, "message": message} for c, message in pairs]}
        turn.record.shows(shown)
        return shown

    async def through(self, turn: Turn, chunks: AsyncIterator[_Json]) -> AsyncIterator[_Json]:
        """Looks at a stream as it passes. Raises Refusal."""
        guards = self._of(turn, "after")
        holding = [guard for guard in guards if guard.rule.action != "flag"]
        windows = Windows(holding, _asked(turn)) if holding else None
        passed: list[_Json] = []
        try:
            async for chunk in chunks:
                for some in [chunk] if windows is None else await windows.feed(chunk):
                    passed.append(some)
                    yield some
            for some in [] if windows is None else await windows.finish():
                passed.append(some)
                yield some
            await self._flag(turn, [g for g in guards if g.rule.action == "flag"], passed)
        except Stopped as stopped:
            raise _refusal(turn, stopped) from stopped
        finally:
            if windows is not None and windows.found:
                _note(turn, windows.found)
                turn.record.shows(fold(passed))

    def _of(self, turn: Turn, when: Literal["before", "after"]) -> Sequence[Guard]:
        return [guard for guard in self._guards if guard.concerns(turn.request.model, when)]

    async def _applied(
        self, turn: Turn, guards: Sequence[Guard], messages: Sequence[_Json]
    ) -> list[_Json] | None:
        try:
            changed, found = await applied(guards, _asked(turn), messages)
        except Stopped as stopped:
            raise _refusal(turn, stopped) from stopped
        _note(turn, found)
        return changed

    async def _flag(self, turn: Turn, guards: Sequence[Guard], passed: Sequence[_Json]) -> None:
        if guards:
            choices = cast("list[_Json]", fold(passed).get("choices") or [])
            text = "\n\n".join(texts_of([choice["message"] for choice in choices]))
            for guard in guards:
                _, found = await look(guard, _asked(turn), text)
                _note(turn, [found] if found else [])


def _asked(turn: Turn) -> str:
    """What the user said last, for judges that want to know."""
    messages = cast("list[_Json]", turn.request.decoded["messages"])
    last = next((one for one in reversed(messages) if one.get("role") == "user"), None)
    return "" if last is None else "\n".join(texts_of([last]))


def _refusal(turn: Turn, stopped: Stopped) -> Refusal:
    _note(turn, [stopped.found])
    return Refusal(stopped.status, stopped.message, code=stopped.code)


def _note(turn: Turn, found: Sequence[Found]) -> None:
    """Says on the span, and to those who count, what guardrails did."""
    if not found:
        return
    reply = turn.reply
    new = [one for one in dict.fromkeys(found) if one not in reply.found]
    reply.found = [*reply.found, *new]
    said = [f"{one.name} {one.when} {one.action}: {one.reason}".rstrip(": ") for one in reply.found]
    turn.record.note({semconv.GATEWAY_GUARDRAILS: said})
