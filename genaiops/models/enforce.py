"""Whether an input is what the signature says, and which column is not."""

import difflib
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, cast

from genaiops.errors import ConfigError
from genaiops.models.kinds import misfit, shown
from genaiops.models.signature import Column, Schema, TensorSpec
from genaiops.models.tables import columns_of, is_array, is_listed, reordered

__all__ = ["enforced"]


def enforced(data: Any, schema: Schema | None) -> Any:  # data of many kinds
    """The input in the form it was given; columns of a data frame in the signature's order.

    Numbers may be narrower than the signature says, and whole where it wants fractions. An array
    for a tensor gets the tensor's type where numpy converts without a change of kind.

    Raises: ConfigError that names the column, or the tensor, that is missing, one too many, or of
        another type or shape.
    """
    if not schema:
        return data
    if isinstance(schema[0], TensorSpec):
        return _tensors(data, cast("Sequence[TensorSpec]", schema))
    columns = cast("Sequence[Column]", schema)
    if columns[0].name is None:
        return _values(data, columns[0])
    return _table(data, columns)


def _table(data: Any, schema: Sequence[Column]) -> Any:  # data of many kinds
    names = [str(column.name) for column in schema]
    if is_array(data):
        return _unnamed(data, schema)
    found = columns_of(data)
    if found is None:
        raise ConfigError(
            f"the input is a {type(data).__name__}: give a table with the columns {_list(names)}"
        )
    extra = [name for name in found if name not in names]
    for column, name in zip(schema, names, strict=True):
        values, everywhere = found.get(name, ((), False))
        if column.required and not everywhere:
            where = " in every row" if name in found else ""
            raise ConfigError(
                f"the column {name!r} is missing{where}: the model takes {_list(names)}"
                f"{_meant(name, extra)}"
            )
        if wrong := misfit(values, column.kind):
            raise ConfigError(
                f"the column {name!r} {wrong}: the model takes {shown(column.kind)} there"
            )
    if extra:
        raise ConfigError(
            f"the column {extra[0]!r} is one too many: the model takes {_list(names)}"
        )
    return reordered(data, names)


def _unnamed(data: Any, schema: Sequence[Column]) -> Any:  # an array for a table
    """An array whose second axis stands for the columns, in order."""
    width = data.shape[1] if len(data.shape) > 1 else 1
    if len(data.shape) > 2 or width != len(schema):
        raise ConfigError(
            f"the input has the shape {tuple(data.shape)}: the model takes {len(schema)} columns, "
            f"{_list([str(column.name) for column in schema])}"
        )
    for at, column in enumerate(schema):
        values = data[:, at] if len(data.shape) > 1 else data
        if wrong := misfit(values, column.kind):
            raise ConfigError(
                f"the column {column.name!r} {wrong}: the model takes {shown(column.kind)} there"
            )
    return data


def _values(data: Any, column: Column) -> Any:  # data of many kinds
    """Values without a name: a list or a series of them, or one."""
    if wrong := misfit(data if is_listed(data) else [data], column.kind):
        raise ConfigError(f"the input {wrong}: the model takes {shown(column.kind)}")
    return data


def _tensors(data: Any, schema: Sequence[TensorSpec]) -> Any:  # data of many kinds
    if schema[0].name is None:
        return _tensor(data, schema[0], "the input")
    names = [str(spec.name) for spec in schema]
    if not isinstance(data, Mapping):
        raise ConfigError(
            f"the input is a {type(data).__name__}: give a dict of the arrays {_list(names)}"
        )
    given = cast("Mapping[Any, Any]", data)
    missing = [name for name in names if name not in given]
    extra = [str(name) for name in given if name not in names]
    if missing:
        raise ConfigError(
            f"the array {missing[0]!r} is missing: the model takes {_list(names)}"
            f"{_meant(missing[0], extra)}"
        )
    if extra:
        raise ConfigError(f"the array {extra[0]!r} is one too many: the model takes {_list(names)}")
    return {
        name: _tensor(given[name], spec, f"the array {name!r}")
        for name, spec in zip(names, schema, strict=True)
    }


def _tensor(data: Any, spec: TensorSpec, what: str) -> Any:  # an array, or what becomes one
    np: Any = importlib.import_module("numpy")
    foreign = is_array(data) and not isinstance(data, (np.ndarray, np.generic))
    try:
        array = data if foreign else np.asarray(data)
    except ValueError as error:  # rows of different lengths
        raise ConfigError(f"{what} is no array: {error}") from None
    if len(array.shape) != len(spec.shape) or any(
        wanted not in (-1, size) for wanted, size in zip(spec.shape, array.shape, strict=True)
    ):
        raise ConfigError(
            f"{what} has the shape {tuple(array.shape)}: the model takes {spec.shape}, "
            "where -1 is any length"
        )
    have = str(array.dtype).removeprefix("torch.")
    if have == spec.dtype or foreign:
        return array
    if not np.can_cast(array.dtype, np.dtype(spec.dtype), "same_kind"):
        raise ConfigError(f"{what} is {_wrong_column(data, have)}: the model takes {spec.dtype}")
    return array.astype(spec.dtype)


def _wrong_column(data: Any, have: str) -> str:  # an array, or a data frame
    """The type, with the first column that is no number, when it is a data frame."""
    odd = [name for name, kind in getattr(data, "dtypes", {}).items() if kind.kind not in "iufb"]
    return f"{have} in the column {odd[0]!r}" if odd else have


def _list(names: Sequence[str]) -> str:
    shown_names = [repr(name) for name in names[:_SHOWN]]
    rest = len(names) - len(shown_names)
    return ", ".join(shown_names) + (f" and {rest} more" if rest else "")


_SHOWN = 12


def _meant(name: str, extra: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, extra, n=1, cutoff=0.7)
    return f"; did you mean it by {close[0]!r}?" if close else ""
