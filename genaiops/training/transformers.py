"""Recording of the `Trainer` of transformers: what it logs, where it logs it."""

import sys
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from genaiops.tracing import diagnostics
from genaiops.tracing.autolog.patching import Patches
from genaiops.training.imports import when_imported
from genaiops.training.modules import log_summary
from genaiops.training.session import RunLog, Session, is_recorded

__all__ = ["autolog"]

_patches = Patches(
    "transformers", package="transformers", distribution="transformers", oldest="4.40"
)
_logs: "weakref.WeakKeyDictionary[Any, RunLog]" = weakref.WeakKeyDictionary()
"""The run that each trainer was recorded in last: what it evaluates later belongs there."""


def autolog(*, disable: bool = False) -> None:
    """Records every `Trainer.train`, and what the trainer logs then and later.

    Args:
        disable: Puts the trainer's own functions back.
    """
    _patches.switch(_change, disable=disable)


def _change() -> None:
    _patches.undo_with(when_imported("transformers.trainer", _prepare))


def _prepare() -> None:
    trainer: Any = sys.modules["transformers.trainer"].Trainer
    _patches.replace(trainer, "train", _training)
    _patches.replace(trainer, "log", _logging)


def _training(original: Callable[..., Any]) -> Callable[..., Any]:
    def train(self: Any, *args: Any, **kwargs: Any) -> Any:  # as of transformers
        if not _patches.on or is_recorded() or not self.is_world_process_zero():
            return original(self, *args, **kwargs)
        name = getattr(self.args, "run_name", None) or type(self.model).__name__
        with Session("transformers", str(name)) as session:
            _logs[self] = session.log
            session.attempt("parameters", _begun, session.log, self)
            return original(self, *args, **kwargs)

    return train


def _begun(log: RunLog, trainer: Any) -> None:
    config = getattr(trainer.model, "config", None)
    told: Mapping[str, Any] = {} if config is None else config.to_dict()
    log.params(dict(told) | trainer.args.to_dict())
    if trainer.model is not None:
        log_summary(log, trainer.model)


def _logging(original: Callable[..., Any]) -> Callable[..., Any]:
    def log(self: Any, logs: Any, *args: Any, **kwargs: Any) -> Any:  # as of transformers
        result = original(self, logs, *args, **kwargs)
        known = _logs.get(self)
        if _patches.on and known is not None:
            try:
                known.metrics(logs, self.state.global_step)
            except Exception as error:  # noqa: BLE001  recording never breaks the training
                diagnostics.note("metrics for transformers", error)
        return result

    return log
