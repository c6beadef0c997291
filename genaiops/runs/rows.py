"""From what the user has (dicts, a data frame, a file) to rows, checked before anything runs."""

import csv
import difflib
import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from genaiops.errors import EvalError
from genaiops.model.example import Row
from genaiops.query.found import plain, text_of
from genaiops.query.from_traces import TOOL_CALLS, record_of_trace, trace_ids_of
from genaiops.query.traces import get_many, whole_trace
from genaiops.runs.artifacts import local_path

__all__ = ["COLUMNS", "load_rows", "read_records", "row_id_of"]

COLUMNS = (
    "inputs",
    "question",
    "outputs",
    "answer",
    "contexts",
    "retrieved_ids",
    "expected",
    "relevant_ids",
    "id",
    "tags",
)
_ALIASES = {"question": "inputs", "answer": "outputs"}
_JSON_COLUMNS = ("inputs", "contexts", "retrieved_ids", "relevant_ids", "tags")
_TRACE_ID = re.compile("[0-9a-f]{32}")
_SUFFIXES = (".jsonl", ".csv", ".parquet")


def load_rows(data: object) -> list[Row]:
    """The rows of the data, in order.

    Args:
        data: A list of dicts, a pandas or Arrow table, the path of a ``.jsonl``, ``.csv`` or
            ``.parquet`` file, a dataset, or traces: the answer of `search_traces`, or a list.

    Raises: EvalError that names the row (from 1) and the column when something is wrong.
    """
    records = read_records(data)
    if not records:
        raise EvalError("the data has no rows: give at least one")
    _check_columns(records)
    rows = [_checked(record, index) for index, record in enumerate(records)]
    seen: dict[str, Row] = {}
    for row in rows:
        first = seen.setdefault(row.row_id, row)
        if first is not row:
            column = "id" if row.raw.get("id") is not None else "inputs"
            raise EvalError(
                f"row {row.index + 1} has the same {column!r} as row {first.index + 1}: leave one "
                "out, give them different ids, or use repeats= to ask again"
            )
    return rows


def row_id_of(inputs: object) -> str:
    """The id of a row without one: 16 hex characters of a hash of its inputs."""
    text = msgspec.json.encode(plain(inputs), order="deterministic")
    return hashlib.sha256(text).hexdigest()[:16]


def read_records(data: object) -> list[dict[str, Any]]:
    """The rows as they were given, as dicts. Raises EvalError."""
    kind = type(data).__name__
    if isinstance(data, str | Path):
        return _read_file(local_path(data))
    ids = trace_ids_of(data)
    if ids is not None:
        return [record_of_trace(trace) for trace in map(whole_trace, get_many(ids))]
    if hasattr(data, "digest") and hasattr(data, "rows"):  # a dataset
        data = cast("Any", data).rows
    if hasattr(data, "to_dict") and hasattr(data, "columns"):  # pandas
        frame = cast("Any", data)
        return [{str(k): v for k, v in record.items()} for record in frame.to_dict("records")]
    if hasattr(data, "to_pylist"):  # Arrow
        return cast("Any", data).to_pylist()
    if isinstance(data, Iterable) and not isinstance(data, Mapping | bytes):
        items = cast("Iterable[object]", data)
        return [_mapping(item, index) for index, item in enumerate(items)]
    raise EvalError(
        f"data of type {kind} cannot be evaluated: give a list of dicts, a data "
        f"frame or the path of a {', '.join(_SUFFIXES)} file"
    )


def _mapping(item: object, index: int) -> dict[str, Any]:
    if isinstance(item, Mapping):
        return {str(key): value for key, value in cast("Mapping[Any, Any]", item).items()}
    raise EvalError(f"row {index + 1} is a {type(item).__name__}: every row must be a dict")


