"""The text of a ``gateway.yaml`` as checked data, with the line of every key."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from genaiops.errors import ConfigError

__all__ = ["GatewayFile", "Lines", "ProviderEntry", "read_file"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProviderEntry(_Strict):
    """One entry of ``providers``; kind and base_url follow from the name where they are left out."""

    kind: str | None = None
    api_key: str | None = None
    base_url: str | None = None
    timeout_s: float | None = Field(default=None, gt=0, le=86_400)


class GatewayFile(_Strict):
    """The whole file."""

    providers: dict[str, ProviderEntry] = {}
    models: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Lines:
    """Line numbers of keys, by the path of keys that leads to them."""

    numbers: Mapping[tuple[str, ...], int]

    def of(self, *path: str) -> int:
        """The line of a key, or of the nearest key above it that is in the file."""
        while path and path not in self.numbers:
            path = path[:-1]
        return self.numbers.get(path, 1)


def read_file(path: Path | str, prepare: Callable[[str], str]) -> tuple[GatewayFile, Lines]:
    """The file's content and where in it everything stands.

    Args:
        path: The file.
        prepare: Applied to the text before it is read; must keep the lines.

    Raises: ConfigError that names the file, the line and what is allowed.
    """
    try:
        text = prepare(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text") from None
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        data: Any = yaml.safe_load(text)  # any YAML: checked by the models below
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(f"{path}{_yaml_place(error)}") from None
    lines = Lines({} if tree is None else dict(_keys(tree, ())))
    try:
        return GatewayFile.model_validate({} if data is None else data), lines
    except ValidationError as error:
        raise ConfigError(_sentence(path, lines, error)) from None


def _keys(node: yaml.Node, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                path = (*above, str(key.value))
                yield path, key.start_mark.line + 1
                yield from _keys(value, path)


def _yaml_place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    line = "" if mark is None else f":{mark.line + 1}"
    return f"{line}: this is not YAML: {getattr(error, 'problem', None) or 'it cannot be read'}"


def _sentence(path: Path | str, lines: Lines, error: ValidationError) -> str:
    """The first complaint, with its place and what would be right."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = tuple(str(part) for part in first["loc"] if part != "[key]")
    place = f"{path}:{lines.of(*where)}"
    if first["type"] == "extra_forbidden":
        return f"{place}: unknown key {where[-1]!r}: use one of {', '.join(_allowed(where))}"
    if where[:1] == ("models",) and len(where) > 1:
        return f"{place}: model {where[1]!r} must be the text 'provider/model'"
    return f"{place}: {'.'.join(where) or 'the file'}: {first['msg'].lower()}"


def _allowed(where: tuple[str, ...]) -> list[str]:
    model = ProviderEntry if len(where) > 1 else GatewayFile
    return sorted(model.model_fields)
