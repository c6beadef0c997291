"""Answers and streams of OpenAI's chat completions, from and to the form between dialects."""

from collections.abc import Mapping
from typing import Any

import msgspec

from genaiops.gateway.dialects.chat_requests import thoughts_of, write_thoughts
from genaiops.gateway.dialects.form import (
    Answer,
    Delta,
    Event,
    Json,
    Part,
    PartStart,
    PartStop,
    Redacted,
    Refusal,
    Start,
    Stop,
    Text,
    Thinking,
    Tokens,
    ToolCall,
    joined,
    listed,
    settled,
    table,
)
from genaiops.gateway.dialects.openai_chat import read_usage

__all__ = ["ChunkWriter", "EventReader", "read_response", "write_response"]

_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
_WORDS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def read_response(body: Mapping[str, Any]) -> Answer:
    """The answer that a chat completion is; of several choices the first."""
    choice = body["choices"][0]
    message = choice["message"]
    parts: list[Part] = [*thoughts_of(message)]
    if message.get("content"):
        parts.append(Text(message["content"]))
    if message.get("refusal"):
        parts.append(Refusal(message["refusal"]))
    for call in listed(message.get("tool_calls")):
        function = table(call.get("function"))
        arguments = function.get("arguments") or ""
        parts.append(ToolCall(call.get("id") or "", function.get("name") or "", arguments))
    return Answer(
        id=body.get("id"),
        model=body.get("model"),
        created=body.get("created") or 0,
        parts=parts,
        stop=_reason(choice, parts),
        usage=_read_usage(body.get("usage")),
    )


def _reason(choice: Mapping[str, Any], parts: list[Part]) -> str | None:
    native: str = choice.get("native_finish_reason") or ""
    said: str = choice.get("finish_reason") or ""
    reason = native if native in _WORDS else _REASONS.get(said, "end_turn" if said else None)
    if any(isinstance(part, Refusal) for part in parts):
        return "refusal"
    return settled(reason, calls=any(isinstance(part, ToolCall) for part in parts))


def write_response(answer: Answer) -> Json:
    """The chat completion that says the answer."""
    message: Json = {"role": "assistant", "content": joined(answer.parts) or None, "refusal": None}
    if any(isinstance(part, Refusal) for part in answer.parts):
        message["refusal"] = "".join(p.text for p in answer.parts if isinstance(p, Refusal))
    message |= write_thoughts(answer.parts)
    calls = [part for part in answer.parts if isinstance(part, ToolCall)]
    if calls:
        message["tool_calls"] = [_call(call) for call in calls]
    return {
        "id": answer.id,
        "object": "chat.completion",
        "created": answer.created,
        "model": answer.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, **_finish(answer.stop)}],
        "usage": _write_usage(answer.usage),
    }


class EventReader:
    """Turns the chunks of one stream into events of the form.

    Parts follow each other: fragments of a later call wait while an earlier call is not whole.
    """

    def __init__(self) -> None:
        self._started = False
        self._next = 0
        self._key: object = None
        self._arguments: list[str] = []
        self._waiting: dict[object, tuple[Part, list[str]]] = {}
        self._last: list[Part] = []
        self._finish: Json = {}
        self._usage: object = None

    def feed(self, chunk: Mapping[str, Any]) -> list[Event]:
        """What a chunk stands for."""
        events: list[Event] = []
        if not self._started:
            self._started = True
            created = chunk.get("created") or 0
            events.append(Start(chunk.get("id"), chunk.get("model"), created))
        self._usage = chunk.get("usage") or self._usage
        choices: list[Json] = listed(chunk.get("choices"))
        if choices and not choices[0].get("index"):
            choice = choices[0]
            delta: Json = table(choice.get("delta"))
            text = delta.get("content")
            if text:
                self._more("text", Text(""), text, events)
            if len(delta) > (1 if "content" in delta else 0):
                self._others(delta, events)
            if choice.get("finish_reason"):
                self._finish = choice
        return events

    def finish(self) -> list[Event]:
        """What there is to say once the stream is complete."""
        events: list[Event] = []
        self._close(events)
        for part, texts in self._waiting.values():
            self._open(part, events)
            events.append(Delta(self._next - 1, "".join(texts)))
            events.append(PartStop(self._next - 1))
        self._waiting = {}
        return [*events, _read_usage(self._usage), Stop(_reason(self._finish, self._last))]

    def _others(self, delta: Json, events: list[Event]) -> None:
        if delta.get("thinking_blocks"):
            for block in delta["thinking_blocks"]:
                self._think(block, events)
        else:
            thought = delta.get("reasoning_content") or delta.get("reasoning")
            if thought and isinstance(thought, str):
                self._more("thinking", Thinking(""), thought, events)
        if delta.get("refusal"):
            self._more("refusal", Refusal(""), delta["refusal"], events)
        for call in listed(delta.get("tool_calls")):
            function: Json = table(call.get("function"))
            key = "call", call.get("index") or 0
            part = ToolCall(call.get("id") or "", function.get("name") or "")
            self._more(key, part, function.get("arguments") or "", events)

    def _think(self, block: Json, events: list[Event]) -> None:
        key = "thinking", block.get("index") or 0
        if block.get("data"):
            self._more(key, Redacted(block["data"]), "", events)
            return
        self._more(key, Thinking(""), block.get("thinking") or "", events)
        if block.get("signature"):
            events.append(Delta(self._next - 1, block["signature"], True))

    def _more(self, key: object, part: Part, text: str, events: list[Event]) -> None:
        if key in self._waiting:
            self._waiting[key][1].append(text)
            return
        if key != self._key:
            if isinstance(self._key, tuple) and self._key[0] == "call" and not self._is_whole():  # pyright: ignore[reportUnknownMemberType]  a key of ours
                self._waiting[key] = part, [text]
                return
            self._close(events)
            self._key = key
            self._open(part, events)
        if text:
            events.append(Delta(self._next - 1, text))
            if isinstance(part, ToolCall):
                self._arguments.append(text)

    def _is_whole(self) -> bool:
        try:
            msgspec.json.decode("".join(self._arguments))
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return False
        return True

    def _open(self, part: Part, events: list[Event]) -> None:
        events.append(PartStart(self._next, part))
        self._last.append(part)
        self._next += 1

    def _close(self, events: list[Event]) -> None:
        if self._key is not None:
            events.append(PartStop(self._next - 1))
        self._key = None
        self._arguments = []


