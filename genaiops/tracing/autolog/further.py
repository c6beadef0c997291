"""Libraries that are recorded through their OpenInference instrumentation, when that is installed.

What it says is read through the dialect table, as from any program that sends OpenTelemetry spans.
"""

import functools
import importlib
import importlib.util
import logging
import threading
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution
from typing import Any

from opentelemetry import trace as otel

from genaiops.errors import ConfigError
from genaiops.tracing.runtime import current
from genaiops.tracing.setup import install

__all__ = ["LIBRARIES", "autolog"]

LIBRARIES = {
    "agno": "agno",
    "autogen_agentchat": "autogen_agentchat",
    "bedrock": "boto3",
    "beeai": "beeai_framework",
    "claude_agent_sdk": "claude_agent_sdk",
    "cohere": "cohere",
    "crewai": "crewai",
    "dspy": "dspy",
    "google_adk": "google.adk",
    "google_genai": "google.genai",
    "groq": "groq",
    "guardrails": "guardrails",
    "haystack": "haystack",
    "instructor": "instructor",
    "litellm": "litellm",
    "llama_index": "llama_index",
    "mcp": "mcp",
    "mistralai": "mistralai",
    "ollama": "ollama",
    "openai_agents": "agents",
    "portkey": "portkey_ai",
    "smolagents": "smolagents",
    "vertexai": "vertexai",
}
"""Name of a library here -> its import name; ``openinference-instrumentation-NAME`` records it."""

_GROUPS = ("openinference_instrumentor", "opentelemetry_instrumentor")
_log = logging.getLogger("genaiops")
_lock = threading.Lock()
_on: dict[str, Any] = {}  # instrumentors at work, by library


def autolog(*libraries: str, disable: bool = False) -> None:
    """Records these libraries, or every one of `LIBRARIES` that is installed.

    Args:
        libraries: Names from `LIBRARIES`.
        disable: Takes the instrumentations away again.

    Raises: ConfigError when a name is not in `LIBRARIES`.
    """
    for library in libraries:
        if library not in LIBRARIES:
            raise ConfigError(
                f"autolog does not know {library!r}: it knows {', '.join(sorted(LIBRARIES))}"
            )
    with _lock:
        if disable:
            for library in [one for one in _on if not libraries or one in libraries]:
                _on.pop(library).uninstrument()
            return
        install()
        for library in libraries or LIBRARIES:
            if library not in _on:
                _begin(library, asked=bool(libraries))


def _begin(library: str, *, asked: bool) -> None:
    package = f"openinference-instrumentation-{library.replace('_', '-')}"
    level = logging.WARNING if asked else logging.DEBUG
    if not _findable(LIBRARIES[library]):
        _log.log(level, "genaiops: %s is not installed, so there is nothing to record", library)
        return
    point = _instrumentor(package)
    if point is None:
        _log.log(level, "genaiops: to record %s: pip install %s", library, package)
        return
    try:
        instrumentor = point.load()()
        instrumentor.instrument(tracer_provider=_provider(), **_hiding())
    except Exception:  # noqa: BLE001  an instrumentor of somebody else
        _log.warning("genaiops: %s did not start", package, exc_info=True)
        return
    _on[library] = instrumentor


def _findable(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):  # a parent is missing, or a stand-in without a spec
        return False


def _instrumentor(package: str) -> EntryPoint | None:
    """Where the package says its instrumentor is."""
    try:
        points = distribution(package).entry_points
    except PackageNotFoundError:
        return None
    return next((point for group in _GROUPS for point in points.select(group=group)), None)


def _hiding() -> dict[str, Any]:
    """What makes an instrumentation leave contents out, where they may not be recorded."""
    if current().capture.mode == "full":
        return {}
    shared = importlib.import_module("openinference.instrumentation")
    return {"config": shared.TraceConfig(hide_inputs=True, hide_outputs=True)}


def _provider() -> Any:  # a TracerProvider of the SDK
    """The application's own provider, which is joined; one of ours where it has none."""
    known = getattr(otel, "_TRACER_PROVIDER", None)
    return _ours() if known is None else known


@functools.cache
def _ours() -> Any:  # a TracerProvider of the SDK
    from opentelemetry.sdk.trace import TracerProvider

    from genaiops.tracing.sdk import GenaiopsSpanProcessor

    made = TracerProvider(shutdown_on_exit=False)
    made.add_span_processor(GenaiopsSpanProcessor())
    return made
