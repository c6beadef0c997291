"""What the events of TensorBoard say: scalars, texts, images, hyperparameters.

Source: tensorflow's event.proto, summary.proto and tensor.proto, tensorboard's hparams plugin.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from genaiops.transfer.tensorboard.wire import doubles, fields, floats, signed, varints

__all__ = ["Event", "Image", "LeftOut", "Params", "Scalar", "Text", "read_event"]

_FLOAT, _DOUBLE = 1, 2
_WHOLE = {3, 4, 5, 6, 9, 17, 22, 23}


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value of a curve."""

    tag: str
    step: int
    ts_ns: int
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """Text at a step, usually Markdown."""

    tag: str
    step: int
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """An encoded image at a step; several of one tag are numbered."""

    tag: str
    step: int
    number: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Params:
    """Hyperparameters of a run."""

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that has no place here: a histogram, a graph, audio."""

    kind: str


Event = Scalar | Text | Image | Params | LeftOut


def read_event(data: bytes) -> Iterator[Event]:
    """What one event says. Raises Damaged."""
    seconds, step, summary = 0.0, 0, b""
    for number, content in fields(data):
        if number == 1 and isinstance(content, bytes):
            (seconds,) = struct.unpack("<d", content)
        elif number == 2 and isinstance(content, int):
            step = signed(content)
        elif number == 5 and isinstance(content, bytes):
            summary = content
        elif number in (4, 9):
            yield LeftOut("graphs")
    for number, content in fields(summary):
        if number == 1 and isinstance(content, bytes):
            yield from _said(content, step, round(seconds * 1e9))


def _said(data: bytes, step: int, ts_ns: int) -> Iterator[Event]:
    """What one value of a summary says."""
    parts = _grouped(data)
    tag = _text(parts, 1)
    about = _grouped(_bytes(_grouped(_bytes(parts, 9)), 1))  # the plugin it belongs to
    plugin = _text(about, 1)
    simple = _bytes(parts, 2)
    if plugin == "hparams":
        params = _params(_bytes(about, 2))
        if params:
            yield Params(params)
    elif len(simple) == 4:
        yield Scalar(tag, step, ts_ns, floats(simple)[0])
    elif 4 in parts:
        yield Image(tag, step, 0, _bytes(_grouped(_bytes(parts, 4)), 4))
    elif 8 in parts:
        yield from _of_tensor(_bytes(parts, 8), tag, plugin, step, ts_ns)
    elif 6 in parts or 5 in parts:
        yield LeftOut("audio" if 6 in parts else "histograms")


def _of_tensor(data: bytes, tag: str, plugin: str, step: int, ts_ns: int) -> Iterator[Event]:
    parts = _grouped(data)
    texts = [item for item in parts.get(8, ()) if isinstance(item, bytes)]
    if plugin == "images":  # width, height, then one image each
        for number, item in enumerate(texts[2:]):
            yield Image(tag, step, number, item)
    elif plugin == "text" or (texts and not plugin):
        for item in texts:
            yield Text(tag, step, item.decode(errors="replace"))
    elif plugin in ("", "scalars") and len(numbers := _numbers(parts)) == 1:
        yield Scalar(tag, step, ts_ns, float(numbers[0]))
    else:
        yield LeftOut(plugin or "tensors")


def _numbers(parts: Mapping[int, list[int | bytes]]) -> list[float]:
    """The numbers of a tensor, of the kinds that curves are made of."""
    found: list[float] = []
    for number, unpack in ((5, floats), (6, doubles), (7, varints), (10, varints)):
        for item in parts.get(number, ()):
            found += [signed(item)] if isinstance(item, int) else unpack(item)
    kind = parts.get(1, [0])[0]
    return found or _unpacked(kind if isinstance(kind, int) else 0, _bytes(parts, 4))


def _grouped(data: bytes) -> dict[int, list[int | bytes]]:
    """The fields of a message by their numbers."""
    found: dict[int, list[int | bytes]] = {}
    for number, content in fields(data):
        found.setdefault(number, []).append(content)
    return found


def _bytes(parts: Mapping[int, list[int | bytes]], number: int) -> bytes:
    """The last content of a field, empty where there is none."""
    content = parts.get(number, [b""])[-1]
    return content if isinstance(content, bytes) else b""


def _text(parts: Mapping[int, list[int | bytes]], number: int) -> str:
    return _bytes(parts, number).decode(errors="replace")


def _unpacked(kind: int, raw: bytes) -> list[float]:
    if kind == _FLOAT:
        return list(floats(raw))
    if kind == _DOUBLE:
        return list(doubles(raw))
    if kind in _WHOLE and len(raw) in (1, 2, 4, 8):
        return [int.from_bytes(raw, "little", signed=kind in (3, 5, 6, 9))]
    return []


def _params(data: bytes) -> dict[str, Any]:
    """Hyperparameters in the data of the plugin: a map of names to protobuf values."""
    found: dict[str, Any] = {}
    for entry in _grouped(_bytes(_grouped(data), 3)).get(1, ()):
        if isinstance(entry, bytes):
            parts = _grouped(entry)
            found[_text(parts, 1)] = _plain(_grouped(_bytes(parts, 2)))
    return found


def _plain(parts: Mapping[int, list[int | bytes]]) -> Any:  # what JSON has
    if 2 in parts:
        return next(iter(doubles(_bytes(parts, 2))), None)
    if 3 in parts:
        return _text(parts, 3)
    return bool(parts[4][-1]) if 4 in parts else None
