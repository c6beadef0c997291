"""A prompt of the registry served as a model: its messages and settings, then what the client says."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from genaiops.errors import BadRequestError, NotFoundError, PromptError, ProviderError, StoreError
from genaiops.gateway.chatrequest import VARIABLES, ChatRequest
from genaiops.gateway.exchange import encode
from genaiops.gateway.steps import Step, Turn
from genaiops.model.prompt import FormattedMessages, PromptRef
from genaiops.prompts import Prompt, load_prompt

__all__ = ["Prompting", "put_in"]

_Json = dict[str, Any]
_OWN = ("messages", "model", VARIABLES)


class Prompting(Step):
    """Puts the prompt into requests for models that are one.

    Where an alias is split, the same end user (``safety_identifier``, ``user``, or
    ``metadata.user_id``) gets the same version each time; requests that name none get one by chance.
    """

    async def before(self, turn: Turn) -> None:
        """Asks what the prompt says. Raises GenaiopsError."""
        if turn.route.prompt is not None:
            turn.record.links(await put_in(turn.route.prompt, turn.request))


async def put_in(reference: str, request: ChatRequest) -> PromptRef:
    """Makes a request say what the prompt says; which version that was, with which values.

    Raises: BadRequestError that lists missing and unknown variables; ProviderError when the prompt
        is not there.
    """
    asked, values = request.decoded, _variables(request)
    prompt = await asyncio.to_thread(_find, reference, _end_user(asked))
    said = _said(prompt, values)
    request.change(msgspec.json.decode(encode(_filled(said, asked)), type=_Json))
    formatted: FormattedMessages = said["messages"]
    return formatted.prompt


def _said(prompt: Prompt, values: object) -> _Json:
    """What the prompt says with what the client sent as variables, None for nothing.

    Raises: BadRequestError that lists missing and unknown variables.
    """
    if values is not None and not isinstance(values, dict):
        raise BadRequestError(f"the field {VARIABLES!r} must be an object", status=400)
    try:
        return prompt.to_openai(**cast("dict[str, Any]", values or {}))
    except (PromptError, TypeError) as error:
        raise BadRequestError(f"{VARIABLES}: {error}", status=400) from None


def _filled(said: _Json, request: Mapping[str, Any]) -> _Json:
    """The request with the prompt's messages before those of the client.

    What the client sets itself (temperature, tools, …) stands; what it leaves out, the prompt says.
    Its ``messages`` may be missing or empty.

    Raises: BadRequestError for messages that are none.
    """
    own: object = request.get("messages") or []
    if not isinstance(own, list):
        raise BadRequestError("the field 'messages' must be a list of objects", status=400)
    messages: list[Any] = [*said["messages"], *cast("list[Any]", own)]
    given = {
        name: value for name, value in request.items() if name not in _OWN and value is not None
    }
    return {**said, **given, "model": request.get("model"), "messages": messages}


def _variables(request: ChatRequest) -> object:
    raw = request.fields.get(VARIABLES)
    return None if raw is None else msgspec.json.decode(raw)


def _find(reference: str, end_user: str | None) -> Prompt:
    """The version that a reference means now; a missing one is the fault of who set this up."""
    try:
        return load_prompt(reference, key=end_user)
    except (NotFoundError, StoreError) as error:
        raise ProviderError(f"the prompt of this model is not there: {error}", status=503) from None


def _end_user(request: Mapping[str, Any]) -> str | None:
    metadata: object = request.get("metadata")
    inner = cast("_Json", metadata).get("user_id") if isinstance(metadata, dict) else None
    for value in (request.get("safety_identifier"), request.get("user"), inner):
        if isinstance(value, str) and value:
            return value
    return None
