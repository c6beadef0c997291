"""The built-in provider ``offline``: deterministic, free, and without a network.

`offline/extractive` answers from the passages in the prompt (see `genaiops.gateway.extractive`).
Its token counts are an estimate, four thirds of the words; its cost is 0.
"""

import hashlib
import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from genaiops.gateway.extractive import answer_from
from genaiops.gateway.ragprompt import message_text, read_prompt
from genaiops.gateway.target import Provider

__all__ = ["PROVIDER", "Extractive"]

_MODEL = "extractive"


class Extractive:
    """A model that quotes the sentences of its prompt that fit the question best."""

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The completion, in the shape of OpenAI's ``chat.completion``."""
        text = answer_from(read_prompt(request["messages"]))
        message = {"role": "assistant", "content": text, "refusal": None}
        return {
            "id": _id(request),
            "object": "chat.completion",
            "created": int(time.time()),
            "model": _MODEL,
            "choices": [
                {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
            ],
            "usage": _usage(request, text),
        }

    def chunks(self, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The completion a word at a time, then its usage, as ``chat.completion.chunk``."""
        whole = self.answer(request)
        head = {name: whole[name] for name in ("id", "created", "model")}
        head["object"] = "chat.completion.chunk"
        text = whole["choices"][0]["message"]["content"]
        yield head | {"choices": [_choice({"role": "assistant", "content": ""})]}
        for n, word in enumerate(text.split(" ")):
            yield head | {"choices": [_choice({"content": f" {word}" if n else word})]}
        yield head | {"choices": [_choice({}, "stop")]}
        yield head | {"choices": [], "usage": whole["usage"]}


def _choice(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _id(request: Mapping[str, Any]) -> str:
    texts = [message_text(message) for message in request["messages"]]
    return f"chatcmpl-{hashlib.sha256(msgspec.json.encode(texts)).hexdigest()[:24]}"


def _usage(request: Mapping[str, Any], answer: str) -> dict[str, int]:
    words = sum(len(message_text(message).split()) for message in request["messages"])
    asked, said = math.ceil(words * 4 / 3), math.ceil(len(answer.split()) * 4 / 3)
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


PROVIDER = Provider(name="offline", system="offline", dialect="local", local={_MODEL: Extractive()})
