"""Columns of whatever form data has: data frames, Arrow tables, dicts of columns, lists of dicts."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from genaiops.errors import ConfigError

__all__ = ["Columns", "columns_of", "is_array", "is_listed", "reordered"]

Columns = dict[str, tuple[Any, bool]]
"""By name: the values, and whether every row has one."""


def is_array(data: Any) -> bool:  # anything
    """Whether it is an array of numpy, scipy or torch: a type and a shape, and no index."""
    return hasattr(data, "dtype") and hasattr(data, "shape") and not hasattr(data, "index")


def is_listed(data: Any) -> bool:  # anything
    """Whether it is a list or a series of values, not one of them."""
    return isinstance(data, list | tuple | range) or hasattr(data, "dtype")


def columns_of(data: Any) -> Columns | None:  # anything
    """The columns of a table, in order; None for data that is none.

    Raises: ConfigError for columns of different lengths.
    """
    if hasattr(data, "columns") and hasattr(data, "iloc"):  # pandas
        names = list(data.columns)
        return {str(name): (data.iloc[:, at], True) for at, name in enumerate(names)}
    if hasattr(data, "column_names") and hasattr(data, "to_pydict"):  # Arrow
        return {str(name): (values, True) for name, values in data.to_pydict().items()}
    if hasattr(data, "model_dump"):  # pydantic
        return columns_of(data.model_dump())
    if isinstance(data, Mapping):
        return _of_dict(cast("Mapping[Any, Any]", data))
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        rows = [_plain(row) for row in cast("Sequence[Any]", data)]
        if rows and all(isinstance(row, Mapping) for row in rows):
            return _of_rows(rows)
    return None


def reordered(data: Any, names: Sequence[str]) -> Any:  # a table of any form
    """The table with its columns in this order; other forms than data frames have none."""
    if hasattr(data, "iloc") and [str(name) for name in data.columns] != list(names):
        places = {str(name): at for at, name in enumerate(data.columns)}
        return data.iloc[:, [places[name] for name in names if name in places]]
    return data


def _plain(row: Any) -> Any:  # of a list
    return row.model_dump() if hasattr(row, "model_dump") else row


def _of_dict(table: Mapping[Any, Any]) -> Columns:
    """A dict of columns, or of one row."""
    columns = {str(name): values for name, values in table.items()}
    lengths = {name: len(values) for name, values in columns.items() if _is_column(values)}
    if len(lengths) < len(columns):  # a row: a list in it is a value
        return {name: ([value], True) for name, value in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ConfigError(f"the columns have different lengths: {lengths}")
    return {name: (values, True) for name, values in columns.items()}


def _is_column(values: Any) -> bool:  # of a dict
    if isinstance(values, Sequence):
        return not isinstance(values, str | bytes)
    return bool(getattr(values, "shape", ()))


def _of_rows(rows: Sequence[Mapping[Any, Any]]) -> Columns:
    names = dict.fromkeys(str(name) for row in rows for name in row)
    return {
        name: ([row.get(name) for row in rows], all(name in row for row in rows)) for name in names
    }
