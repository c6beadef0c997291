"""Anthropic's Messages API, from and to the shapes of OpenAI's chat completions.

Text conversations cross both ways, plain and streamed. What cannot cross yet is refused where it
would change the answer (tools, images) and dropped by name where it would not.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from genaiops.errors import BadRequestError, ProviderError

__all__ = ["PATH", "StreamReader", "read_response", "write_request"]

PATH = "/v1/messages"
DEFAULT_MAX_TOKENS = 4096
"""Anthropic wants a limit in every request, OpenAI does not."""

_Json = dict[str, Any]
_SAME_NAME = ("temperature", "top_p", "top_k", "stream", "thinking", "service_tier", "metadata")
_HANDLED = ("model", "messages", "max_tokens", "max_completion_tokens", "stop", "user")
_CHANGES_THE_ANSWER = ("tools", "tool_choice", "functions", "function_call", "audio", "modalities")
_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def write_request(request: Mapping[str, Any]) -> tuple[_Json, list[str]]:
    """The body for Anthropic, and the names of parameters that were dropped.

    Raises: BadRequestError when a part of the request cannot be said to Anthropic.
    """
    for name in _CHANGES_THE_ANSWER:
        if request.get(name):
            raise BadRequestError(
                f"{name!r} is not translated for anthropic yet: leave it out, or use a model of a "
                "provider that speaks OpenAI's dialect",
                provider="anthropic",
            )
    if request.get("n") not in (None, 1):
        raise BadRequestError("anthropic gives one answer: leave out 'n'", provider="anthropic")
    system: list[str] = []
    messages: list[_Json] = []
    for number, message in enumerate(cast("Sequence[Mapping[str, Any]]", request["messages"])):
        role, blocks = message.get("role"), _text_blocks(number, message)
        if role in ("system", "developer"):
            system += [block["text"] for block in blocks]
        elif role in ("user", "assistant"):
            messages.append({"role": role, "content": blocks})
        else:
            raise BadRequestError(
                f"message {number} has role {role!r}, which is not translated for anthropic yet: "
                "use system, user and assistant",
                provider="anthropic",
            )
    limit = request.get("max_completion_tokens") or request.get("max_tokens")
    body: _Json = {
        "model": request["model"],
        "max_tokens": limit or DEFAULT_MAX_TOKENS,
        "messages": messages,
    }
    if system:
        body["system"] = "\n\n".join(system)
    body |= {name: request[name] for name in _SAME_NAME if request.get(name) is not None}
    if request.get("stop"):
        stop = request["stop"]
        body["stop_sequences"] = [stop] if isinstance(stop, str) else stop
    if request.get("user"):
        body["metadata"] = {"user_id": request["user"]}
    known = (*_SAME_NAME, *_HANDLED, "n")
    return body, sorted(n for n, v in request.items() if n not in known and v is not None)


def read_response(body: Mapping[str, Any]) -> _Json:
    """The completion that an Anthropic message is.

    Raises: ProviderError when it is not a message.
    """
    blocks = body.get("content")
    if body.get("type") != "message" or not isinstance(blocks, list):
        raise ProviderError(
            "anthropic answered with something that is not a message: check ANTHROPIC_BASE_URL",
            provider="anthropic",
        )
    message: _Json = {"role": "assistant", "content": None}
    calls: list[_Json] = []
    for block in cast("list[_Json]", blocks):
        if block.get("type") == "text":
            message["content"] = (message["content"] or "") + str(block.get("text", ""))
        elif block.get("type") == "tool_use":
            calls.append(_call(block, block.get("input")))
    if calls:
        message["tool_calls"] = calls
    stop = body.get("stop_reason")
    choice = {"index": 0, "message": message, **_finish(stop)}
    return {
        "id": body.get("id"),
        "object": "chat.completion",
        "created": 0,
        "model": body.get("model"),
        "choices": [choice],
        "usage": _usage(body.get("usage")),
    }


class StreamReader:
    """Turns the events of one Anthropic stream into OpenAI chunks; pure, no bytes, no clock.

    Attributes:
        done: The stream said that it is complete.
    """

    def __init__(self) -> None:
        self.done = False
        self._head: _Json = {"id": None, "object": "chat.completion.chunk", "created": 0}
        self._usage: _Json = {}
        self._stop: object = None
        self._calls = 0

    def feed(self, event: Mapping[str, Any]) -> list[_Json]:
        """The chunks that an event stands for, often none.

        Raises: ProviderError when the event is an error.
        """
        match event.get("type"):
            case "message_start":
                message: _Json = event.get("message") or {}
                self._head |= {"id": message.get("id"), "model": message.get("model")}
                self._usage |= message.get("usage") or {}
                return [self._chunk({"role": "assistant", "content": ""})]
            case "content_block_start":
                return self._block(event.get("content_block") or {})
            case "content_block_delta":
                return self._delta(event.get("delta") or {})
            case "message_delta":
                delta: _Json = event.get("delta") or {}
                self._stop = delta.get("stop_reason") or self._stop
                usage: _Json = event.get("usage") or {}
                self._usage |= {name: n for name, n in usage.items() if n is not None}
                return []
            case "message_stop":
                self.done = True
                last = self._chunk({})
                last["choices"][0] |= _finish(self._stop)
                return [last, self._head | {"choices": [], "usage": _usage(self._usage)}]
            case "error":
                error: _Json = event.get("error") or {}
                raise ProviderError(
                    f"anthropic broke the stream off: {error.get('message', 'no reason given')}",
                    provider="anthropic",
                )
            case _:
                return []

    def _block(self, block: Mapping[str, Any]) -> list[_Json]:
        if block.get("type") == "text" and block.get("text"):
            return [self._chunk({"content": block["text"]})]
        if block.get("type") == "tool_use":
            self._calls += 1
            call = _call(block, None) | {"index": self._calls - 1}
            return [self._chunk({"tool_calls": [call]})]
        return []

    def _delta(self, delta: Mapping[str, Any]) -> list[_Json]:
        if delta.get("type") == "text_delta":
            return [self._chunk({"content": delta.get("text", "")})]
        if delta.get("type") == "input_json_delta" and self._calls:
            piece = {"arguments": delta.get("partial_json", "")}
            return [self._chunk({"tool_calls": [{"index": self._calls - 1, "function": piece}]})]
        return []

    def _chunk(self, delta: _Json) -> _Json:
        return self._head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


def _text_blocks(number: int, message: Mapping[str, Any]) -> list[_Json]:
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    blocks: list[_Json] = []
    empty: list[_Json] = [{}]
    for part in cast("list[_Json]", content) if isinstance(content, list) else empty:
        if part.get("type") != "text":
            raise BadRequestError(
                f"message {number} holds {part.get('type', 'no text')!r}, which is not translated "
                "for anthropic yet: use text",
                provider="anthropic",
            )
        blocks.append({"type": "text", "text": part.get("text", "")})
    return blocks


def _call(block: Mapping[str, Any], arguments: object) -> _Json:
    written = "" if arguments is None else msgspec.json.encode(arguments).decode()
    function = {"name": block.get("name", ""), "arguments": written}
    return {"id": block.get("id", ""), "type": "function", "function": function}


def _finish(stop: object) -> _Json:
    """OpenAI's word for why the model stopped, and Anthropic's own beside it."""
    return {"finish_reason": _FINISH.get(str(stop), "stop"), "native_finish_reason": stop}


def _usage(raw: object) -> _Json:
    usage = cast("_Json", raw) if isinstance(raw, dict) else {}
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    parts = [usage.get(name) for name in (*names, "output_tokens")]
    fresh, read, written, said = (n if isinstance(n, int) and n >= 0 else None for n in parts)
    asked = None if fresh is None else fresh + (read or 0) + (written or 0)
    return {
        "prompt_tokens": asked,
        "completion_tokens": said,
        "total_tokens": None if asked is None or said is None else asked + said,
        "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
    }
