"""A whole completion as the chunks of a stream that says the same."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

__all__ = ["chunks_of"]

_Json = dict[str, Any]
_OF_THE_WHOLE = ("choices", "usage", "object")


def chunks_of(completion: Mapping[str, Any]) -> Iterator[_Json]:
    """``chat.completion.chunk`` objects, which fold to the completion again."""
    head = {name: value for name, value in completion.items() if name not in _OF_THE_WHOLE}
    head["object"] = "chat.completion.chunk"
    for choice in cast("list[_Json]", completion.get("choices") or []):
        index = choice.get("index", 0)
        message = cast("_Json", choice.get("message") or {})
        opening = {"index": index, "delta": _delta(message), "finish_reason": None}
        if choice.get("logprobs") is not None:
            opening["logprobs"] = choice["logprobs"]
        yield head | {"choices": [opening]}
        closing = {name: value for name, value in choice.items() if name.endswith("finish_reason")}
        yield head | {"choices": [{"index": index, "delta": {}, **closing}]}
    if completion.get("usage") is not None:
        yield head | {"choices": [], "usage": completion["usage"]}


def _delta(message: Mapping[str, Any]) -> _Json:
    delta = {name: value for name, value in message.items() if value is not None}
    for name in ("tool_calls", "thinking_blocks"):
        if isinstance(delta.get(name), list):
            items = cast("list[_Json]", delta[name])
            delta[name] = [{"index": number, **item} for number, item in enumerate(items)]
    return delta
