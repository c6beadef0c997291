"""A signature from examples of what goes in and comes out, or from pydantic models."""

import datetime
import types
import typing
from collections.abc import Mapping
from typing import Any, cast

from genaiops.errors import ConfigError
from genaiops.models.kinds import Kind, described, kind_of_column
from genaiops.models.signature import Column, ModelSignature, Schema, TensorSpec
from genaiops.models.tables import columns_of, is_array, is_listed

__all__ = ["as_signature", "infer_signature"]

_ANNOTATED: Mapping[Any, str] = {
    bool: "boolean",
    int: "long",
    float: "double",
    str: "string",
    bytes: "binary",
    datetime.datetime: "datetime",
    datetime.date: "datetime",
}


def infer_signature(x: Any = None, y: Any = None) -> ModelSignature:  # data of many kinds
    """What a model takes and gives, by examples.

    Args:
        x: Input: a data frame, a dict of columns, a list of dicts or of values: columns; an array
            or a dict of arrays: tensors, of any length along the first axis; a pydantic model.
        y: Output, the same.

    Raises: ConfigError that names the column for which there is no type.
    """
    return ModelSignature(inputs=_schema(x, "input"), outputs=_schema(y, "output"))


def as_signature(given: Any) -> ModelSignature | None:  # a signature, or a pydantic model
    """A signature as `log_model` takes it. Raises ConfigError for anything else."""
    if given is None or isinstance(given, ModelSignature):
        return given
    if _is_pydantic(given):
        return infer_signature(given)
    if hasattr(given, "inputs") and hasattr(given, "to_dict"):  # of MLflow
        return ModelSignature.from_dict(given.to_dict())
    raise ConfigError(
        f"a {type(given).__name__} is no signature: use genaiops.infer_signature(x, y), or a "
        "pydantic model"
    )


def _schema(data: Any, what: str) -> Schema | None:  # data of many kinds
    if data is None:
        return None
    if _is_pydantic(data):
        return _of_pydantic(data)
    if is_array(data):
        return (_tensor(data, None),)
    if isinstance(data, Mapping):
        table = cast("Mapping[Any, Any]", data)
        if table and all(is_array(value) and value.ndim > 0 for value in table.values()):
            return tuple(_tensor(value, str(name)) for name, value in table.items())
    columns = columns_of(data)
    if columns is not None:
        return tuple(
            Column(kind=kind_of_column(name, values), name=name, required=required)
            for name, (values, required) in columns.items()
        )
    return (Column(kind=kind_of_column(what, data if is_listed(data) else [data])),)


def _tensor(array: Any, name: str | None) -> TensorSpec:  # of numpy, scipy or torch
    shape = (-1, *(int(size) for size in array.shape[1:])) if array.shape else ()
    return TensorSpec(dtype=str(array.dtype).removeprefix("torch."), shape=shape, name=name)


def _is_pydantic(given: Any) -> bool:  # anything
    return isinstance(given, type) and hasattr(given, "model_fields")


def _of_pydantic(model: Any) -> tuple[Column, ...]:  # a class
    return tuple(
        Column(
            kind=_annotated(field.annotation, f"{model.__name__}.{name}"),
            name=field.alias or name,
            required=bool(field.is_required()),
        )
        for name, field in model.model_fields.items()
    )


def _annotated(annotation: Any, where: str) -> Kind:  # of a field
    if _is_pydantic(annotation):
        properties = {
            column.name: described(column.kind) | {"required": column.required}
            for column in _of_pydantic(annotation)
        }
        return {"type": "object", "properties": properties}
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        args = tuple(one for one in args if one is not type(None))
        return _annotated(args[0], where) if len(args) == 1 else "any"
    if origin is typing.Literal:
        return _annotated(type(args[0]), where)
    if origin in (list, tuple, set):
        return {"type": "array", "items": described(_annotated(args[0], where))}
    found = _ANNOTATED.get(annotation)
    if found is None and annotation is not Any and origin is not dict:
        raise ConfigError(
            f"the field {where} is a {annotation!r}, which a signature has no type for"
        )
    return found or "any"
