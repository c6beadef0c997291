"""YAML within bounds, as data with the line of every key.

YAML alone takes a key that is there twice for its last, expands a page of aliases to gigabytes, and
reads ``on`` as a truth: here each of these is a mistake with a line.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from genaiops.errors import ConfigError

__all__ = ["Lines", "read_yaml"]

_MOST_BYTES = 4 * 1024 * 1024
_MOST_NODES = 100_000
"""Keys, values and entries, each time that an alias repeats them."""
_TEXT, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True)
class Lines:
    """Line numbers of keys, by the path of keys that leads to them."""

    numbers: Mapping[tuple[str, ...], int]

    def of(self, *path: str | int) -> int:
        """The line of a key or an entry of a list, or of the nearest above it in the file."""
        place = tuple(map(str, path))
        while place and place not in self.numbers:
            place = place[:-1]
        return self.numbers.get(place, 1)


def read_yaml(path: Path | str, prepare: Callable[[str], str]) -> tuple[Any, Lines]:
    """The file's data, of the types that YAML has, and where in it everything stands.

    Args:
        path: The file.
        prepare: Applied to the text before it is read; must keep the lines.

    Raises: ConfigError that names the file and the line.
    """
    text = prepare(_text(path))
    try:
        loader = _Loader(text)
        tree = loader.get_single_node()
        if tree is None:
            return None, Lines({})
        _check_size(path, tree)
        lines = Lines(dict(_keys(path, tree, ())))
        return loader.construct_document(tree), lines  # pyright: ignore[reportUnknownMemberType]  untyped
    except RecursionError:
        raise ConfigError(
            f"{path}: this is nested too deeply: write it with fewer levels"
        ) from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}{_place(error)}") from None


def _text(path: Path | str) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > _MOST_BYTES:
        raise ConfigError(f"{path} is larger than {_MOST_BYTES >> 20} MiB: name a gateway.yaml")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}:{line}: this is not UTF-8 text: save the file as UTF-8"
        ) from None


class _Loader(yaml.SafeLoader):
    """Names the line of a value that is none, such as the 45th of a month."""

    def __init__(self, text: str) -> None:
        try:
            super().__init__(text)
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            mark = yaml.Mark("", 0, line - 1, 0, None, 0)
            problem = "it holds a character that no text has"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark) from None

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """The value of a node."""
        try:
            return super().construct_object(node, deep=deep)  # pyright: ignore[reportUnknownMemberType]  untyped
        except (ValueError, OverflowError):
            problem = f"{str(node.value)[:40]!r} is neither a number nor a date"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from None


def _check_size(path: Path | str, root: yaml.Node) -> None:
    """Counts the nodes as often as aliases repeat them, without repeating them."""
    sizes: dict[int, int] = {}
    _measure(path, root, sizes)
    if sizes[id(root)] > _MOST_NODES:
        raise ConfigError(
            f"{path}: its aliases make more than {_MOST_NODES} values of it: repeat less"
        )


def _measure(path: Path | str, node: yaml.Node, sizes: dict[int, int]) -> int:
    known = sizes.get(id(node))
    if known is None:
        sizes[id(node)] = 0
        inner = 0
        if not isinstance(node, yaml.ScalarNode):
            inner = sum(_measure(path, one, sizes) for one in _inside(node))
        known = sizes[id(node)] = inner + 1
    if known == 0:
        line = node.start_mark.line + 1
        raise ConfigError(f"{path}:{line}: this holds itself: write out what it shall hold")
    return known


def _inside(node: yaml.Node) -> Iterator[yaml.Node]:
    for one in node.value:
        if isinstance(one, tuple):
            yield from one
        else:
            yield one


def _keys(
    path: Path | str, node: yaml.Node, above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], int]]:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag == _MERGE:
                continue
            if key.tag != _TEXT:
                shown = repr(key.value) if isinstance(key, yaml.ScalarNode) else "this"
                raise ConfigError(f"{path}:{line}: {shown} is no text for a key: put it in quotes")
            if key.value in seen:
                raise ConfigError(
                    f"{path}:{line}: the key {key.value!r} is there already in line "
                    f"{seen[key.value]}: write it once"
                )
            seen[key.value] = line
            yield (*above, key.value), line
            yield from _keys(path, value, (*above, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield (*above, str(number)), item.start_mark.line + 1
            yield from _keys(path, item, (*above, str(number)))


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    line = "" if mark is None else f":{mark.line + 1}"
    problem = " ".join(str(getattr(error, "problem", None) or "it cannot be read").split())
    advice = ": indent with spaces" if r"'\t'" in problem else ""
    return f"{line}: this is not YAML: {problem[:200]}{advice}"
