"""Recording of calls that libraries make, without changing the program: on and off."""

import importlib
import importlib.util
import logging
from importlib.metadata import entry_points
from typing import Any

from genaiops.tracing.autolog import further
from genaiops.tracing.setup import install

__all__ = ["BUILT_IN", "autolog"]

BUILT_IN = {
    "openai": "genaiops.tracing.autolog.openai",
    "anthropic": "genaiops.tracing.autolog.anthropic",
    "langchain_core": "genaiops.tracing.autolog.langchain",
    "keras": "genaiops.training.keras",
    "lightgbm": "genaiops.training.lightgbm",
    "sklearn": "genaiops.training.sklearn",
    "tensorboardX": "genaiops.training.tensorboard",
    "torch": "genaiops.training.pytorch",
    "transformers": "genaiops.training.transformers",
    "xgboost": "genaiops.training.xgboost",
}
"""Packages with a module of ours; others come by the entry point group ``genaiops.autolog``."""

_log = logging.getLogger("genaiops")


def autolog(*, disable: bool = False) -> None:
    """Records the calls of every installed library that is known.

    Args:
        disable: Restores the libraries' own functions.
    """
    install()
    for package, module in BUILT_IN.items():
        if importlib.util.find_spec(package) is None or importlib.util.find_spec(module) is None:
            continue
        importlib.import_module(module).autolog(disable=disable)
    further.autolog(disable=disable)
    for point in entry_points(group="genaiops.autolog"):
        _switch(point, disable=disable)


def _switch(point: Any, *, disable: bool) -> None:  # an entry point of somebody else
    try:
        point.load()(disable=disable)
    except Exception:  # noqa: BLE001  an instrumentor of somebody else
        _log.exception("genaiops: autolog of %s failed", point.name)
