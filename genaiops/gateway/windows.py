"""Guardrails on a stream: text is held back until it has been looked at, a window at a time."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from genaiops.gateway.dialects.openai_chat import fold
from genaiops.gateway.guardrails import Found, Guard, applied, look

__all__ = ["Windows"]

_Json = dict[str, Any]
_TEXTS = ("content", "refusal", "reasoning_content")


class Windows:
    """Lets the chunks of a stream through as far as the guardrails have seen them.

    Text is looked at once `window` characters of it wait, or it is over; then its second half
    waits on, so that what a window cut in two is seen whole by the next. Calls of tools wait until
    they are complete.

    Args:
        guards: Those that reject or mask; what they find is in `found`.
        asked: What was asked, for judges that want to know.
    """

    def __init__(self, guards: Sequence[Guard], asked: str) -> None:
        self.found: list[Found] = []
        self._guards = guards
        self._asked = asked
        self._window = max(guard.rule.window for guard in guards)
        self._held: dict[tuple[int, str], str] = {}
        self._calls: list[_Json] = []

    async def feed(self, chunk: _Json) -> list[_Json]:
        """The chunks that may pass now. Raises Stopped."""
        if not isinstance(chunk.get("choices"), list):
            return [chunk]
        choices: list[_Json] = []
        for choice in cast("list[_Json]", chunk["choices"]):
            choices += await self._choice(chunk, choice)
        if choices or not chunk["choices"]:
            return [{**chunk, "choices": choices}]
        return []

    async def finish(self) -> list[_Json]:
        """What still waits, of a stream that said no reason for its end. Raises Stopped."""
        indexes = {index for index, _ in self._held} | {call["index"] for call in self._calls}
        choices = [
            {"index": index, "delta": await self._rest(index), "finish_reason": None}
            for index in sorted(indexes)
        ]
        left = [choice for choice in choices if choice["delta"]]
        return [{"object": "chat.completion.chunk", "choices": left}] if left else []

    async def _choice(self, chunk: _Json, choice: _Json) -> list[_Json]:
        index = int(choice.get("index") or 0)
        delta: _Json = dict(choice.get("delta") or {})
        for name in _TEXTS:
            if isinstance(delta.get(name), str):
                text = await self._fed(index, name, delta.pop(name))
                if text:
                    delta[name] = text
        if delta.get("tool_calls"):
            self._calls.append(
                {"index": index, "delta": {"tool_calls": delta.pop("tool_calls")}, "chunk": chunk}
            )
        if choice.get("finish_reason") is not None:
            rest = await self._rest(index)
            for name in _TEXTS:
                if name in rest:
                    rest[name] = delta.pop(name, "") + rest[name]
            delta |= rest
        if not delta and choice.get("finish_reason") is None:
            return []
        return [{**choice, "delta": delta}]

    async def _fed(self, index: int, name: str, text: str) -> str:
        held = self._held.get((index, name), "") + text
        if len(held) < self._window:
            self._held[index, name] = held
            return ""
        seen = await self._seen(held)
        cut = max(len(seen) - self._window // 2, 0)
        self._held[index, name] = seen[cut:]
        return seen[:cut]

    async def _seen(self, text: str) -> str:
        for guard in self._guards:
            text, found = await look(guard, self._asked, text)
            self._note([found] if found else [])
        return text

    async def _rest(self, index: int) -> _Json:
        """What waits of one choice, as one delta."""
        delta: _Json = {}
        for name in _TEXTS:
            held = self._held.pop((index, name), "")
            if held:
                delta[name] = await self._seen(held)
        mine = [call for call in self._calls if call["index"] == index]
        if mine:
            self._calls = [call for call in self._calls if call["index"] != index]
            delta["tool_calls"] = await self._called(mine)
        return delta

    async def _called(self, pieces: Sequence[Mapping[str, Any]]) -> list[_Json]:
        folded = fold({"choices": [{"index": 0, "delta": piece["delta"]}]} for piece in pieces)
        message = folded["choices"][0]["message"]
        changed, found = await applied(self._guards, self._asked, [message])
        self._note(found)
        calls: list[_Json] = (changed[0] if changed else message)["tool_calls"]
        return [{"index": n, **call} for n, call in enumerate(calls)]

    def _note(self, found: Sequence[Found]) -> None:
        self.found += [one for one in found if one not in self.found]
