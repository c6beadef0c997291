"""`genaiops import otlp`: OTLP trace requests in a file, protobuf, JSON, or a request a line."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from genaiops.config import settings
from genaiops.errors import ConfigError, NotFoundError
from genaiops.store import LocalStore, current_store
from genaiops.tracing.otlp import Batch, Malformed, Receiver, TooLarge, from_json, from_protobuf
from genaiops.tracing.otlp.jsonform import Request
from genaiops.tracing.redact import Masker
from genaiops.transfer.journal import append, settle
from genaiops.transfer.tally import Imported, Progress, Tally

__all__ = ["import_otlp"]

_GZIP = b"\x1f\x8b"
_MOST_BYTES = 2_000_000_000
_AT_ONCE = 5_000


def import_otlp(source: str | Path, *, progress: Progress | None = None) -> Imported:
    """Brings spans in; a span that is here already stays as it is.

    Args:
        source: A file of requests as the collector's file exporter writes them (a JSON request a
            line), one JSON request, or one protobuf request; each may be gzipped.
        progress: Called as it goes.

    Raises: NotFoundError without such a file, ConfigError for one that is no OTLP, StoreError.
    """
    store, tally = current_store(), Tally(progress=progress)
    store.prepare()
    data = _content(Path(source))
    receiver, group = _receiver(store), _Group(store, tally)
    for number, request in _requests(data, str(source)):
        batch = Batch()
        group.add(list(receiver.lines(request, batch)), batch.verdicts)
        if batch.refused:
            tally.add("spans", batch.refused)
            tally.problem(f"request {number}: {batch.refused} spans stay out: {batch.reason}")
    group.write()
    settle(store)
    return Imported(counts=tally.counts, checksum="", equal_runs=0, problems=tuple(tally.problems))


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigError(f"{str(path)!r} is larger than 2 GB: cut it into several files")
        data = path.read_bytes()
    except OSError as error:
        raise NotFoundError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    if not data.startswith(_GZIP):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(f"{str(path)!r} is no whole gzip: {error}") from error


def _requests(data: bytes, name: str) -> Iterator[tuple[int, object]]:
    """Each request with its number. Raises ConfigError for what is none."""
    if data.lstrip()[:1] != b"{":
        try:
            yield 1, from_protobuf(data)
        except ImportError:
            raise ConfigError(
                f"{name!r} is protobuf: pip install 'genaiops[server]', then run this again"
            ) from None
        except (Malformed, TooLarge) as error:
            raise ConfigError(f"{name!r} is no OTLP: {error}") from None
        return
    try:  # one request over many lines, or one a line
        yield 1, _checked(from_json(data))
    except Malformed:
        for number, line in enumerate(data.splitlines(), start=1):
            if line.strip():
                try:
                    yield number, _checked(from_json(line))
                except (Malformed, TooLarge) as error:
                    raise ConfigError(f"line {number} of {name!r} is no OTLP: {error}") from None
    except TooLarge as error:
        raise ConfigError(f"{name!r} is no OTLP: {error}") from None


def _checked(request: Request) -> Request:
    if request.resource_spans is None:
        raise Malformed("it has no resourceSpans")
    return request


def _receiver(store: LocalStore) -> Receiver:
    now = settings()
    return Receiver(
        experiment=now.experiment,
        masker=Masker(now.redact, msgspec.json.encode),
        put_blob=store.put_blob,
        capture=now.capture,
    )


class _Ids(msgspec.Struct):
    trace_id: str
    span_id: str


_decoder = msgspec.json.Decoder(_Ids)


def _ids(line: bytes) -> tuple[str, str]:
    found = _decoder.decode(line)
    return found.trace_id, found.span_id


class _Group:
    """Lines that wait until it is worth asking which of them the store has."""

    def __init__(self, store: LocalStore, tally: Tally) -> None:
        self._store = store
        self._tally = tally
        self._lines: list[bytes] = []
        self._verdicts: list[bytes] = []

    def add(self, lines: list[bytes], verdicts: list[bytes]) -> None:
        """Some more of them."""
        self._lines += lines
        self._verdicts += verdicts
        if len(self._lines) >= _AT_ONCE:
            self.write()

    def write(self) -> None:
        """Writes what the store lacks."""
        spans = {_ids(line): line for line in self._lines}
        with self._store.read() as reader:
            found = reader.query(
                "SELECT trace_id, span_id FROM spans WHERE trace_id IN (SELECT unnest(?))",
                [list({trace_id for trace_id, _ in spans})],
            )
            there = {(trace_id, span_id) for trace_id, span_id in found.rows}
        fresh = [line for ids, line in spans.items() if ids not in there]
        append(self._store, "spans", fresh)
        append(self._store, "events", self._verdicts if fresh else ())
        self._tally.add("spans", len(self._lines), len(fresh))
        self._tally.tell("spans")
        self._lines, self._verdicts = [], []
