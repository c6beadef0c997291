"""The exact cache: the whole answer to the same request, kept in memory for a while.

Same is what the request says of the model, the conversation and every parameter; how it is to be
delivered, whole or as a stream and in which dialect, is not part of it.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import msgspec

from genaiops.gateway.chatrequest import ChatRequest
from genaiops.gateway.dialects.readers import write_completion
from genaiops.gateway.exchange import encode
from genaiops.gateway.rules import CacheRule
from genaiops.gateway.steps import Hit

__all__ = ["HEADER", "Cache", "content_key", "keepable", "may_be_kept", "opted_out"]

HEADER = b"x-genaiops-cache"
"""Of a request ``off``: neither look nor keep. Of an answer what happened."""
_Json = dict[str, Any]
_DELIVERY = ("stream", "stream_options")
_STATEFUL = ("background", "container", "conversation", "mcp_servers", "previous_response_id")
"""Fields with which the answer depends on more than the request."""
_OWN_TOOLS = ("custom", "function")
_DONE = frozenset(("stop", "tool_calls", "function_call", "length"))
_OVERHEAD = 512  # bytes of an entry besides its answer, about


class _Entry(NamedTuple):
    completion: bytes
    bodies: dict[str, bytes]
    until: float
    size: int


class Cache:
    """Answers by content key; those used longest ago go first.

    Args:
        rule: How long, how much.
        clock: Seconds.
    """

    def __init__(self, rule: CacheRule, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.rule = rule
        self.size = 0
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str, dialect: str) -> Hit | None:
        """The answer under a key, in a dialect; None when there is none, or no longer."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if self._clock() >= entry.until:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        completion = msgspec.json.decode(entry.completion, type=_Json)
        body = entry.bodies.get(dialect)
        if body is None:
            body = entry.bodies[dialect] = write_completion(dialect, completion)
        return Hit(completion, body)

    def put(
        self, key: str, completion: Mapping[str, Any], *, dialect: str = "", body: bytes = b""
    ) -> None:
        """Keeps an answer; `body` is what the provider said itself in that dialect."""
        whole = encode(completion)
        bodies = {dialect: body} if body else {}
        size = 2 * max(len(whole), len(body)) + _OVERHEAD
        if size > self._most:
            return
        self._drop(key)
        self._entries[key] = _Entry(whole, bodies, self._clock() + self.rule.ttl_s, size)
        self.size += size
        while self.size > self._most:
            self._drop(next(iter(self._entries)))

    @property
    def _most(self) -> float:
        return self.rule.max_mb * 1024 * 1024

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.size -= entry.size


def content_key(request: ChatRequest, scope: Sequence[str], *, without: str | None = None) -> str:
    """Under which the answer to a request is kept.

    Args:
        request: As it will be asked.
        scope: What else has to be the same: whose key it is, who would be asked.
        without: A text that is left out wherever it stands as a whole.
    """
    said = {name: value for name, value in request.decoded.items() if name not in _DELIVERY}
    rest = {name: request.fields[name] for name in request.dropped if name in request.fields}
    if without is not None:
        said["messages"] = _less(said["messages"], without)
    headers = {name: value for name, value in request.headers.items() if "version" not in name}
    parts = [*scope, request.model, said, rest, headers, request.query]
    return hashlib.sha256(encode(parts, ordered=True)).hexdigest()


def may_be_kept(completion: Mapping[str, Any]) -> bool:
    """Whether an answer is complete, and nothing that another attempt might change."""
    choices = cast("list[_Json]", completion.get("choices") or [])
    return bool(choices) and all(choice.get("finish_reason") in _DONE for choice in choices)


def opted_out(header: bytes) -> bool:
    """Whether the client wants neither an answer from the cache nor this one in it."""
    return header.strip().lower() in (b"off", b"no", b"false", b"0")


def keepable(request: ChatRequest) -> bool:
    """Whether the answer depends on the request alone, and can be told as a stream and otherwise.

    What tools that run at the provider say, and citations, are known in its own dialect only.

    Raises: BadRequestError when the request is not of the shape of its API.
    """
    if request.decoded and "messages.citations" in request.dropped:
        return False
    for name in _STATEFUL:
        if name in request.fields and bytes(request.fields[name]) not in (b"null", b"false"):
            return False
    if request.dialect == "openai" or "tools" not in request.fields:
        return True
    tools = msgspec.json.decode(request.fields["tools"])
    return isinstance(tools, list) and all(
        isinstance(tool, dict) and cast("_Json", tool).get("type", "custom") in _OWN_TOOLS
        for tool in cast("list[object]", tools)
    )


def _less(messages: Any, text: str) -> Any:  # any JSON
    *before, last = messages
    return [*before, {**last, "content": None if last.get("content") == text else last["content"]}]
