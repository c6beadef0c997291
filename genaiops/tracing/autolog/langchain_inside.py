"""What is current while LangChain works inside a run, where its callbacks alone cannot say so.

Each function stands for one of LangChain's and calls it; names that a version lacks are left out.
"""

import importlib
import importlib.util
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from genaiops.tracing import diagnostics
from genaiops.tracing.autolog.langchain_runs import LangChainRun, Runs
from genaiops.tracing.autolog.patching import Patches
from genaiops.tracing.context import get_context, set_context

__all__ = ["follow"]

_GRAPH = "langgraph._internal._runnable"


def follow(patches: Patches, runs: Runs) -> None:
    """Puts the functions in place.

    Raises: AttributeError when this version of LangChain has no copies of contexts to follow.
    """
    from langchain_core.language_models import chat_models, llms
    from langchain_core.runnables import config

    inside = _Inside(runs)
    patches.replace(config, "_set_config_context", inside.copy)
    for owner, name, wrap in (
        (chat_models.BaseChatModel, "_generate_with_cache", inside.generate),
        (chat_models.BaseChatModel, "_agenerate_with_cache", inside.agenerate),
        (chat_models.BaseChatModel, "agenerate", _restoring),
        (llms.BaseLLM, "_generate_helper", inside.helper),
        (llms.BaseLLM, "_agenerate_helper", inside.ahelper),
        (llms.BaseLLM, "agenerate", _restoring),
        (getattr(chat_models, "AsyncChatModelStream", None), "set_start", _starting),
        (_graph(), "_set_config_context", inside.copy),
    ):
        if hasattr(owner, name):
            patches.replace(owner, name, wrap)


def _graph() -> Any:  # a module of LangGraph, or None
    if importlib.util.find_spec("langgraph") is None:
        return None
    try:
        return importlib.import_module(_GRAPH)
    except ImportError:  # a version that is built otherwise
        return None


def _restoring(original: Callable[..., Any]) -> Callable[..., Any]:
    """A model's end is told in a task of its own: what was current before is put back here."""

    async def restoring(*args: Any, **kwargs: Any) -> Any:  # as of LangChain
        before = get_context()
        try:
            return await original(*args, **kwargs)
        finally:
            if get_context() is not before:
                set_context(before)

    return restoring


def _starting(original: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a stream whose model is asked by whoever reads first."""

    def set_start(self: Any, cb: Any) -> Any:  # as of LangChain
        return original(self, None if cb is None else _restoring(cb))

    return set_start


@contextmanager
def _current(run: LangChainRun | None):  # noqa: ANN202  a generator of None
    before = get_context()
    if run is not None:
        set_context(run.context)
    try:
        yield
    finally:
        if run is not None and get_context() is run.context:  # else its first piece has come
            set_context(before)


class _Inside:
    """The wrappers that need to know the open runs."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    def _of(self, holder: Any, name: str) -> LangChainRun | None:  # a manager of callbacks
        try:
            return self._runs.get(getattr(holder, name, None))
        except Exception as error:  # noqa: BLE001  tracing never breaks the application
            diagnostics.note("following a LangChain run", error)
            return None

    def copy(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """In the copy of the context in which LangChain runs something, that run is current."""

        def _set_config_context(config: Any, *args: Any, **kwargs: Any) -> Any:  # as of LangChain
            result = original(config, *args, **kwargs)
            run = self._of(config.get("callbacks"), "parent_run_id")
            if run is not None:
                set_context(run.context)
            return result

        return _set_config_context

    def generate(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """While a chat model is at work on one list of messages, its run is current."""

        def _generate_with_cache(*args: Any, **kwargs: Any) -> Any:  # as of LangChain
            with _current(self._of(kwargs.get("run_manager"), "run_id")):
                return original(*args, **kwargs)

        return _generate_with_cache

    def agenerate(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """The same in the task that LangChain makes for it."""

        async def _agenerate_with_cache(*args: Any, **kwargs: Any) -> Any:  # as of LangChain
            with _current(self._of(kwargs.get("run_manager"), "run_id")):
                return await original(*args, **kwargs)

        return _agenerate_with_cache

    def helper(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """The same for a text model; of several prompts at once LangChain charges the first."""

        def _generate_helper(
            self_: Any, prompts: Any, stop: Any, run_managers: Any, **kwargs: Any
        ) -> Any:  # as of LangChain
            first = run_managers[0] if run_managers else None
            with _current(self._of(first, "run_id")):
                return original(self_, prompts, stop, run_managers, **kwargs)

        return _generate_helper

    def ahelper(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """The same, awaited."""

        async def _agenerate_helper(
            self_: Any, prompts: Any, stop: Any, run_managers: Any, **kwargs: Any
        ) -> Any:  # as of LangChain
            first = run_managers[0] if run_managers else None
            with _current(self._of(first, "run_id")):
                return await original(self_, prompts, stop, run_managers, **kwargs)

        return _agenerate_helper
