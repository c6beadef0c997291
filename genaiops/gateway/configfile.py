"""The text of a ``gateway.yaml`` as checked data, with the line of every key."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from genaiops.errors import ConfigError
from genaiops.gateway.rulesfile import CacheEntry, GuardEntry, KeyEntry, RedisEntry

__all__ = ["GatewayFile", "Lines", "ModelEntry", "ProviderEntry", "read_file"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProviderEntry(_Strict):
    """One entry of ``providers``; kind and base_url follow from the name where they are left out."""

    kind: str | None = None
    api_key: str | None = None
    base_url: str | None = None
    timeout_s: float | None = Field(default=None, gt=0, le=86_400)


class TargetEntry(_Strict):
    """One of the targets of a model: ``provider/model``, or another name of ``models``."""

    model: str
    weight: float = Field(default=1.0, gt=0, le=1e6)


class TimeoutsEntry(_Strict):
    """How long to wait, in seconds; what is left out is as the provider has it."""

    connect_s: float | None = Field(default=None, gt=0, le=86_400)
    first_event_s: float | None = Field(default=None, gt=0, le=86_400)
    idle_s: float | None = Field(default=None, gt=0, le=86_400)
    total_s: float | None = Field(default=None, gt=0, le=86_400)


class CooldownEntry(_Strict):
    """When a target that fails is left alone."""

    failures: int = Field(default=3, ge=1, le=1_000_000)
    seconds: float = Field(default=30.0, gt=0, le=86_400)


class ModelEntry(_Strict):
    """One entry of ``models``; the text ``provider/model`` is one with a single target."""

    targets: list[TargetEntry] = Field(min_length=1)
    route: Literal["weighted", "fallback", "latency"] = "weighted"
    fallback: list[str] = []
    retries: int = Field(default=2, ge=0, le=100)
    timeouts: TimeoutsEntry = TimeoutsEntry()
    cooldown: CooldownEntry | None = None
    prompt: str | None = None

    @field_validator("targets", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:  # any YAML
        if not isinstance(value, list):
            return value
        entries = cast("list[Any]", value)
        return [{"model": entry} if isinstance(entry, str) else entry for entry in entries]


class GatewayFile(_Strict):
    """The whole file."""

    providers: dict[str, ProviderEntry] = {}
    models: dict[str, ModelEntry] = {}
    keys: list[KeyEntry] = []
    cache: CacheEntry | None = None
    guardrails: list[GuardEntry] = []
    redis: RedisEntry | None = None
    proxy: bool | None = None

    @field_validator("models", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:  # any YAML
        if not isinstance(value, dict):
            return value
        table = cast("dict[Any, Any]", value)
        return {
            name: {"targets": [entry]} if isinstance(entry, str) else entry
            for name, entry in table.items()
        }


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
        lines = Lines({} if tree is None else dict(_keys(tree, ())))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(f"{path}{_yaml_place(error)}") from None
    if not isinstance(data, dict | None):
        offer = ", ".join(sorted(GatewayFile.model_fields))
        raise ConfigError(f"{path}:1: this must be a table: use keys of {offer}")
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
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            path = (*above, str(number))
            yield path, item.start_mark.line + 1
            yield from _keys(item, path)


def _yaml_place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    line = "" if mark is None else f":{mark.line + 1}"
    return f"{line}: this is not YAML: {getattr(error, 'problem', None) or 'it cannot be read'}"


def _sentence(path: Path | str, lines: Lines, error: ValidationError) -> str:
    """The first complaint, with its place and what would be right."""
    said = error.errors(include_url=False, include_input=False)
    first = next((one for one in said if one["type"] == "extra_forbidden"), said[0])
    where = tuple(str(part) for part in first["loc"] if part != "[key]")
    place = f"{path}:{lines.of(*where)}"
    if first["type"] == "extra_forbidden":
        return f"{place}: unknown key {where[-1]!r}: use one of {', '.join(_allowed(where))}"
    bare = len(where) == 2 or where[2:] == ("targets",)
    if where[:1] == ("models",) and len(where) > 1 and bare:
        return f"{place}: model {where[1]!r} must be the text 'provider/model', or have targets"
    return f"{place}: {'.'.join(where) or 'the file'}: {first['msg'].lower()}"


def _allowed(where: tuple[str, ...]) -> list[str]:
    """The keys that the last key but one of a path may have."""
    model: type[BaseModel] = GatewayFile
    for part in where[:-1]:
        field = model.model_fields.get(part)
        inner = None if field is None else next(_models_in(field.annotation), None)
        model = inner or model
    return sorted(model.model_fields)


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
