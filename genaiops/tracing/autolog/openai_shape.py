"""What all bodies of the OpenAI API have in common: parameters, identity, usage, tool calls."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

import msgspec

from genaiops.model import semconv
from genaiops.tracing.autolog.content import slim

__all__ = ["Events", "Shape", "Table", "parsed", "present", "table_of", "usage_attributes"]

Table = Mapping[str, Any]
_decode = msgspec.json.Decoder().decode

_PARAMETERS = {
    "model": semconv.REQUEST_MODEL,
    "max_tokens": semconv.REQUEST_MAX_TOKENS,
    "max_completion_tokens": semconv.REQUEST_MAX_TOKENS,
    "max_output_tokens": semconv.REQUEST_MAX_TOKENS,
    "temperature": semconv.REQUEST_TEMPERATURE,
    "top_p": semconv.REQUEST_TOP_P,
    "frequency_penalty": semconv.REQUEST_FREQUENCY_PENALTY,
    "presence_penalty": semconv.REQUEST_PRESENCE_PENALTY,
    "seed": semconv.REQUEST_SEED,
    "reasoning_effort": semconv.REQUEST_REASONING_LEVEL,
    "service_tier": semconv.OPENAI_REQUEST_SERVICE_TIER,
    "previous_response_id": semconv.REQUEST_PREVIOUS_RESPONSE_ID,
}
_USAGE = {
    "prompt_tokens": semconv.USAGE_INPUT_TOKENS,
    "input_tokens": semconv.USAGE_INPUT_TOKENS,
    "completion_tokens": semconv.USAGE_OUTPUT_TOKENS,
    "output_tokens": semconv.USAGE_OUTPUT_TOKENS,
    "prompt_cache_hit_tokens": semconv.USAGE_CACHE_READ_TOKENS,  # DeepSeek
}
_USAGE_IN = {
    "cached_tokens": semconv.USAGE_CACHE_READ_TOKENS,
    "cache_write_tokens": semconv.USAGE_CACHE_WRITE_TOKENS,
    "text_tokens": semconv.USAGE_TEXT_INPUT_TOKENS,
    "image_tokens": semconv.USAGE_IMAGE_INPUT_TOKENS,
    "audio_tokens": semconv.USAGE_AUDIO_INPUT_TOKENS,
}
_USAGE_OUT = {
    "reasoning_tokens": semconv.USAGE_REASONING_TOKENS,
    "text_tokens": semconv.USAGE_TEXT_OUTPUT_TOKENS,
    "image_tokens": semconv.USAGE_IMAGE_OUTPUT_TOKENS,
    "audio_tokens": semconv.USAGE_AUDIO_OUTPUT_TOKENS,
}
_DETAILS = (
    ("prompt_tokens_details", _USAGE_IN),
    ("input_tokens_details", _USAGE_IN),
    ("completion_tokens_details", _USAGE_OUT),
    ("output_tokens_details", _USAGE_OUT),
)


class Events(Protocol):
    """The events of one stream, put together.

    Attributes:
        done: The provider said that this is all; `ended` also holds where it need not say so.
    """

    done: bool

    @property
    def ended(self) -> bool:
        """Whether nothing is missing."""
        ...

    def starts(self, data: str) -> bool:
        """Whether this event brings the first of the content."""
        ...

    def add(self, data: str) -> None:
        """Takes in one event, as it is on the wire."""
        ...

    def body(self) -> Table:
        """What has come so far, as the body of an answer that was not streamed."""
        ...


class Shape:
    """How the bodies of one kind of call become attributes; this one for calls without content.

    Attributes:
        api: Value of ``openai.api.type``, where there is one.
        output_type: What the answer is, where the request does not say.
    """

    api: str | None = None
    output_type: str | None = None

    def asked(self, body: Table) -> dict[str, Any]:
        """The parameters of a request."""
        found = {name: body[key] for key, name in _PARAMETERS.items() if body.get(key) is not None}
        if body.get("stream"):
            found[semconv.REQUEST_STREAM] = True
        if self.api is not None:
            found[semconv.OPENAI_API_TYPE] = self.api
        if self.output_type is not None:
            found[semconv.OUTPUT_TYPE] = self.output_type
        return found

    def inputs(self, body: Table) -> Any:  # JSON
        """What is recorded as inputs: the request without binary data."""
        return slim(body) if body else None

    def input_messages(self, body: Table) -> dict[str, Any]:
        """The content of a request in the names of the conventions."""
        del body
        return {}

    def read(self, data: bytes) -> Table:
        """The body of an answer from its JSON; big data may be left out."""
        return table_of(_decode(data))

    def answered(self, body: Table) -> dict[str, Any]:
        """Identity, finish reasons and usage of an answer."""
        found = present(
            {semconv.RESPONSE_ID: body.get("id"), semconv.RESPONSE_MODEL: body.get("model")}
        )
        return found | usage_attributes(body.get("usage"))

    def outputs(self, body: Table) -> Any:  # JSON
        """What is recorded as outputs."""
        return slim(body)

    def output_messages(self, body: Table) -> dict[str, Any]:
        """The content of an answer in the names of the conventions."""
        del body
        return {}

    def failure(self, body: Table) -> tuple[str, str] | None:
        """Type and message of a failure that the provider reports as an answer."""
        del body
        return None

    def events(self) -> Events | None:
        """What puts a streamed answer together."""
        return None


def usage_attributes(usage: Any) -> dict[str, Any]:  # whatever the provider sent
    """Token counts of both dialects, with the provider's own table beside them."""
    if not isinstance(usage, Mapping) or not usage:
        return {}
    table = cast("Table", usage)
    found = {name: table[key] for key, name in _USAGE.items() if table.get(key) is not None}
    for key, names in _DETAILS:
        details = table.get(key)
        if isinstance(details, Mapping):
            more = cast("Table", details)
            for detail, name in names.items():
                if more.get(detail) is not None:
                    found[name] = more[detail]
    cost = table.get("cost")
    if isinstance(cost, int | float) and not isinstance(cost, bool):  # OpenRouter
        found |= {semconv.COST_TOTAL: cost, semconv.COST_SOURCE: "provider"}
    found[semconv.USAGE_RAW] = table
    return found


def present(table: Table) -> dict[str, Any]:
    """The entries that have a value."""
    return {name: value for name, value in table.items() if value is not None}


def table_of(value: Any) -> Table:  # any JSON value
    """The value if it is an object; a list as one, too."""
    if type(value) is dict or isinstance(value, Mapping):
        return cast("Table", value)
    return {"data": value} if isinstance(value, Sequence) else {}


def parsed(arguments: Any) -> Any:  # of a tool call
    """Arguments of a tool call; text that is no JSON, broken or partial, stays text."""
    if isinstance(arguments, str):
        with contextlib.suppress(msgspec.DecodeError):
            return _decode(arguments.encode(errors="replace"))
    return arguments
