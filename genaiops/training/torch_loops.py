"""Recording of loops in plain torch: the optimizer, and the loss at its steps.

The loss is what `backward` was called on; where a `GradScaler` scaled it, what it was before.
As with `genaiops.log_metric`, a loop outside of a run begins one.
"""

import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

from genaiops.runs.log import active_run_id
from genaiops.tracing import diagnostics
from genaiops.tracing.autolog.patching import Patches
from genaiops.training.imports import when_imported
from genaiops.training.session import RunLog, is_recorded

__all__ = ["autolog"]

_patches = Patches("pytorch", package="torch", distribution="torch", oldest="2.1")
_every: list[int] = [10]
_last = threading.local()
_UNSCALED = "_genaiops_unscaled"


class _Steps:
    """How often the optimizers of one run have stepped."""

    def __init__(self) -> None:
        self.counts: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self.names: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
        self.seen = 0


_runs: dict[str, _Steps] = {}


def autolog(*, log_every_n_step: int = 10, disable: bool = False) -> None:
    """Records loss and learning rate of loops in plain torch.

    Args:
        log_every_n_step: How many steps of an optimizer lie between two values; the first step
            has values too. Reading a loss waits for the GPU.
        disable: Puts torch's own functions back.
    """
    _every[0] = max(int(log_every_n_step), 1)
    _patches.switch(_change, disable=disable)


def _change() -> None:
    _patches.undo_with(when_imported("torch", _prepare))


def _prepare() -> None:
    torch: Any = sys.modules["torch"]
    _patches.replace(torch.Tensor, "backward", _backward)
    _patches.replace(torch.amp.GradScaler, "scale", _scale)
    optimizers: Any = sys.modules["torch.optim.optimizer"]
    handle = optimizers.register_optimizer_step_post_hook(_stepped)
    _patches.undo_with(handle.remove)


def _backward(original: Callable[..., Any]) -> Callable[..., Any]:
    def backward(self: Any, *args: Any, **kwargs: Any) -> Any:  # as of torch
        if _patches.on and not is_recorded() and self.numel() == 1:
            _last.loss = getattr(self, _UNSCALED, self).detach()
        return original(self, *args, **kwargs)

    return backward


def _scale(original: Callable[..., Any]) -> Callable[..., Any]:
    def scale(self: Any, outputs: Any) -> Any:  # as of torch
        scaled = original(self, outputs)
        if scaled is not outputs and hasattr(outputs, "detach") and hasattr(scaled, "detach"):
            setattr(scaled, _UNSCALED, outputs.detach())
        return scaled

    return scale


def _stepped(optimizer: Any, args: Any, kwargs: Any) -> None:
    del args, kwargs
    torch: Any = sys.modules["torch"]
    if torch.compiler.is_compiling() or is_recorded() or not _leads(torch):
        return
    try:
        _log(optimizer)
    except Exception as error:  # noqa: BLE001  recording never breaks the training
        diagnostics.note("a step of torch", error)


def _leads(torch: Any) -> bool:
    """Whether this process is the first of those that train together."""
    together = torch.distributed
    return not (together.is_available() and together.is_initialized()) or together.get_rank() == 0


def _log(optimizer: Any) -> None:
    log = RunLog(active_run_id())
    steps = _runs.setdefault(str(log.run_id), _Steps())
    count = steps.counts[optimizer] = steps.counts.get(optimizer, 0) + 1
    if count == 1:
        steps.names[optimizer] = f"_{steps.seen}" if steps.seen else ""
        steps.seen += 1
        _described(log, optimizer, steps.names[optimizer])
    if count != 1 and count % _every[0]:
        return
    name = steps.names[optimizer]
    found: dict[str, Any] = {f"learning_rate{name}": optimizer.param_groups[0].get("lr")}
    loss = getattr(_last, "loss", None)
    if loss is not None:
        found[f"loss{name}"] = loss
    log.metrics(found, count)


def _described(log: RunLog, optimizer: Any, name: str) -> None:
    weights = sum(part.numel() for group in optimizer.param_groups for part in group["params"])
    found = {"optimizer_name": type(optimizer).__name__, "trained_weights": weights}
    found |= optimizer.defaults
    log.params({f"{key}{name}": value for key, value in found.items()})
    log.tags({"genaiops.autolog": "torch"})
