"""Settings, and where each of them came from: argument, environment, pyproject.toml, default."""

import os
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, cast

from genaiops.errors import ConfigError

__all__ = [
    "REDACTORS",
    "Capture",
    "Redactor",
    "Settings",
    "configure",
    "describe",
    "given",
    "reset",
    "settings",
    "variable_of",
]

Capture = Literal["full", "metadata", "off"]
Durability = Literal["process", "power"]
Redactor = Callable[[str, object], object]
"""``(path, value) -> value``: what to write in place of a captured value."""
REDACTORS = ("email", "phone", "credit_card", "iban", "api_key", "ip")
"""Names that the setting ``redact`` takes."""

_ENVIRONMENT = {
    "tracking_uri": "GENAIOPS_TRACKING_URI",
    "tracking_token": "GENAIOPS_TRACKING_TOKEN",
    "experiment": "GENAIOPS_EXPERIMENT",
    "service": "OTEL_SERVICE_NAME",
    "capture": "GENAIOPS_CAPTURE",
    "redact": "GENAIOPS_REDACT",
    "sample": "GENAIOPS_SAMPLE",
    "durability": "GENAIOPS_DURABILITY",
    "judge_model": "GENAIOPS_JUDGE_MODEL",
    "disabled": "GENAIOPS_DISABLED",
    "trace_threads": "GENAIOPS_TRACE_THREADS",
    "artifacts": "GENAIOPS_ARTIFACTS",
    "log_system_metrics": "GENAIOPS_LOG_SYSTEM_METRICS",
    "system_metrics_interval_s": "GENAIOPS_SYSTEM_METRICS_INTERVAL_S",
}
_CHOICES = {"capture": ("full", "metadata", "off"), "durability": ("process", "power")}
_FLAGS = ("disabled", "trace_threads", "log_system_metrics")
_FALSE = ("", "0", "false", "no", "off")
_SECRET = ("tracking_token",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting of this process.

    Attributes:
        tracking_uri: Where the store is: a folder, ``file:///…``, ``http(s)://…`` or ``lake:…``.
        tracking_token: Key for a genaiops server.
        experiment: Experiment that new runs and traces belong to.
        service: Name of this program in its spans.
        capture: ``full`` records inputs and outputs, ``metadata`` their sizes, ``off`` nothing.
        redact: Names of built-in maskers, or callables ``(path, value) -> value``.
        sample: Share of traces that are recorded, 0 to 1.
        durability: ``process`` survives the death of the process, ``power`` of the machine.
        judge_model: Model of judges that name none, as ``provider/model``.
        disabled: Everything is a cheap no-op.
        trace_threads: Threads and thread pools continue the trace they were started in.
        artifacts: Where the files of new runs go: a folder or any URL of fsspec, such as
            ``s3://bucket/prefix``; the store itself when None.
        log_system_metrics: Runs sample CPU, memory, disk, network and GPUs.
        system_metrics_interval_s: Seconds between two samples, at least 0.1.
    """

    tracking_uri: str = "./.genaiops"
    tracking_token: str | None = None
    experiment: str = "Default"
    service: str = ""
    capture: Capture = "full"
    redact: tuple[str | Redactor, ...] = ()
    sample: float = 1.0
    durability: Durability = "process"
    judge_model: str | None = None
    disabled: bool = False
    trace_threads: bool = True
    artifacts: str | None = None
    log_system_metrics: bool = False
    system_metrics_interval_s: float = 10.0


_NAMES = tuple(field.name for field in fields(Settings))
_arguments: dict[str, Any] = {}  # values of many types, checked by _convert
_current: Settings | None = None
_origins: dict[str, str] = {}


def settings() -> Settings:
    """The settings in force; the same object until something is configured."""
    return _current if _current is not None else _load()


def configure(**changes: Any) -> Settings:  # one keyword a setting, checked below
    """Changes settings of this process; an argument given here beats the environment.

    Raises: ConfigError when a name or a value is not known.
    """
    for name, value in changes.items():
        if name not in _NAMES:
            raise ConfigError(f"unknown setting {name!r}: use one of {', '.join(sorted(_NAMES))}")
        _arguments[name] = _convert(name, value, "configure()")
    return _load()


def reset() -> None:
    """Forgets everything configured and read; the next use reads the environment again."""
    global _current
    _arguments.clear()
    _current = None


def describe() -> list[tuple[str, str, str]]:
    """Name, value and origin of each setting, secrets masked."""
    now = settings()
    rows: list[tuple[str, str, str]] = []
    for name in _NAMES:
        value = getattr(now, name)
        shown = "********" if name in _SECRET and value else str(value)
        rows.append((name, shown, _origins[name]))
    return rows


def given(name: str) -> bool:
    """Whether a setting was given to `configure` in this process."""
    return name in _arguments


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return _ENVIRONMENT[name]


def _load() -> Settings:
    global _current
    project = _project_table()
    values: dict[str, Any] = {}
    for name in _NAMES:
        variable = _ENVIRONMENT[name]
        if name in _arguments:
            values[name], _origins[name] = _arguments[name], "argument"
        elif variable in os.environ:
            values[name] = _convert(name, os.environ[variable], variable)
            _origins[name] = f"environment {variable}"
        elif name in project:
            values[name] = _convert(name, project[name], "[tool.genaiops] in pyproject.toml")
            _origins[name] = "pyproject.toml"
        else:
            _origins[name] = "default"
    loaded = replace(Settings(), **values)
    if not loaded.service:
        loaded = replace(loaded, service=_program_name())
    _current = loaded
    return loaded


def _convert(name: str, value: object, origin: str) -> object:
    """The value in its type, or ConfigError that names where it came from."""
    if name in _CHOICES and value not in _CHOICES[name]:
        allowed = ", ".join(_CHOICES[name])
        raise ConfigError(f"{origin}: {name} is {value!r}: use one of {allowed}")
    if name == "sample":
        return _share(value, origin)
    if name == "system_metrics_interval_s":
        return _interval(value, origin)
    if name in _FLAGS:
        return value.strip().lower() not in _FALSE if isinstance(value, str) else bool(value)
    if name == "redact":
        return _redactors(value, origin)
    if value is None or isinstance(value, str | Path):
        return None if value is None else os.fspath(value)
    raise ConfigError(f"{origin}: {name} is {value!r}: use text")


def _share(value: object, origin: str) -> float:
    try:
        share = float(cast("str", value))
    except (TypeError, ValueError):
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise ConfigError(f"{origin}: sample is {value!r}: use a number from 0 to 1")
    return share


def _interval(value: object, origin: str) -> float:
    try:
        seconds = float(cast("str", value))
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0.1 <= seconds <= 86_400:
        raise ConfigError(
            f"{origin}: system_metrics_interval_s is {value!r}: use seconds from 0.1 to 86400"
        )
    return seconds


def _redactors(value: object, origin: str) -> tuple[str | Redactor, ...]:
    items: object = value
    if isinstance(value, str):
        items = [name.strip() for name in value.split(",") if name.strip()]
    if not isinstance(items, list | tuple):
        raise ConfigError(f"{origin}: redact is {value!r}: use a list of names and callables")
    for item in cast("list[object]", items):
        if not callable(item) and item not in REDACTORS:
            raise ConfigError(
                f"{origin}: there is no redactor {item!r}: use {', '.join(REDACTORS)}, or a callable"
            )
    return tuple(cast("list[str | Redactor]", items))


def _project_table() -> Mapping[str, Any]:
    """``[tool.genaiops]`` of the nearest pyproject.toml above the working folder."""
    try:
        here = Path.cwd()
    except OSError:  # the working folder was deleted
        return {}
    for folder in (here, *here.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            try:
                table = tomllib.loads(file.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
                raise ConfigError(f"{file} cannot be read: {error}") from error
            found: Mapping[str, Any] = table.get("tool", {}).get("genaiops", {})
            unknown = sorted(set(found) - set(_NAMES))
            if unknown:
                raise ConfigError(
                    f"{file}: unknown setting {unknown[0]!r} in [tool.genaiops]: "
                    f"use one of {', '.join(sorted(_NAMES))}"
                )
            return found
    return {}


def _program_name() -> str:
    """Name of the script or module that runs, as OpenTelemetry's service name."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name:
        return str(spec.name).removesuffix(".__main__")
    return Path(sys.argv[0]).stem if sys.argv and sys.argv[0] else "python"
