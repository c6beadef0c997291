"""OpenAI's chat completions: the shape that everything else is translated from and to."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from genaiops.model.usage import Usage

__all__ = ["PATH", "fold", "is_completion", "read_cost", "read_usage"]

PATH = "/chat/completions"
_MOST_TOKENS = 2**53
_Json = dict[str, Any]


def is_completion(value: object) -> bool:
    """Whether a decoded body is a chat completion with at least one choice."""
    if not isinstance(value, dict):
        return False
    choices = cast("_Json", value).get("choices")
    if not isinstance(choices, list) or not choices:
        return False
    first = cast("list[object]", choices)[0]
    return isinstance(first, dict) and isinstance(cast("_Json", first).get("message"), dict)


def read_usage(raw: object) -> Usage:
    """The tokens of a ``usage`` object; what is missing or nonsense is None."""
    if not isinstance(raw, Mapping):
        return Usage()
    usage = cast("Mapping[str, object]", raw)
    asked, said = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    return Usage(
        input_tokens=_count(usage.get("prompt_tokens")),
        output_tokens=_count(usage.get("completion_tokens")),
        cache_read_tokens=_inside(asked, "cached_tokens"),
        cache_write_tokens=_inside(asked, "cache_write_tokens"),
        reasoning_tokens=_inside(said, "reasoning_tokens"),
    )


def read_cost(raw: object) -> float | None:
    """USD that the provider itself says the call cost (``usage.cost``), else None."""
    cost = cast("Mapping[str, object]", raw).get("cost") if isinstance(raw, Mapping) else None
    if isinstance(cost, bool) or not isinstance(cost, int | float):
        return None
    return float(cost) if 0.0 <= cost < 1e9 else None


def fold(chunks: Iterable[Mapping[str, Any]]) -> _Json:
    """The completion that a stream of ``chat.completion.chunk`` adds up to.

    A stream cut short folds to what it said so far, with ``finish_reason`` None.
    """
    whole: _Json = {"object": "chat.completion", "choices": []}
    choices: dict[int, _Json] = {}
    for chunk in chunks:
        for name, value in chunk.items():
            if name not in ("choices", "object") and value is not None:
                whole[name] = value
        for piece in _objects(chunk.get("choices")):
            index = _count(piece.get("index")) or 0
            _fold_choice(choices.setdefault(index, _new_choice(index)), piece)
    whole["choices"] = [_finished(choices[index]) for index in sorted(choices)]
    return whole


def _new_choice(index: int) -> _Json:
    message: _Json = {"role": "assistant", "content": None}
    return {
        "index": index,
        "message": message,
        "finish_reason": None,
        "texts": {},
        "calls": {},
        "thoughts": {},
    }


def _fold_choice(choice: _Json, piece: Mapping[str, Any]) -> None:
    for name in ("finish_reason", "native_finish_reason"):
        if piece.get(name) is not None:
            choice[name] = piece[name]
    delta = piece.get("delta")
    if not isinstance(delta, dict):
        return
    for name, value in cast("_Json", delta).items():
        if name in _FOLDED:
            place, folded = _FOLDED[name]
            for item in _objects(value):
                folded(choice[place], item)
        elif name == "role" and isinstance(value, str):
            choice["message"]["role"] = value
        elif isinstance(value, str):
            choice["texts"].setdefault(name, []).append(value)
        elif value is not None:
            choice["message"][name] = value


def _fold_call(calls: dict[int, _Json], piece: Mapping[str, Any]) -> None:
    function: _Json = {"name": "", "arguments": ""}
    new: _Json = {"id": "", "type": "function", "function": function}
    call = calls.setdefault(_count(piece.get("index")) or 0, new)
    if isinstance(piece.get("id"), str):
        call["id"] = piece["id"]
    part = piece.get("function")
    for name, value in cast("_Json", part).items() if isinstance(part, dict) else ():
        if isinstance(value, str) and name in call["function"]:
            call["function"][name] += value


def _fold_thought(thoughts: dict[int, _Json], piece: Mapping[str, Any]) -> None:
    thought = thoughts.setdefault(_count(piece.get("index")) or 0, {"type": piece.get("type")})
    for name in ("thinking", "signature", "data"):
        if isinstance(piece.get(name), str):
            thought[name] = thought.get(name, "") + piece[name]


_FOLDED = {"tool_calls": ("calls", _fold_call), "thinking_blocks": ("thoughts", _fold_thought)}


def _finished(choice: _Json) -> _Json:
    texts, calls, thoughts = choice.pop("texts"), choice.pop("calls"), choice.pop("thoughts")
    choice["message"].update({name: "".join(pieces) for name, pieces in texts.items()})
    if any(thought.get("signature") or thought.get("data") for thought in thoughts.values()):
        choice["message"]["thinking_blocks"] = [thoughts[index] for index in sorted(thoughts)]
    if calls:
        choice["message"]["tool_calls"] = [calls[index] for index in sorted(calls)]
    return choice


def _objects(value: object) -> list[_Json]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("_Json", item) for item in items if isinstance(item, dict)]


def _inside(details: object, name: str) -> int | None:
    return _count(cast("_Json", details).get(name)) if isinstance(details, dict) else None


def _count(value: object) -> int | None:
    """A number of tokens; providers were seen to send -5, "8", 1e30 and NaN."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_TOKENS:
        return None
    return value
