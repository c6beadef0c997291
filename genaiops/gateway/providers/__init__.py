"""Every kind of provider: one table of our own, and the entry points ``genaiops.providers``."""

import importlib
from functools import cache
from importlib.metadata import entry_points

from genaiops.errors import ConfigError
from genaiops.gateway.target import Provider

__all__ = ["GROUP", "kinds", "provider"]

GROUP = "genaiops.providers"
"""Entry-point group of further providers; each entry is a `Provider`."""

_BUILT_IN = {
    name: f"genaiops.gateway.providers.{name}:PROVIDER"
    for name in (
        "anthropic",
        "azure",
        "bedrock",
        "deepseek",
        "gemini",
        "groq",
        "mistral",
        "offline",
        "ollama",
        "openai",
        "openrouter",
        "together",
        "vllm",
    )
}


def kinds() -> list[str]:
    """Names of all kinds of providers, in order."""
    return sorted(_table())


@cache
def provider(kind: str) -> Provider:
    """The provider of this kind.

    Raises: ConfigError when there is none, or when what a package registered is not a provider.
    """
    table = _BUILT_IN if kind in _BUILT_IN else _table()
    if kind not in table:
        raise ConfigError(f"unknown provider {kind!r}: use one of {', '.join(kinds())}")
    module, _, name = table[kind].partition(":")
    try:
        found = getattr(importlib.import_module(module), name, None)
        wrong = None if isinstance(found, Provider) else "is not a Provider"
    except Exception as error:  # noqa: BLE001  whatever a package raises when it is imported
        found, wrong = None, f"cannot be imported ({type(error).__name__}: {error})"
    if not isinstance(found, Provider):
        raise ConfigError(
            f"provider {kind!r} is registered as {table[kind]!r}, which {wrong}: "
            "update or remove the package that registers it"
        )
    return found


@cache
def _table() -> dict[str, str]:
    """Kind of provider -> ``module:name``; the built-in ones cannot be replaced."""
    return {entry.name: entry.value for entry in entry_points(group=GROUP)} | _BUILT_IN