class ChunkWriter:
    """Writes events of the form as chunks of one stream; the last holds the tokens."""

    def __init__(self) -> None:
        self._head: Json = {"id": None, "object": "chat.completion.chunk", "created": 0}
        self._parts: dict[int, Part] = {}
        self._numbers: dict[int, int] = {}
        self._usage = Tokens()

    def feed(self, event: Event) -> list[Json]:
        """The chunks that say the event, often none."""
        match event:
            case Delta():
                return self._delta(event)
            case Start():
                head = {"id": event.id, "created": event.created, "model": event.model}
                self._head |= head
                return [self._chunk({"role": "assistant", "content": ""})]
            case PartStart():
                return self._begin(event.index, event.part)
            case Tokens():
                self._usage = event
                return []
            case Stop():
                last = self._chunk({})
                last["choices"][0] |= _finish(event.reason)
                return [last, self._head | {"choices": [], "usage": _write_usage(self._usage)}]
            case PartStop():
                return []

    def _begin(self, index: int, part: Part) -> list[Json]:
        self._parts[index] = part
        kind = "call" if isinstance(part, ToolCall) else "thought"
        same = [i for i, known in self._parts.items() if _kind(known) == kind]
        self._numbers[index] = number = len(same) - 1
        match part:
            case ToolCall():
                call = _call(part) | {"index": number}
                return [self._chunk({"tool_calls": [call]})]
            case Redacted():
                block = {"index": number, "type": "redacted_thinking", "data": part.data}
                return [self._chunk({"thinking_blocks": [block]})]
            case Thinking(text=text) | Text(text=text) | Refusal(text=text) if text:
                return self._delta(Delta(index, text))
            case _:
                return []

    def _delta(self, event: Delta) -> list[Json]:
        part, number = self._parts[event.index], self._numbers[event.index]
        match part:
            case Text():
                return [self._chunk({"content": event.text})]
            case ToolCall():
                piece = {"index": number, "function": {"arguments": event.text}}
                return [self._chunk({"tool_calls": [piece]})]
            case Thinking():
                field = "signature" if event.signature else "thinking"
                block = {"index": number, "type": "thinking", field: event.text}
                fields: Json = {} if event.signature else {"reasoning_content": event.text}
                return [self._chunk(fields | {"thinking_blocks": [block]})]
            case Refusal():
                return [self._chunk({"refusal": event.text})]
            case _:
                return []

    def _chunk(self, delta: Json) -> Json:
        return self._head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


def _kind(part: Part) -> str:
    if isinstance(part, ToolCall):
        return "call"
    return "thought" if isinstance(part, Thinking | Redacted) else "text"


def _call(call: ToolCall) -> Json:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _finish(stop: str | None) -> Json:
    """OpenAI's word for why the model stopped, and Anthropic's own beside it."""
    word = _WORDS.get(stop or "", "stop")
    return {"finish_reason": word, "native_finish_reason": stop}


def _read_usage(raw: object) -> Tokens:
    usage = read_usage(raw)
    return Tokens(
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
    )


def _write_usage(usage: Tokens) -> Json:
    total = None if usage.input is None or usage.output is None else usage.input + usage.output
    details = {"cached_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write}
    written: Json = {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": total,
        "prompt_tokens_details": details,
    }
    if usage.reasoning is not None:
        written["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning}
    return written
