"""What a signature is read as, and what it lets through."""

import datetime as dt
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pydantic
import pytest

import genaiops
from genaiops.models import Column, ModelSignature, TensorSpec


class Echo(genaiops.PythonModel):
    def predict(self, model_input, params=None):
        return model_input


@pytest.fixture
def echo(logged):
    """A model that answers with its input, with the signature of an example."""

    def make(example: Any) -> Any:
        signature = genaiops.infer_signature(example)
        return genaiops.load_model(logged(Echo(), signature=signature).model_uri, trust=True)

    return make


def kinds(example: Any) -> dict[Any, Any]:
    inputs = genaiops.infer_signature(example).inputs
    return {item.name: getattr(item, "kind", None) for item in inputs or ()}


def test_columns_have_the_types_of_their_values():
    frame = pd.DataFrame(
        {
            "whole": np.array([1, 2], dtype=np.int32),
            "long": [1, 2],
            "small": np.array([1.5, 2], dtype=np.float32),
            "number": [1.5, None],
            "yes": [True, False],
            "text": ["a", None],
            "raw": [b"a", b"b"],
            "when": pd.to_datetime(["2026-01-01", "2026-01-02"]),
            "group": pd.Categorical(["a", "b"]),
            "nullable": pd.array([1, None], dtype="Int64"),
            "lists": [[1, 2], [3]],
            "unknown": [None, None],
        }
    )

    assert kinds(frame) == {
        "whole": "integer",
        "long": "long",
        "small": "float",
        "number": "double",
        "yes": "boolean",
        "text": "string",
        "raw": "binary",
        "when": "datetime",
        "group": "string",
        "nullable": "long",
        "lists": {"type": "array", "items": {"type": "long"}},
        "unknown": "any",
    }


def test_rows_that_lack_a_value_make_its_column_optional():
    signature = genaiops.infer_signature(
        [{"a": 1, "b": {"c": 1}}, {"a": 2.5, "b": {"c": 2, "d": "x"}}]
    )

    assert signature.inputs == (
        Column(name="a", kind="double"),
        Column(
            name="b",
            kind={
                "type": "object",
                "properties": {
                    "c": {"type": "long", "required": True},
                    "d": {"type": "string", "required": False},
                },
            },
        ),
    )


def test_arrays_are_tensors_of_any_length():
    signature = genaiops.infer_signature(np.zeros((5, 2), dtype=np.float32), np.zeros(5, dtype=int))
    named = genaiops.infer_signature({"ids": np.zeros((2, 8), dtype=int), "mask": np.ones((2, 8))})

    assert signature.inputs == (TensorSpec(dtype="float32", shape=(-1, 2)),)
    assert signature.outputs == (TensorSpec(dtype="int64", shape=(-1,)),)
    assert named.inputs == (
        TensorSpec(dtype="int64", shape=(-1, 8), name="ids"),
        TensorSpec(dtype="float64", shape=(-1, 8), name="mask"),
    )
    assert str(signature) == "(float32[-1, 2]) -> (int64[-1])"


def test_other_forms_of_a_table_give_the_same_signature():
    rows = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    wanted = genaiops.infer_signature(pd.DataFrame(rows))

    assert genaiops.infer_signature(rows) == wanted
    assert genaiops.infer_signature({"a": [1, 2], "b": ["x", "y"]}) == wanted
    assert genaiops.infer_signature(pa.Table.from_pylist(rows)) == wanted
    assert genaiops.infer_signature(rows[0]) == wanted


def test_a_pydantic_model_is_a_signature(logged):
    class Place(pydantic.BaseModel):
        city: str
        rooms: int | None = None

    class Question(pydantic.BaseModel):
        text: str
        score: float
        when: dt.date
        kind: Literal["a", "b"]
        near: list[Place]
        other: Any = None

    told = logged(Echo(), signature=Question)

    assert kinds(Question) == {
        "text": "string",
        "score": "double",
        "when": "datetime",
        "kind": "string",
        "near": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "required": True},
                    "rooms": {"type": "long", "required": False},
                },
            },
        },
        "other": "any",
    }
    loaded = genaiops.load_model(told.model_uri, trust=True)
    row = {"text": "t", "score": 1, "when": dt.date(2026, 1, 1), "kind": "a"}
    assert loaded.predict([row | {"near": [{"city": "Bern"}]}])
    with pytest.raises(genaiops.ConfigError, match="'near' has 'rooms' that is string in row 0"):
        loaded.predict([row | {"near": [{"city": "Bern", "rooms": "two"}]}])


def test_a_signature_survives_being_written(echo):
    rows = [{"a": 1, "b": [1.5], "c": {"d": True}}]

    assert echo(rows).signature == genaiops.infer_signature(rows)
    assert ModelSignature.from_dict({}) == ModelSignature()


