"""What a request below ``/proxy/`` asks for: which path of which provider, and of which model."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlencode

import msgspec

from genaiops.gateway.chatrequest import BadRequest
from genaiops.gateway.target import Target

__all__ = ["Asked", "forwarded", "model_in", "read_path", "returned", "url_of"]

_PATH = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
_SECRETS = frozenset(("key", "api_key", "apikey", "access_token"))
_OPERATIONS = (
    (re.compile(r":(?:stream)?generateContent$", re.IGNORECASE), "generate_content"),
    (re.compile(r"/(?:chat/completions|messages|responses)$"), "chat"),
    (re.compile(r"(?:/embeddings|:(?:batch)?embedContents?)$"), "embeddings"),
)
_GEMINI_MODEL = re.compile(r"/models/([^/:]+)(?::|$)")
_OF_THE_HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
     "te", "trailer", "transfer-encoding", "upgrade", "content-length", "host", "expect")
)  # fmt: skip
_OF_THE_CLIENT = frozenset(
    ("authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie", "accept-encoding",
     "user-agent", "forwarded", "via", "x-real-ip", "origin", "referer", "traceparent",
     "tracestate", "baggage")
)  # fmt: skip
_PREFIXES = ("x-forwarded-", "x-genaiops-", "sec-", "cf-")
_OF_THE_PROVIDER = frozenset(
    ("set-cookie", "server", "date", "alt-svc", "strict-transport-security", "content-encoding",
     "location", "www-authenticate")
)  # fmt: skip


class Asked(NamedTuple):
    """A path and a query as they go to the provider, and what is done there."""

    path: str
    query: str
    operation: str


def read_path(raw_path: bytes, query: bytes) -> Asked:
    """The rest of a path, checked: no way up, no other host, no key in the query.

    Args:
        raw_path: Below the provider, as it was received, percent signs and all.
        query: Likewise.

    Raises: BadRequest.
    """
    path = raw_path.decode("latin-1")
    plain = path
    for _ in range(4):  # however often it was escaped
        plain = unquote(plain)
    segments = plain.replace("\\", "/").split("/")
    if not _PATH.fullmatch(path) or not plain.isprintable() or "%" in plain:
        raise BadRequest(400, "the path holds characters that no path of a provider has")
    if any(segment in (".", "..") for segment in segments) or "" in segments[:-1]:
        raise BadRequest(400, "the path must not hold empty segments, '.' or '..'")
    if not plain:
        raise BadRequest(400, "the path names nothing at the provider: write /proxy/PROVIDER/PATH")
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    kept = urlencode([(name, value) for name, value in pairs if name.lower() not in _SECRETS])
    operation = next((name for known, name in _OPERATIONS if known.search(f"/{plain}")), "proxy")
    return Asked(path, kept, operation)


def model_in(asked: Asked, kind: str, body: bytes) -> str:
    """The model that is asked for, at the provider; empty where the request names none."""
    found = _GEMINI_MODEL.search(f"/{unquote(asked.path)}")
    if found is not None:
        return found[1]
    if "json" in kind:
        try:
            value = msgspec.json.decode(body, type=dict[str, msgspec.Raw]).get("model")
            return "" if value is None else msgspec.json.decode(value, type=str)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return ""
    return _of_form(body) if "multipart/form-data" in kind else ""


def _of_form(body: bytes) -> str:
    found = re.search(rb'name="?model"?\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]{1,200})\r\n', body)
    return "" if found is None else found[1].decode("utf-8", "replace")


def url_of(target: Target, asked: Asked) -> str:
    """The address at the provider."""
    root = target.base_url.removesuffix(target.provider.root)
    return f"{root}/{asked.path}{f'?{asked.query}' if asked.query else ''}"


def forwarded(
    headers: Iterable[tuple[bytes, bytes]], target: Target, asked: Asked
) -> Mapping[str, str]:
    """The headers that the provider gets: the client's without what is not its business."""
    found: dict[str, str] = {}
    named: set[str] = set()
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name == "connection":
            named |= {part.strip().lower() for part in value.split(",")}
        if (
            name not in _OF_THE_HOP
            and name not in _OF_THE_CLIENT
            and not name.startswith(_PREFIXES)
        ):
            found[name] = value
    found = {name: value for name, value in found.items() if name not in named}
    provider = target.provider
    of_its_own = f"/{asked.path}".startswith(provider.root) or provider.own_headers is None
    make = provider.headers if of_its_own else provider.own_headers
    for name, value in (make(target.key) if target.key and make else {}).items():
        if target.key in value or name not in found:
            found[name] = value
    return found


def returned(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """The headers that the client gets of the provider's."""
    named = {part.strip().lower() for part in headers.get("connection", "").split(",")}
    return [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in headers.items()
        if name not in _OF_THE_HOP and name not in _OF_THE_PROVIDER and name not in named
    ]
