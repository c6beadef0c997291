"""Recording of OpenAI calls, at the one place every request of the SDK passes.

Chat completions, Responses (background polls and conversations too), completions, embeddings,
images, audio, moderation, vector store search, batches and files; sync and async clients, Azure and
compatible servers; plain, streamed, by helper, parsed and raw. Requests of other kinds pass
untouched. What the application gets is the SDK's own, in time and whole.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from genaiops.tracing import diagnostics
from genaiops.tracing.autolog.openai_call import Call, open_call
from genaiops.tracing.autolog.openai_http import follow, follow_stream
from genaiops.tracing.autolog.patching import Patches

__all__ = ["autolog"]

_patches = Patches("openai", package="openai", distribution="openai", oldest="1.66")
_call: ContextVar[Call | None] = ContextVar("genaiops_openai_call", default=None)


def autolog(*, disable: bool = False) -> None:
    """Records every call made with the ``openai`` package: 1.66, the first with Responses, or newer.

    Args:
        disable: Puts the package's own functions back.
    """
    _patches.switch(_change, disable=disable)


def _change() -> None:
    from openai import AsyncStream, Stream
    from openai._base_client import AsyncAPIClient, SyncAPIClient

    for kind, seam in ((Stream, "_iter_events"), (AsyncStream, "_iter_events")):
        getattr(kind, seam)  # what `follow_stream` counts on
    _patches.replace(SyncAPIClient, "request", _request)
    _patches.replace(AsyncAPIClient, "request", _async_request)
    _patches.replace(SyncAPIClient, "_process_response", _process)
    _patches.replace(AsyncAPIClient, "_process_response", _process)
    _patches.replace(Stream, "__init__", _made)
    _patches.replace(AsyncStream, "__init__", _made)


def _request(original: Callable[..., Any]) -> Callable[..., Any]:
    def request(self: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
        call = open_call(self, options) if _patches.on else None
        if call is None:
            return original(self, cast_to, options, *args, **kwargs)
        token = _call.set(call)
        try:
            result = original(self, cast_to, options, *args, **kwargs)
        except BaseException as error:
            _call.reset(token)
            call.raised(error)
            raise
        _call.reset(token)
        call.returned()
        return result

    return request


def _async_request(original: Callable[..., Any]) -> Callable[..., Any]:
    async def request(self: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
        call = open_call(self, options) if _patches.on else None
        if call is None:
            return await original(self, cast_to, options, *args, **kwargs)
        token = _call.set(call)
        try:
            result = await original(self, cast_to, options, *args, **kwargs)
        except BaseException as error:
            _call.reset(token)
            call.raised(error)
            raise
        _call.reset(token)
        call.returned()
        return result

    return request


def _process(original: Callable[..., Any]) -> Callable[..., Any]:
    """The answer of the server, before the SDK makes anything of it; sync and async alike."""

    def process(self: Any, *args: Any, **kwargs: Any) -> Any:
        call = _call.get()
        response = kwargs.get("response")
        if call is not None and response is not None:
            _seen(call, response, kwargs.get("retries_taken") or 0)
        return original(self, *args, **kwargs)

    return process


def _seen(call: Call, response: Any, resent: int) -> None:  # of httpx
    try:
        if call.answered(response, resent):
            follow(response, call)
    except Exception as error:  # noqa: BLE001  tracing never breaks the application
        diagnostics.note("following an OpenAI answer", error)


def _made(original: Callable[..., Any]) -> Callable[..., Any]:
    def made(self: Any, *args: Any, **kwargs: Any) -> None:  # a Stream or AsyncStream
        original(self, *args, **kwargs)
        follow_stream(self)

    return made
