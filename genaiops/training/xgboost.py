"""Recording of XGBoost: `train`, and the estimators that call it."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from genaiops.tracing.autolog.patching import Patches
from genaiops.training.boosting import Boosting, log_importance
from genaiops.training.imports import when_imported
from genaiops.training.session import RunLog

__all__ = ["autolog"]

_patches = Patches("xgboost", package="xgboost", distribution="xgboost", oldest="2.0")
_HOLDERS = ("xgboost.training", "xgboost", "xgboost.sklearn")


def autolog(*, disable: bool = False) -> None:
    """Records every training: parameters, scores of each round, the importance of features.

    Args:
        disable: Puts XGBoost's own function back.
    """
    _patches.switch(_change, disable=disable)


def _change() -> None:
    _patches.undo_with(when_imported("xgboost", _prepare))


def _prepare() -> None:
    original: Any = sys.modules["xgboost.training"].train
    for name in _HOLDERS:
        holder: Any = sys.modules.get(name)
        if getattr(holder, "train", None) is original:
            _patches.replace(holder, "train", _boosting.training)


def _callback(told: Callable[[int, Mapping[str, Any]], None]) -> Any:
    base: Any = sys.modules["xgboost.callback"].TrainingCallback

    class Recording(base):
        def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Any]) -> bool:
            del model
            scores: dict[str, Any] = {}
            for data, metrics in evals_log.items():
                for metric, values in metrics.items():
                    last = values[-1]  # of a cross-validation with its deviation
                    scores[f"{data}-{metric}"] = last[0] if isinstance(last, tuple) else last
            told(epoch, scores)
            return False

    return Recording()


def _finished(log: RunLog, booster: Any, rounds: list[Mapping[str, Any]]) -> None:
    best = getattr(booster, "best_iteration", None) if booster.attr("best_iteration") else None
    if best is not None and best < len(rounds):
        log.metrics({"stopped_iteration": len(rounds) - 1, "best_iteration": best})
        log.metrics(rounds[int(best)], len(rounds))
    log_importance(log, "weight", booster.get_score(importance_type="weight"))


_boosting = Boosting("xgboost", is_on=lambda: _patches.on, callback=_callback, finished=_finished)
