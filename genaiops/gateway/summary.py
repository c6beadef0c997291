"""What an answer says for its trace and its bill, read from it with as little decoding as can be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

import msgspec

from genaiops.gateway.dialects.openai_chat import is_completion, read_cost, read_usage
from genaiops.model.usage import Usage

__all__ = ["Count", "Summary", "UsageShape", "of_chat_body", "of_completion", "usage_of"]

_Json = dict[str, Any]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_ABSENT = msgspec.Raw()


@dataclass(slots=True, kw_only=True)
class Summary:
    """What an answer says, whole or cut short.

    Attributes:
        id: The provider's name for the answer.
        model: The model that answered, as the provider calls it.
        tier: The service tier.
        usage: Tokens.
        said_usd: What the provider says that it cost.
        finish_reasons: Why each choice ended, in the provider's words.
        outputs: The message as JSON, or ``{"choices": […]}`` of several; None where there is none.
    """

    id: str | None = None
    model: str | None = None
    tier: str | None = None
    usage: Usage = field(default_factory=Usage)
    said_usd: float | None = None
    finish_reasons: list[str] | None = None
    outputs: bytes | None = None


class _Details(msgspec.Struct):
    cached_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    reasoning_tokens: Count | None = None


class UsageShape(msgspec.Struct):
    """A ``usage`` object as it should be; what is not so is read by `read_usage`."""

    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None
    cost: Annotated[float, msgspec.Meta(ge=0, lt=1e9)] | None = None


class _Choice(msgspec.Struct):
    message: msgspec.Raw = _ABSENT
    finish_reason: str | None = None
    native_finish_reason: str | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    id: str | None = None
    model: str | None = None
    service_tier: str | None = None
    usage: UsageShape | None = None


_decode = msgspec.json.Decoder(_Completion).decode
_decode_any = msgspec.json.Decoder(_Json).decode
_encode = msgspec.json.Encoder().encode


def usage_of(shape: UsageShape | None) -> Usage:
    """The tokens in a ``usage`` object."""
    if shape is None:
        return Usage()
    asked, said = shape.prompt_tokens_details, shape.completion_tokens_details
    return Usage(
        input_tokens=shape.prompt_tokens,
        output_tokens=shape.completion_tokens,
        cache_read_tokens=None if asked is None else asked.cached_tokens,
        cache_write_tokens=None if asked is None else asked.cache_write_tokens,
        reasoning_tokens=None if said is None else said.reasoning_tokens,
    )


def of_chat_body(body: bytes) -> Summary | None:
    """The summary of a whole chat completion; None when it is none."""
    try:
        if not body.isascii():
            str(body, "utf-8")  # what is passed on is not looked at otherwise
        found = _decode(body)
    except msgspec.ValidationError:
        return _of_odd_body(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if len(found.choices) != 1:
        return _of_odd_body(body)
    [choice] = found.choices
    message = bytes(choice.message)
    if not message.startswith(b"{"):
        return None
    reason = choice.native_finish_reason or choice.finish_reason
    return Summary(
        id=found.id,
        model=found.model,
        tier=found.service_tier,
        usage=usage_of(found.usage),
        said_usd=None if found.usage is None else found.usage.cost,
        finish_reasons=None if reason is None else [reason],
        outputs=message,
    )


def _of_odd_body(body: bytes) -> Summary | None:
    try:
        value = _decode_any(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return of_completion(value) if is_completion(value) else None


def of_completion(completion: Mapping[str, Any]) -> Summary:
    """The summary of a chat completion, decoded."""
    choices = cast("list[_Json]", completion.get("choices") or [])
    usage = completion.get("usage")
    outputs = None
    if choices:
        said = choices[0].get("message") if len(choices) == 1 else {"choices": choices}
        outputs = _encode(said)
    return Summary(
        id=_text(completion.get("id")),
        model=_text(completion.get("model")),
        tier=_text(completion.get("service_tier")),
        usage=read_usage(usage),
        said_usd=read_cost(usage),
        finish_reasons=_finish_reasons(choices) or None,
        outputs=outputs,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _finish_reasons(choices: Sequence[_Json]) -> list[str]:
    reasons = [c.get("native_finish_reason") or c.get("finish_reason") for c in choices]
    return [str(reason) for reason in reasons if reason is not None]
