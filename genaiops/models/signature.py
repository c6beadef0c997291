"""What goes into a model and what comes out: columns or tensors, written as MLflow writes them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from genaiops.errors import ConfigError
from genaiops.models.kinds import Kind, described, read, shown

__all__ = ["Column", "ModelSignature", "Schema", "TensorSpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: a name (None for the only one), a type under MLflow's name."""

    kind: Kind
    name: str | None = None
    required: bool = True

    def __str__(self) -> str:
        told = shown(self.kind) if self.name is None else f"{self.name}: {shown(self.kind)}"
        return told if self.required else f"{told} (optional)"


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """An array: numpy's name of its type; -1 in the shape is any length."""

    dtype: str
    shape: tuple[int, ...]
    name: str | None = None

    def __str__(self) -> str:
        told = f"{self.dtype}{list(self.shape)}"
        return told if self.name is None else f"{self.name}: {told}"


Schema = tuple[Column, ...] | tuple[TensorSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSignature:
    """What a model takes and gives; None where it is not known."""

    inputs: Schema | None = None
    outputs: Schema | None = None

    def to_dict(self) -> dict[str, Any]:
        """As MLflow writes it: JSON in text."""
        return {"inputs": _written(self.inputs), "outputs": _written(self.outputs), "params": None}

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> "ModelSignature":
        """What `to_dict`, or MLflow, wrote. Raises ConfigError."""
        return cls(inputs=_schema(written.get("inputs")), outputs=_schema(written.get("outputs")))

    def __str__(self) -> str:
        return f"{_told(self.inputs)} -> {_told(self.outputs)}"


def _told(schema: Schema | None) -> str:
    return "anything" if schema is None else f"({', '.join(map(str, schema))})"


def _written(schema: Schema | None) -> str | None:
    return None if schema is None else json.dumps([_entry(item) for item in schema])


def _entry(item: Column | TensorSpec) -> dict[str, Any]:
    named = {} if item.name is None else {"name": item.name}
    if isinstance(item, TensorSpec):
        spec = {"dtype": item.dtype, "shape": list(item.shape)}
        return {"type": "tensor", "tensor-spec": spec} | named
    return described(item.kind) | named | {"required": item.required}


def _schema(text: object) -> Schema | None:
    if text is None:
        return None
    try:
        entries = json.loads(text) if isinstance(text, str) else text
        found = [_item(entry) for entry in cast("Sequence[Any]", entries)]
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ConfigError(
            f"the signature {str(text)[:80]!r} cannot be read: {error!r}; log the model again"
        ) from None
    tensors = tuple(item for item in found if isinstance(item, TensorSpec))
    columns = tuple(item for item in found if isinstance(item, Column))
    if tensors and columns:
        raise ConfigError("the signature mixes columns and tensors: use one of the two")
    return tensors or columns


def _item(entry: Mapping[str, Any]) -> Column | TensorSpec:
    name = None if entry.get("name") is None else str(entry["name"])
    if entry["type"] == "tensor":
        spec = entry["tensor-spec"]
        return TensorSpec(
            dtype=str(spec["dtype"]), shape=tuple(int(size) for size in spec["shape"]), name=name
        )
    return Column(kind=read(entry), name=name, required=bool(entry.get("required", True)))
