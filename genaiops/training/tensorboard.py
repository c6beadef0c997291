"""Recording of `SummaryWriter`, of torch and of tensorboardX: scalars and hyperparameters.

As with `genaiops.log_metric`, what is written outside of a run begins one.
"""

import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any, cast

from genaiops.runs.log import active_run_id
from genaiops.tracing import diagnostics
from genaiops.tracing.autolog.patching import Patches
from genaiops.training.imports import when_imported
from genaiops.training.session import RunLog, is_recorded

__all__ = ["autolog"]

_WRITERS = ("torch.utils.tensorboard.writer", "tensorboardX.writer")
_patches = Patches(
    "tensorboard",
    package="tensorboardX" if find_spec("torch") is None else "torch",
    distribution="tensorboardX" if find_spec("torch") is None else "torch",
    oldest="2.0",
)
_RECORDED = ("lightning", "pytorch_lightning", "transformers", "keras")
"""Libraries that write their own metrics with it, which are recorded there."""


def autolog(*, disable: bool = False) -> None:
    """Records what the program writes for TensorBoard: `add_scalar`, `add_scalars`, `add_hparams`.

    Args:
        disable: Puts the writers' own functions back.
    """
    _patches.switch(_change, disable=disable)


def _change() -> None:
    for name in _WRITERS:
        _patches.undo_with(when_imported(name, lambda name=name: _prepare(name)))


def _prepare(name: str) -> None:
    writer: Any = sys.modules[name].SummaryWriter
    _patches.replace(writer, "add_scalar", _scalar)
    _patches.replace(writer, "add_scalars", _scalars)
    _patches.replace(writer, "add_hparams", _hyperparameters)


def _scalar(original: Callable[..., Any]) -> Callable[..., Any]:
    def add_scalar(
        self: Any, tag: Any, scalar_value: Any, global_step: Any = None, *args: Any, **kwargs: Any
    ) -> Any:  # as of torch
        result = original(self, tag, scalar_value, global_step, *args, **kwargs)
        _attempt(_metrics, {tag: scalar_value}, global_step)
        return result

    return add_scalar


def _scalars(original: Callable[..., Any]) -> Callable[..., Any]:
    def add_scalars(
        self: Any, main_tag: Any, tag_scalar_dict: Any, global_step: Any = None, *args: Any,
        **kwargs: Any,
    ) -> Any:  # as of torch  # fmt: skip
        result = original(self, main_tag, tag_scalar_dict, global_step, *args, **kwargs)
        values = cast("Mapping[Any, Any]", tag_scalar_dict)
        _attempt(
            _metrics, {f"{main_tag}/{tag}": value for tag, value in values.items()}, global_step
        )
        return result

    return add_scalars


def _hyperparameters(original: Callable[..., Any]) -> Callable[..., Any]:
    def add_hparams(
        self: Any, hparam_dict: Any, metric_dict: Any, *args: Any, **kwargs: Any
    ) -> Any:  # as of torch
        result = original(self, hparam_dict, metric_dict, *args, **kwargs)
        _attempt(_settled, hparam_dict, metric_dict)
        return result

    return add_hparams


def _attempt(call: Callable[..., None], *args: Any) -> None:
    try:
        if _patches.on and not (is_recorded() and _by_a_library()):
            call(RunLog(active_run_id()), *args)
    except Exception as error:  # noqa: BLE001  recording never breaks the program
        diagnostics.note("values for tensorboard", error)


def _by_a_library() -> bool:
    """Whether a library that is recorded called the writer, not the program."""
    frame = sys._getframe(3)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  the caller of the writer
    return str(frame.f_globals.get("__name__")).startswith(_RECORDED)


def _metrics(log: RunLog, metrics: Mapping[str, Any], step: Any) -> None:
    log.metrics(metrics, 0 if step is None else int(step))


def _settled(log: RunLog, params: Mapping[str, Any], metrics: Mapping[str, Any]) -> None:
    log.params(params)
    log.metrics(metrics)
