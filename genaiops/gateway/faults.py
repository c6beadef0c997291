"""What a failed call becomes: one clear sentence, in which no key and no address stands."""

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from genaiops.errors import (
    AuthenticationError,
    BadRequestError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitedError,
)
from genaiops.gateway.target import Target
from genaiops.gateway.upstream import UpstreamFailure

__all__ = ["error_of_failure", "error_of_status", "retry_after_s", "scrub", "unavailable"]

_MASK = "********"
_LONGEST = 500


def scrub(text: str, target: Target) -> str:
    """The text without the provider's key and address; some providers echo what they were sent."""
    for secret in (target.key, target.base_url):
        if secret:
            text = text.replace(secret, _MASK)
    return text


def error_of_failure(target: Target, failure: UpstreamFailure) -> ProviderError:
    """The error of a call that brought no whole answer."""
    name, provider = target.name, target.provider_name
    if failure.kind == "timeout":
        return ProviderTimeoutError(
            f"{name!r} took too long ({failure.reason}): try again, or allow more time",
            provider=provider,
        )
    if failure.kind == "connect":
        where = target.provider.base_url_env or "the base_url of the provider"
        return ProviderError(
            f"provider {provider!r} cannot be reached ({failure.reason}): "
            f"check {where} and the network",
            provider=provider,
            unreachable=True,
        )
    if failure.kind == "too_large":
        return ProviderError(
            f"{name!r} sent an answer that is too large ({failure.reason}): ask for less",
            provider=provider,
        )
    return ProviderError(
        f"the answer of {name!r} broke off ({failure.reason}): try again", provider=provider
    )


def unavailable(model: str, wait_s: float) -> ProviderError:
    """The error of a call whose targets are all left alone, for so many seconds."""
    return ProviderError(
        f"all targets of {model!r} failed a moment ago: try again in {max(round(wait_s), 1)} s",
        status=503,
        retry_after_s=wait_s,
    )


def error_of_status(
    target: Target, status: int, headers: Mapping[str, str], body: bytes
) -> ProviderError:
    """The error of an answer whose status is not 2xx."""
    provider, said = target.provider_name, _said(body, target)
    facts: dict[str, Any] = {"provider": provider, "status": status}
    if status in (401, 403):
        where = target.provider.key_env or "the provider's api_key"
        return AuthenticationError(
            f"provider {provider!r} did not accept the key ({status}): check {where}", **facts
        )
    if status == 429:
        wait = retry_after_s(headers)
        advice = "slow down" if wait is None else f"wait {wait:g} s"
        return RateLimitedError(
            f"provider {provider!r} limits the rate of calls ({said}): {advice}",
            **facts,
            retry_after_s=wait,
        )
    if status in (408, 504):
        return ProviderTimeoutError(
            f"{target.name!r} took too long ({status}: {said}): try again", **facts
        )
    if 300 <= status < 400:
        where = target.provider.base_url_env or "the base_url of the provider"
        return ProviderError(
            f"provider {provider!r} answered with a redirect ({status}), "
            f"which is not followed: check {where}",
            **facts,
        )
    if status < 500:
        return BadRequestError(f"{target.name!r} refused the request ({status}): {said}", **facts)
    return ProviderError(
        f"{target.name!r} failed ({status}: {said}): try again later",
        **facts,
        retry_after_s=retry_after_s(headers),
    )


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the provider asks to wait (``retry-after-ms``, ``retry-after``), if it does.

    A date is not read: no model provider was seen to send one.
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            wait = float(headers[name]) / unit
        except (KeyError, ValueError):
            continue
        if 0.0 <= wait < 1e9:
            return wait
    return None


def _said(body: bytes, target: Target) -> str:
    """The provider's own words, on one line."""
    message: object = None
    try:
        error = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        error = None
    while isinstance(error, dict):
        error = cast("dict[str, Any]", error)
        message = error.get("message")
        error = error.get("error", message)
    text = error if isinstance(error, str) else message
    if not isinstance(text, str) or not text.strip():
        return "it gave no reason"
    line = " ".join(scrub(text, target).split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
