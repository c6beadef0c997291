"""An example of a model's input, in the form in which MLflow keeps one."""

import json
from collections.abc import Mapping
from typing import Any, cast

from genaiops.errors import ConfigError
from genaiops.models.flavors import is_torch
from genaiops.models.genaiops_pyfunc import caller, torch_predict
from genaiops.models.infer import infer_signature
from genaiops.models.signature import ModelSignature
from genaiops.models.tables import is_array

__all__ = ["files", "info", "signature_of"]

_FILE = "input_example.json"
_MOST_BYTES = 1_000_000


def signature_of(model: Any, example: Any) -> ModelSignature:  # any model, data of many kinds
    """The signature of the example and of what the model answers to it.

    Raises: ConfigError when the model fails on it, or there is no type for a column.
    """
    try:
        if is_torch(model):
            training = model.training
            answer = torch_predict(model.eval(), example)
            model.train(training)
        else:
            answer = caller(model)(example)
    except Exception as error:  # the user's model may raise anything
        raise ConfigError(
            f"the {type(model).__name__} fails on its input example "
            f"({type(error).__name__}: {error}): give one that it takes, or the signature"
        ) from error
    inputs = infer_signature(example)
    try:
        return infer_signature(example, answer)
    except ConfigError:  # an output of a type of its own is the model's affair
        return inputs


def files(example: Any) -> dict[str, bytes]:  # data of many kinds
    """The example as a file. Raises ConfigError when it has no JSON form, or is too large."""
    try:
        text = json.dumps(_json(example), default=_value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"the input example cannot be kept as JSON ({error}): give numbers, text, lists and dicts"
        ) from None
    if len(text) > _MOST_BYTES:
        raise ConfigError(
            f"the input example has {len(text):,} characters of JSON, more than {_MOST_BYTES:,}: "
            "a few rows are enough"
        )
    return {_FILE: text.encode(errors="replace")}


def info(example: Any) -> dict[str, Any]:  # data of many kinds
    """What MLmodel says about the file."""
    if _is_frame(example):
        return {"artifact_path": _FILE, "type": "dataframe", "pandas_orient": "split"}
    if is_array(example) or _is_tensors(example):
        return {"artifact_path": _FILE, "type": "ndarray", "format": "tf-serving"}
    return {"artifact_path": _FILE, "type": "json_object"}


def _is_frame(example: Any) -> bool:  # data of many kinds
    return hasattr(example, "iloc") and hasattr(example, "columns")


def _is_tensors(example: Any) -> bool:  # data of many kinds
    if not isinstance(example, Mapping):
        return False
    return all(is_array(value) for value in cast("Mapping[Any, Any]", example).values())


def _json(example: Any) -> Any:  # data of many kinds
    if _is_frame(example):
        return {"columns": list(example.columns), "data": example.to_numpy(dtype=object).tolist()}
    if is_array(example):
        return {"inputs": example.tolist()}
    return {"inputs": example} if _is_tensors(example) else example


def _value(value: Any) -> Any:  # what JSON lacks
    for name in ("tolist", "isoformat", "model_dump", "to_pylist"):
        if hasattr(value, name):
            return getattr(value, name)()
    raise TypeError(f"a {type(value).__name__}")
