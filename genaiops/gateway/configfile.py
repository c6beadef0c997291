"""The text of a ``gateway.yaml`` as checked data, with the line of every key."""

from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import Field, ValidationError, field_validator

from genaiops.errors import ConfigError
from genaiops.gateway import references
from genaiops.gateway.complaints import sentence
from genaiops.gateway.rulesfile import CacheEntry, GuardEntry, KeyEntry, RedisEntry, Table
from genaiops.gateway.yamlread import Lines, read_yaml

__all__ = ["GatewayFile", "Lines", "ModelEntry", "ProviderEntry", "read_file"]

_Seconds = Annotated[float, Field(gt=0, le=86_400)]


class ProviderEntry(Table):
    """One entry of ``providers``; kind and base_url follow from the name where they are left out."""

    kind: str | None = None
    api_key: str | None = None
    base_url: str | None = None
    timeout_s: _Seconds | None = None


class TargetEntry(Table):
    """One of the targets of a model: ``provider/model``, or another name of ``models``."""

    model: str
    weight: float = Field(default=1.0, gt=0, le=1e6)


class TimeoutsEntry(Table):
    """How long to wait, in seconds; what is left out is as the provider has it."""

    connect_s: _Seconds | None = None
    first_event_s: _Seconds | None = None
    idle_s: _Seconds | None = None
    total_s: _Seconds | None = None


class CooldownEntry(Table):
    """When a target that fails is left alone."""

    failures: int = Field(default=3, ge=1, le=1_000_000)
    seconds: _Seconds = 30.0


class ModelEntry(Table):
    """One entry of ``models``; the text ``provider/model`` is one with a single target."""

    targets: list[TargetEntry] = Field(min_length=1)
    route: Literal["weighted", "fallback", "latency"] = "weighted"
    fallback: list[str] = Field(default=[])
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


class GatewayFile(Table):
    """The whole file."""

    providers: dict[str, ProviderEntry] = Field(default={})
    models: dict[str, ModelEntry] = Field(default={})
    keys: list[KeyEntry] = Field(default=[])
    cache: CacheEntry | None = None
    guardrails: list[GuardEntry] = Field(default=[])
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


def read_file(path: Path | str) -> tuple[GatewayFile, Lines]:
    """The file's content and where in it everything stands; references are not filled in yet.

    Raises: ConfigError that names the file, the line and what is allowed.
    """
    data, lines = read_yaml(path, references.hide)
    if not isinstance(data, dict | None):
        offer = ", ".join(sorted(GatewayFile.model_fields))
        raise ConfigError(f"{path}:1: this must be a table: use keys of {offer}")
    references.check_places(data, lambda *keys: f"{path}:{lines.of(*keys)}")
    try:
        return GatewayFile.model_validate({} if data is None else data), lines
    except ValidationError as error:
        raise ConfigError(sentence(path, lines, error, GatewayFile)) from None
