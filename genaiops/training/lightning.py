"""Recording of Lightning, under either of its names: a callback of ours during `Trainer.fit`."""

import functools
import importlib
import sys
import weakref
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any, cast

from genaiops.tracing import diagnostics
from genaiops.tracing.autolog.patching import Patches
from genaiops.tracing.context import active_run, active_training
from genaiops.training.imports import when_imported
from genaiops.training.modules import log_summary
from genaiops.training.session import RunLog, Session, is_recorded

__all__ = ["autolog"]

_PACKAGES = {"lightning.pytorch": "lightning", "pytorch_lightning": "pytorch_lightning"}
_patches = Patches(
    "lightning",
    package="pytorch_lightning" if find_spec("lightning") is None else "lightning",
    distribution="lightning",
    oldest="2.0",
)
_STOPPING = ("monitor", "mode", "patience", "min_delta")
_every: list[int | None] = [None]
_logs: "weakref.WeakKeyDictionary[Any, RunLog]" = weakref.WeakKeyDictionary()
"""The run that each trainer was recorded in last: what it tests later belongs there."""


def autolog(*, log_every_n_step: int | None = None, disable: bool = False) -> None:
    """Records every `Trainer.fit`; what `test` and `validate` find goes to the run of the fit.

    Args:
        log_every_n_step: Logs metrics of steps as well, each so many steps; None logs epochs only.
        disable: Puts Lightning's own functions back.
    """
    _every[0] = log_every_n_step
    _patches.switch(_change, disable=disable)


def _change() -> None:
    for package in _PACKAGES:
        ready = functools.partial(_prepare, package)
        _patches.undo_with(when_imported(f"{package}.trainer.trainer", ready))


def _prepare(package: str) -> None:
    trainer: Any = sys.modules[f"{package}.trainer.trainer"].Trainer
    _patches.replace(trainer, "fit", functools.partial(_fitting, package))
    for name in ("test", "validate"):
        _patches.replace(trainer, name, _evaluating)


def _fitting(package: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def fit(self: Any, *args: Any, **kwargs: Any) -> Any:  # as of Lightning
        if not _patches.on or is_recorded() or not _leads(self):
            return original(self, *args, **kwargs)
        module = kwargs.get("model", args[0] if args else None)
        with Session("lightning", type(module).__name__) as session:
            _logs[self] = session.log
            session.attempt("parameters", _begun, session.log, self, module)
            ours = session.attempt("a callback", make_callback, package, session.log, _every[0])
            if ours is not None:
                self.callbacks.append(ours)
            try:
                result = original(self, *args, **kwargs)
            finally:
                if ours in self.callbacks:
                    self.callbacks.remove(ours)
            session.attempt("results", _stopped, session.log, self)
        return result

    return fit


def _evaluating(original: Callable[..., Any]) -> Callable[..., Any]:
    def evaluate(self: Any, *args: Any, **kwargs: Any) -> Any:  # as of Lightning
        result = original(self, *args, **kwargs)
        if _patches.on and not is_recorded() and _leads(self):
            try:
                _found(_logs.get(self, RunLog(active_run.get())), result, self.current_epoch)
            except Exception as error:  # noqa: BLE001  recording never breaks the program
                diagnostics.note("results for lightning", error)
        return result

    return evaluate


def _leads(trainer: Any) -> bool:
    """Whether this process is the first of those that train together."""
    return bool(getattr(trainer, "is_global_zero", True))


def _begun(log: RunLog, trainer: Any, module: Any) -> None:
    found: dict[str, Any] = {"epochs": trainer.max_epochs}
    for callback in trainer.callbacks:
        if type(callback).__name__ == "EarlyStopping":
            found |= {key: getattr(callback, key) for key in _STOPPING if hasattr(callback, key)}
    log.params(found)
    log.params(dict(getattr(module, "hparams", None) or {}))
    log.tags({"Mode": "training"})
    log_summary(log, module)


def _stopped(log: RunLog, trainer: Any) -> None:
    for callback in trainer.callbacks:
        if type(callback).__name__ == "EarlyStopping" and callback.stopped_epoch:
            log.metrics(
                {
                    "stopped_epoch": callback.stopped_epoch,
                    "restored_epoch": callback.stopped_epoch - max(1, callback.patience),
                    "best_score": callback.best_score,
                    "wait_count": callback.wait_count,
                }
            )


def _found(log: RunLog, results: Any, epoch: int) -> None:
    for one in results or ():
        if isinstance(one, Mapping):
            log.metrics(cast("Mapping[str, Any]", one), epoch)


def make_callback(package: str, log: RunLog, every: int | None) -> Any:
    """A callback of Lightning that logs; it is made anew where it was sent to."""
    base: Any = importlib.import_module(f"{package}.callbacks").Callback
    metrics = _Metrics(log, every)

    class Recording(base):
        def __reduce__(self) -> Any:
            return make_callback, (package, log, every)

        def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
            del trainer, pl_module, stage
            if not is_recorded():  # in a process that Lightning started: a part of it as well
                active_training.set(self)

        def on_train_start(self, trainer: Any, pl_module: Any) -> None:
            del pl_module
            metrics.attempt(trainer, metrics.begun)

        def on_train_batch_end(self, trainer: Any, *args: Any) -> None:
            del args
            if every and trainer.global_step % every == 0:
                metrics.attempt(trainer, metrics.step)

        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            del pl_module
            metrics.attempt(trainer, metrics.epoch)

    return Recording()


class _Metrics:
    """Logs each metric at steps or at epochs, never at both: at epochs where both are there."""

    def __init__(self, log: RunLog, every: int | None) -> None:
        self._log = log
        self._every = every
        self._of_epochs: set[str] = set()
        self._of_steps: set[str] = set()

    def attempt(self, trainer: Any, call: Callable[[Any], None]) -> None:
        """Calls in the process that leads; what fails is told once."""
        try:
            if _leads(trainer) and not trainer.sanity_checking:
                call(trainer)
        except Exception as error:  # noqa: BLE001  recording never breaks the training
            diagnostics.note("metrics for lightning", error)

    def begun(self, trainer: Any) -> None:
        """The optimizers are there."""
        if trainer.optimizers:
            first = trainer.optimizers[0]
            first = getattr(first, "optimizer", first)  # of Lightning, around the one of torch
            told = {"optimizer_name": type(first).__name__}
            self._log.params(told | getattr(first, "defaults", {}))

    def step(self, trainer: Any) -> None:
        """A step that is logged has ended."""
        seen = dict(trainer.callback_metrics)
        chosen = {
            key: value
            for key, value in seen.items()
            if key not in self._of_epochs and f"{key}_step" not in seen
        }
        self._of_steps.update(chosen)
        self._log.metrics(chosen, trainer.global_step)

    def epoch(self, trainer: Any) -> None:
        """An epoch has ended, its validation included."""
        seen = dict(trainer.callback_metrics)
        chosen = {key: value for key, value in seen.items() if key not in self._of_steps}
        self._of_epochs.update(chosen)
        self._log.metrics(chosen, trainer.current_epoch)
