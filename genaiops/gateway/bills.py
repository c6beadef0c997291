"""What an answer that was passed on says that it took, whoever wrote it."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec

from genaiops.gateway.dialects.openai_chat import read_cost, read_usage
from genaiops.gateway.sse import Splitter
from genaiops.gateway.summary import Summary
from genaiops.model.usage import Usage

__all__ = ["summary_of", "values_of"]

_Json = dict[str, Any]
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_MOST = 2**53


def values_of(kind: str, body: bytes) -> list[_Json]:
    """The JSON objects of an answer: its body, or the events of its stream.

    Args:
        kind: Its ``content-type``.
        body: All of it.
    """
    if "text/event-stream" in kind:
        splitter = Splitter()
        texts = [event.data for event in (*splitter.feed(body), *splitter.rest())]
    elif "json" in kind:
        texts = [body]
    else:
        return []
    return [value for text in texts for value in _objects(text)]


def summary_of(values: list[_Json]) -> Summary:
    """Tokens and model in the words of OpenAI, Anthropic or Gemini; a later value stands."""
    usage: _Json = {}
    model: object = None
    for value in values:
        for table in (value, value.get("message"), value.get("response")):
            if isinstance(table, Mapping):
                said = cast("_Json", table)
                model = said.get("model") or said.get("modelVersion") or model
                for name in ("usage", "usageMetadata"):
                    if isinstance(said.get(name), Mapping):
                        counts = cast("_Json", said[name])
                        usage |= {n: count for n, count in counts.items() if count is not None}
    return Summary(
        model=model if isinstance(model, str) else None,
        usage=_usage(usage),
        said_usd=read_cost(usage),
    )


def _usage(raw: _Json) -> Usage:
    if "promptTokenCount" in raw or "totalTokenCount" in raw:
        said, thought = _count(raw, "candidatesTokenCount"), _count(raw, "thoughtsTokenCount")
        return Usage(
            input_tokens=_count(raw, "promptTokenCount"),
            output_tokens=(said or 0) + (thought or 0),
            cache_read_tokens=_count(raw, "cachedContentTokenCount"),
            reasoning_tokens=thought,
        )
    if "input_tokens" in raw:
        read, written = (_count(raw, f"cache_{n}_input_tokens") for n in ("read", "creation"))
        asked = _count(raw, "input_tokens")
        details = raw.get("input_tokens_details")
        if isinstance(details, dict):  # of the Responses API, which counts what it read twice
            return Usage(
                input_tokens=asked,
                output_tokens=_count(raw, "output_tokens"),
                cache_read_tokens=_count(cast("_Json", details), "cached_tokens"),
            )
        return Usage(
            input_tokens=None if asked is None else asked + (read or 0) + (written or 0),
            output_tokens=_count(raw, "output_tokens"),
            cache_read_tokens=read,
            cache_write_tokens=written,
        )
    found = read_usage(raw)
    if found.input_tokens is not None and found.output_tokens is None:
        return Usage(input_tokens=found.input_tokens, output_tokens=0)  # embeddings, moderation
    return found


def _count(raw: Mapping[str, Any], name: str) -> int | None:
    value: object = raw.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _MOST else None


def _objects(text: bytes) -> Iterator[_Json]:
    try:
        value: object = msgspec.json.decode(text)
    except _UNREADABLE:
        return
    for one in cast("list[object]", value) if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            yield cast("_Json", one)
