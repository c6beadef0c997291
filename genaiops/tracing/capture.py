"""Arguments, results and attributes as redacted, bounded JSON.

Values over 64 KB are stored once by content beside the spans, before the record that points to
them is written.
"""

import hashlib
from collections.abc import Callable
from typing import Any, cast

import msgspec

from genaiops.config import Capture
from genaiops.errors import StoreError
from genaiops.tracing import diagnostics
from genaiops.tracing.redact import Masker, RedactionError, suspicious
from genaiops.tracing.snapshot import describe, snapshot

__all__ = ["NOTHING", "WITHHELD", "Capturer", "encode"]

INLINE_BYTES = 65_536
BLOB_BYTES = 16_000_000
HEAD_CHARS = 2_000
TAIL_CHARS = 500

NOTHING = b"null"
WITHHELD = b'"[withheld: redaction failed]"'
UNREADABLE = b'"[cannot be captured]"'

_encode = msgspec.json.Encoder(enc_hook=describe).encode
_decode = msgspec.json.Decoder().decode


def encode(value: Any) -> bytes:  # any object
    """The value as JSON, whatever it is; what the encoder refuses is walked and bounded."""
    try:
        return _encode(value)
    except Exception:  # noqa: BLE001  any object, any failure: the walk below copes
        return _encode(snapshot(value))


class Capturer:
    """Turns values into what is written, by the settings in force."""

    def __init__(self, capture: Capture, masker: Masker, put_blob: Callable[[bytes], str]) -> None:
        self.mode = capture
        self.masker = masker
        self._put_blob = put_blob
        self._full = capture == "full" and not masker.thorough

    def content(self, value: Any, path: str) -> bytes:  # any object
        """Inputs or outputs, by the setting ``capture``: whole, as size and hash, or nothing."""
        if self._full:
            try:
                data = _encode(value)
            except Exception:  # noqa: BLE001  any object, any failure: the slow path copes
                return self.facts(value, path)
            if not suspicious(data) and len(data) < INLINE_BYTES:
                return data
            return self._finish(data, path)
        if self.mode == "full":
            return self.facts(value, path)
        if self.mode == "off":
            return NOTHING
        data = self.facts(value, path)
        return _encode({"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})

    def json(self, data: bytes, path: str) -> bytes:
        """Inputs or outputs that are JSON already; as they stand, where nothing must be changed."""
        if (
            self._full
            and len(data) < INLINE_BYTES
            and b"\n" not in data  # a line of the journal is one line
            and b"\r" not in data
            and not suspicious(data)
        ):
            return data
        try:
            value = _decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            diagnostics.note("capturing a value", error)
            return UNREADABLE
        return self.content(value, path)

    def facts(self, value: Any, path: str) -> bytes:  # any object
        """Attributes, events, tags: always whole, redacted and bounded."""
        try:
            data = encode(value)
        except Exception as error:  # noqa: BLE001  tracing never breaks the application
            diagnostics.note("capturing a value", error)
            return UNREADABLE
        return self._finish(data, path)

    def facts_or_masked(self, value: Any, path: str) -> tuple[bytes, bool]:  # any object
        """The same, and whether it stands as it was: nothing in it had to be masked."""
        try:
            data = _encode(value)
        except Exception:  # noqa: BLE001  any object, any failure: the slow path copes
            return self.facts(value, path), False
        if self.masker.thorough or suspicious(data):
            return self._finish(data, path), False
        return (data if len(data) < INLINE_BYTES else self._finish(data, path)), True

    def text(self, text: str, path: str) -> str:
        """A short text such as a status message, redacted."""
        try:
            return self.masker.text(_decode(encode(text[:INLINE_BYTES])), path)
        except RedactionError as error:
            diagnostics.note("redaction", error)
            return _decode(WITHHELD)

    def _finish(self, data: bytes, path: str) -> bytes:
        try:
            data = self.masker.clean(data, path)
        except RedactionError as error:
            diagnostics.note("redaction", error)
            return WITHHELD
        if len(data) < INLINE_BYTES:
            return data
        try:
            return self._outside(data)
        except Exception as error:  # noqa: BLE001  tracing never breaks the application
            diagnostics.note("storing a large value", error)
            return UNREADABLE

    def _outside(self, data: bytes) -> bytes:
        """Large texts as markers; when the rest is still large, all of it as one marker."""
        tree = _decode(data)
        small = _encode(self._leaves(tree))
        if len(small) < INLINE_BYTES:
            return small
        if len(data) > BLOB_BYTES:
            data = _encode(snapshot(tree))
        return _encode(self._marker("$json_blob", data[:BLOB_BYTES], data.decode(), len(data)))

    def _leaves(self, value: Any) -> Any:  # any JSON value
        if isinstance(value, str):
            if len(value) < INLINE_BYTES // 4:
                return value
            data = value.encode()
            if len(data) < INLINE_BYTES:
                return value
            cut = data[:BLOB_BYTES].decode(errors="ignore").encode()
            return self._marker("$blob", cut, value, len(data))
        if isinstance(value, dict):
            table = cast("dict[str, Any]", value)
            return {key: self._leaves(item) for key, item in table.items()}
        if isinstance(value, list):
            return [self._leaves(item) for item in cast("list[Any]", value)]
        return value

    def _marker(self, key: str, stored: bytes, text: str, full: int) -> dict[str, Any]:
        shown = {"bytes": full, "head": text[:HEAD_CHARS], "tail": text[-TAIL_CHARS:]}
        if len(stored) < full:
            shown["truncated"] = True
        try:
            return {key: self._put_blob(stored)} | shown
        except StoreError as error:
            diagnostics.note("storing a large value", error)
            return {"truncated": True} | shown