def _read_file(path: Path) -> list[dict[str, Any]]:
    readers: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
        ".jsonl": _read_jsonl,
        ".csv": _read_csv,
        ".parquet": _read_parquet,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise EvalError(f"{str(path)!r} cannot be read: use a {', '.join(_SUFFIXES)} file")
    try:
        return reader(path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise EvalError(f"{str(path)!r} cannot be read: {reason}") from error


def _read_jsonl(path: Path) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise EvalError(f"{str(path)!r}, line {number} is not JSON: {error}") from error
        except RecursionError:
            raise EvalError(f"{str(path)!r}, line {number} is nested too deeply") from None
        records.append(_mapping(value, len(records)))
    return records


def _read_csv(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        records: list[dict[str, Any]] = []
        for record in csv.DictReader(file):
            if None in record or None in record.values():
                raise EvalError(
                    f"{str(path)!r}: row {len(records) + 1} has another number of cells"
                )
            records.append({k: _cell(k, v, len(records)) for k, v in record.items()})
        return records


def _cell(column: str, text: str, index: int) -> Any:  # any JSON value
    if not text:
        return None
    if column in _JSON_COLUMNS and text.lstrip()[0] in "[{":
        try:
            return json.loads(text)
        except ValueError as error:
            raise EvalError(f"row {index + 1}: {column!r} is not JSON: {error}") from error
        except RecursionError:
            raise EvalError(f"row {index + 1}: {column!r} is nested too deeply") from None
    return text


def _read_parquet(path: Path) -> list[dict[str, Any]]:
    try:
        import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]  it has none
        import pyarrow.parquet as pq  # pyright: ignore[reportMissingTypeStubs]  the same
    except ImportError as error:
        raise EvalError(f"{str(path)!r} needs pyarrow: pip install pyarrow") from error
    try:
        return cast("Any", pq).read_table(path).to_pylist()
    except cast("type[Exception]", cast("Any", pa).ArrowException) as error:
        raise EvalError(f"{str(path)!r} cannot be read as Parquet: {error}") from error


def _check_columns(records: Sequence[Mapping[str, Any]]) -> None:
    """Finds misspelt columns: unknown names close to a known one that the data lacks."""
    present = {
        name: index for index, record in reversed(list(enumerate(records))) for name in record
    }
    for name, index in present.items():
        if name in COLUMNS:
            continue
        missing = [known for known in COLUMNS if known not in present]
        close = difflib.get_close_matches(name, missing, n=1, cutoff=0.85)
        if close:
            raise EvalError(
                f"row {index + 1} has an unknown column {name!r}: did you mean {close[0]!r}?"
            )


def _checked(record: Mapping[str, Any], index: int) -> Row:
    """A row that can be written down. Raises EvalError."""
    try:
        row = _row(record, index)
        msgspec.json.encode((row.row_id, row.inputs, row.outputs, row.contexts, row.expected))
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise EvalError(
            f"row {index + 1} holds {half!r}, half of a surrogate pair, which is no character: "
            "replace it"
        ) from None
    except RecursionError:
        raise EvalError(f"row {index + 1} is nested too deeply: give flatter values") from None
    return row


def _row(record: Mapping[str, Any], index: int) -> Row:
    filled = {name: value for name, value in record.items() if not _absent(value)}
    for alias, name in _ALIASES.items():
        if alias in filled:
            if name in filled:
                raise EvalError(f"row {index + 1} has both {name!r} and {alias!r}: keep one")
            filled[name] = filled[alias]
    if "inputs" not in filled:
        raise EvalError(f"row {index + 1} has no 'inputs' (or 'question'): every row needs it")
    inputs = plain(filled["inputs"])
    if isinstance(inputs, str):
        inputs = {"question": inputs}
    trace_id = filled.get("trace_id")
    return Row(
        row_id=str(filled["id"]) if "id" in filled else row_id_of(inputs),
        index=index,
        inputs=inputs,
        outputs=plain(filled.get("outputs")),
        contexts=_contexts(filled.get("contexts"), index),
        retrieved_ids=_ids("retrieved_ids", filled.get("retrieved_ids"), index),
        expected=plain(filled.get("expected")),
        relevant_ids=_gains(filled.get("relevant_ids"), index),
        tags=_tags(filled.get("tags"), index),
        trace_id=trace_id if isinstance(trace_id, str) and _TRACE_ID.fullmatch(trace_id) else None,
        tool_calls=filled.get(TOOL_CALLS),
        duration_ms=_amount("duration_ms", filled, index),
        cost_usd=_amount("cost_usd", filled, index),
        raw=record,
    )


def _amount(column: str, filled: Mapping[str, Any], index: int) -> float | None:
    value = filled.get(column)
    if value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise EvalError(
            f"row {index + 1}: {column!r} is {value!r}: give a number, or leave it out"
        ) from None


def _absent(value: object) -> bool:
    """None, and the NaN or NaT by which pandas says the same."""
    return value is None or (isinstance(value, float) and math.isnan(value)) or _is_nat(value)


def _is_nat(value: object) -> bool:
    return type(value).__name__ in ("NaTType", "NAType")


def _items(column: str, value: object, index: int) -> list[Any] | None:
    if value is None:
        return None
    made = plain(value)
    if isinstance(made, list):
        return cast("list[Any]", made)
    kind = type(value).__name__
    raise EvalError(f"row {index + 1}: {column!r} is a {kind}: give a list")


def _contexts(value: object, index: int) -> tuple[str, ...] | None:
    items = _items("contexts", value, index)
    if items is None:
        return None
    texts = [text_of(item) for item in items]
    if None in texts:
        place = texts.index(None) + 1
        raise EvalError(
            f"row {index + 1}: item {place} of 'contexts' is a {type(items[place - 1]).__name__}: "
            "give text, or a dict with 'content'"
        )
    return tuple(cast("list[str]", texts))


def _ids(column: str, value: object, index: int) -> tuple[str, ...] | None:
    items = _items(column, value, index)
    if items is None:
        return None
    for place, item in enumerate(items, start=1):
        if not isinstance(item, str | int):
            kind = type(item).__name__
            raise EvalError(
                f"row {index + 1}: item {place} of {column!r} is a {kind}: give ids as text"
            )
    return tuple(map(str, items))


def _gains(value: object, index: int) -> dict[str, float] | None:
    if not isinstance(value, Mapping):
        ids = _ids("relevant_ids", value, index)
        return None if ids is None else dict.fromkeys(ids, 1.0)
    gains: dict[str, float] = {}
    for key, gain in cast("Mapping[object, Any]", value).items():
        if not isinstance(gain, int | float) or not 0 <= gain < math.inf:
            raise EvalError(
                f"row {index + 1}: the gain {gain!r} of {key!r} in 'relevant_ids' is no number "
                "of at least 0"
            )
        if gain:
            gains[str(key)] = float(gain)
    return gains


def _tags(value: object, index: int) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {str(k): str(v) for k, v in cast("Mapping[object, object]", value).items()}
    return {str(item): "true" for item in _items("tags", value, index) or ()}