@pytest.mark.parametrize(
    "given",
    [
        pd.DataFrame({"b": ["x"], "a": [1]}),
        pd.DataFrame({"a": np.array([1], dtype=np.int8), "b": [None]}),
        pd.DataFrame({"a": pd.array([1], dtype="Int64"), "b": pd.Categorical(["x"])}),
        [{"a": 1, "b": "x"}],
        {"a": [1], "b": ["x"]},
        {"a": 1, "b": "x"},
        pa.table({"a": [1], "b": ["x"]}),
    ],
)
def test_what_fits_is_let_through(echo, given):
    answer = echo([{"a": 1, "b": "x"}]).predict(given)

    assert len(answer) == len(given)
    if isinstance(answer, pd.DataFrame):
        assert list(answer.columns) == ["a", "b"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([{"a": 1}], "the column 'b' is missing: the model takes 'a', 'b'"),
        ([{"a": 1, "b": "x"}, {"a": 1}], "the column 'b' is missing in every row"),
        ([{"a": 1, "b": "x", "c": 1}], "the column 'c' is one too many: the model takes 'a', 'b'"),
        ([{"a": 1, "B": "x"}], "the column 'b' is missing"),
        ([{"a": 1.5, "b": "x"}], "the column 'a' is double in row 0: the model takes long there"),
        ([{"a": "1", "b": "x"}], "the column 'a' is string in row 0"),
        ([{"a": True, "b": "x"}], "the column 'a' is boolean in row 0"),
        ([{"a": None, "b": "x"}], "the column 'a' is missing in row 0: the model takes long"),
        ([{"a": 2**70, "b": "x"}], "the column 'a' is 1180591620717411303424 in row 0"),
        ([{"a": 1, "b": 2}], "the column 'b' is long in row 0: the model takes string there"),
        ([{"a": 1, "b": object()}], "the column 'b' is object in row 0"),
        ({"a": [1, 2], "b": ["x"]}, "the columns have different lengths: {'a': 2, 'b': 1}"),
        (pd.DataFrame({"a": [1.5], "b": ["x"]}), "the column 'a' is double: the model takes long"),
        (pd.DataFrame({"a": [1.0, None], "b": ["x", "y"]}), "the column 'a' is double"),
        (np.ones((2, 3)), r"the input has the shape \(2, 3\): the model takes 2 columns, 'a', 'b'"),
        ("text", "the input is a str: give a table with the columns 'a', 'b'"),
        (None, "the input is a NoneType"),
        ([], "the input is a list"),
    ],
)
def test_the_column_that_does_not_fit_is_named(echo, given, says):
    with pytest.raises(genaiops.ConfigError, match=says):
        echo([{"a": 1, "b": "x"}]).predict(given)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (np.ones((2, 3)), r"has the shape \(2, 3\): the model takes \(-1, 2\), where -1 is any"),
        (np.ones(2), r"has the shape \(2,\)"),
        ([[1, 2], [3]], "the input is no array"),
        ([["a", "b"]], "the input is <U1: the model takes float32"),
        (pd.DataFrame({"a": [1], "b": ["x"]}), "in the column 'b': the model takes float32"),
        (np.ones((1, 2), dtype=complex), "the input is complex128"),
    ],
)
def test_the_array_that_does_not_fit_is_told(echo, given, says):
    with pytest.raises(genaiops.ConfigError, match=says):
        echo(np.ones((1, 2), dtype=np.float32)).predict(given)


def test_an_array_of_another_width_becomes_the_models(echo):
    model = echo(np.ones((1, 2), dtype=np.float32))

    for given in (np.ones((3, 2)), [[1, 2]], pd.DataFrame({"a": [1], "b": [2.5]})):
        assert model.predict(given).dtype == np.float32


def test_arrays_by_name_are_checked_by_name(echo):
    model = echo({"ids": np.zeros((2, 8), dtype=int), "mask": np.ones((2, 8))})
    ids, mask = np.zeros((1, 8), dtype=int), np.ones((1, 8))

    assert set(model.predict({"mask": mask, "ids": ids})) == {"ids", "mask"}
    for given, says in (
        ({"ids": ids}, "the array 'mask' is missing: the model takes 'ids', 'mask'"),
        ({"ids": ids, "masks": mask}, "did you mean it by 'masks'?"),
        ({"ids": ids, "mask": mask, "x": mask}, "the array 'x' is one too many"),
        ({"ids": ids, "mask": np.ones((1, 7))}, r"the array 'mask' has the shape \(1, 7\)"),
        (ids, "the input is a ndarray: give a dict of the arrays 'ids', 'mask'"),
    ):
        with pytest.raises(genaiops.ConfigError, match=says):
            model.predict(given)


def test_values_without_a_name_are_checked_too(echo):
    model = echo(["a question"])

    assert model.predict(["one", "two"]) == ["one", "two"]
    assert model.predict("one") == "one"
    with pytest.raises(
        genaiops.ConfigError, match="the input is long in row 1: the model takes str"
    ):
        model.predict(["one", 2])


def test_a_number_that_does_not_fit_into_its_bits_is_told(echo):
    model = echo(pd.DataFrame({"a": np.array([1], dtype=np.int32)}))

    assert len(model.predict(pd.DataFrame({"a": [2**31 - 1]}))) == 1
    with pytest.raises(genaiops.ConfigError, match="'a' has values from 2147483648 to 2147483648"):
        model.predict(pd.DataFrame({"a": [2**31]}))


def test_an_example_that_mixes_types_is_refused_by_its_column():
    with pytest.raises(genaiops.ConfigError, match="the column 'a' mixes long and string"):
        genaiops.infer_signature([{"a": 1}, {"a": "x"}])
    with pytest.raises(genaiops.ConfigError, match="the column 'a' holds a object"):
        genaiops.infer_signature([{"a": object()}])


@pytest.mark.parametrize(
    "inputs",
    ["[", "5", '[{"name": "a"}]', '[{"type": "tensor"}]', "[5]",
     '[{"type": "long", "name": "a"}, {"type": "tensor", "tensor-spec": {"dtype": "x", "shape": []}}]'],
)  # fmt: skip
def test_a_signature_of_nonsense_is_refused(inputs):
    with pytest.raises(genaiops.ConfigError, match="signature"):
        ModelSignature.from_dict({"inputs": inputs})


def test_types_of_a_later_mlflow_let_everything_through():
    told = ModelSignature.from_dict({"inputs": '[{"type": "quaternion", "name": "a"}]'})

    assert told.inputs == (Column(name="a", kind="any"),)
