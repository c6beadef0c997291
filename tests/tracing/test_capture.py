import dataclasses
import datetime
import decimal
import enum
import pathlib
import uuid
from collections import deque, namedtuple

import attrs
import msgspec
import numpy as np
import pandas as pd
import pydantic
import pytest

import genaiops
from genaiops.store import current_store
from genaiops.tracing.capture import encode
from genaiops.tracing.snapshot import snapshot


@dataclasses.dataclass
class Data:
    a: int
    b: object = None


@attrs.define
class Attrs:
    a: int


class Model(pydantic.BaseModel):
    a: int
    when: datetime.date = datetime.date(2026, 1, 2)


class Colour(enum.Enum):
    RED = "red"
    ODD = object()


class Text(str):
    __slots__ = ()


class Document:
    def __init__(self):
        self.page_content = "text"
        self.metadata = {"source": "a"}
        self._private = "hidden"
        self.client = Client()


class Client:
    __slots__ = ()


Pair = namedtuple("Pair", "x y")


@pytest.mark.parametrize(
    ("value", "recorded"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        (float("nan"), None),
        (10**30, 10**30),
        ("a\0b", "a\0b"),
        ("a\ud800b", "a\ufffdb"),
        ("\ud83d\ude00", "\U0001f600"),
        (b"ab", "YWI="),
        (Data(1, Data(2)), {"a": 1, "b": {"a": 2, "b": None}}),
        (Attrs(1), {"a": 1}),
        (Model(a=1), {"a": 1, "when": "2026-01-02"}),
        (Colour.RED, "red"),
        ({Colour.RED: 1}, {"red": 1}),
        (datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), "2026-01-02T00:00:00Z"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (decimal.Decimal("1.50"), "1.50"),
        (pathlib.Path("/a/b"), "/a/b"),
        ({3}, [3]),
        (Pair(1, 2), [1, 2]),
        (deque([1, 2]), [1, 2]),
        (ValueError("why"), {"type": "ValueError", "message": "why"}),
        (len, "len"),
        (dict, "dict"),
        (pathlib, "pathlib"),
        (Text("sub"), "sub"),
        (range(3), "range(0, 3)"),
        (Document(), {"type": f"{__name__}.Document", "page_content": "text", "metadata": {"source": "a"}}),
        (Client(), f"<{__name__}.Client>"),
        ({(1, 2): 3, None: 4, True: 5}, {"[1,2]": 3, "null": 4, "true": 5}),
        (np.float64(1.5), 1.5),
        (np.int64(3), 3),
        (np.array([[1, 2]]), {"type": "ndarray", "shape": [1, 2], "dtype": "int64", "head": [1, 2]}),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_values_of_every_kind_are_recorded(value, recorded):
    assert msgspec.json.decode(encode(value)) == recorded


def test_a_data_frame_is_recorded_as_shape_columns_and_first_rows():
    frame = pd.DataFrame({"a": range(1000), "b": "x"})

    shown = msgspec.json.decode(encode(frame))

    assert (shown["type"], shown["shape"], shown["columns"]) == ("DataFrame", [1000, 2], ["a", "b"])
    assert shown["dtypes"] == ["int64", "str"]
    assert len(encode(frame)) < 1_000


def test_an_unencodable_value_is_walked_within_bounds():
    deep = inner = []
    for _ in range(100):
        inner.append(inner := [])
    cycle = {"name": "a"}
    cycle["self"] = cycle

    assert snapshot(cycle) == {"name": "a", "self": "<cycle>"}
    assert snapshot(list(range(300)))[-1] == {"truncated": True, "items": 300}
    assert str(snapshot(deep)).count("[") == 8
    assert snapshot(dict.fromkeys(range(300)))["items"] == 300
    assert snapshot(10**20_000) == "<int of 66439 bits>"
    assert msgspec.json.decode(encode({"a": ["\ud800", Data(1), Document]})) == {
        "a": ["\ufffd", {"a": 1, "b": None}, f"{__name__}.Document"]
    }


def test_a_large_text_is_stored_once_beside_the_spans_and_shown_by_head_and_tail(spans):
    text = "a" * 70_000 + "é"

    @genaiops.trace
    def call(question):
        return {"again": question}

    call(text)

    (span,) = spans()
    marker = span["inputs"]["question"]
    assert marker["bytes"] == 70_002
    assert (marker["head"], marker["tail"]) == ("a" * 2_000, "a" * 499 + "é")
    assert span["outputs"]["again"] == marker
    assert current_store().get_blob(marker["$blob"]).decode() == text


def test_many_small_values_that_are_large_together_are_stored_as_one(spans):
    rows = [{"id": i, "text": "x" * 100} for i in range(1_000)]

    genaiops.trace(lambda: rows)()

    marker = spans()[0]["outputs"]
    stored = current_store().get_blob(marker["$json_blob"])
    assert msgspec.json.decode(stored) == rows
    assert marker["bytes"] == len(stored)


def test_more_than_16_mb_is_cut_and_says_so(spans):
    genaiops.trace(lambda text: None)("a" * 17_000_000)

    marker = spans()[0]["inputs"]["text"]
    assert (marker["bytes"], marker["truncated"]) == (17_000_000, True)
    assert len(current_store().get_blob(marker["$blob"])) == 16_000_000


def test_a_store_that_takes_no_blob_leaves_head_and_tail(spans, store_dir):
    with genaiops.start_span("first"):
        pass
    (store_dir / "artifacts").write_text("a file in the way")

    genaiops.trace(lambda text: None)("b" * 70_000)

    marker = spans()[1]["inputs"]["text"]
    assert "$blob" not in marker
    assert (marker["truncated"], marker["tail"]) == (True, "b" * 500)


def test_capture_metadata_records_sizes_and_hashes_only(spans):
    genaiops.configure(capture="metadata")

    genaiops.trace(lambda question: "private answer")("private question")

    (span,) = spans()
    assert span["outputs"]["bytes"] == 16
    assert len(span["outputs"]["sha256"]) == 64
    assert "private" not in str(span)


def test_capture_off_records_neither_inputs_nor_outputs(spans):
    genaiops.configure(capture="off")

    with genaiops.start_span("block") as block:
        block.set_inputs("private")
        genaiops.trace(lambda question: "private answer")("private question")

    assert [(span["inputs"], span["outputs"]) for span in spans()] == [(None, None), (None, None)]


def test_capture_can_be_changed_while_the_program_runs(spans):
    call = genaiops.trace(lambda x: x)
    call(1)
    genaiops.configure(capture="off")
    call(2)
    genaiops.configure(capture="full", service="renamed")
    call(3)

    assert [(s["outputs"], s["service"]) for s in spans("outputs, service")][2] == (3, "renamed")
    assert [span["outputs"] for span in spans()] == [1, None, 3]
