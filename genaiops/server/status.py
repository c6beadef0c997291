"""Errors in the shape of OTLP: a google.rpc.Status in the encoding of the request."""

from typing import Literal

import msgspec

from genaiops.gateway.http import Headers

__all__ = ["JSON", "PROTOBUF", "Form", "Refusal", "error"]

Form = Literal["application/json", "application/x-protobuf"]
JSON: Form = "application/json"
PROTOBUF: Form = "application/x-protobuf"

_CODES = {
    400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 408: 4, 413: 3, 415: 3, 429: 8, 503: 14,
}  # fmt: skip
"""Codes of google.rpc.Code by HTTP status."""
_RETRY_AFTER_S = b"2"
_CHALLENGE = b'Bearer realm="genaiops", Basic realm="genaiops", charset="UTF-8"'


class Refusal(Exception):  # noqa: N818 - an answer to the client, not a fault of the program
    """A request that cannot be taken, and the status and sentence that say so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def error(status: int, message: str, form: Form) -> tuple[bytes, Headers]:
    """Body and headers of an answer that is an error."""
    code = _CODES.get(status, 2)
    if form == PROTOBUF:
        text = message.encode(errors="replace")
        body = b"\x08" + _varint(code) + b"\x12" + _varint(len(text)) + text
    else:
        body = msgspec.json.encode({"code": code, "message": message})
    headers: Headers = [(b"content-type", form.encode())]
    if status in (429, 503):
        headers.append((b"retry-after", _RETRY_AFTER_S))
    if status == 401:
        headers.append((b"www-authenticate", _CHALLENGE))
    return body, headers


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)
