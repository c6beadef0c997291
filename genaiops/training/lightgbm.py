"""Recording of LightGBM: `train`, and the estimators that call it."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from genaiops.tracing.autolog.patching import Patches
from genaiops.training.boosting import Boosting, log_importance
from genaiops.training.imports import when_imported
from genaiops.training.session import RunLog

__all__ = ["autolog"]

_patches = Patches("lightgbm", package="lightgbm", distribution="lightgbm", oldest="4.0")
_HOLDERS = ("lightgbm.engine", "lightgbm", "lightgbm.sklearn")


def autolog(*, disable: bool = False) -> None:
    """Records every training: parameters, scores of each round, the importance of features.

    Args:
        disable: Puts LightGBM's own function back.
    """
    _patches.switch(_change, disable=disable)


def _change() -> None:
    _patches.undo_with(when_imported("lightgbm", _prepare))


def _prepare() -> None:
    original: Any = sys.modules["lightgbm.engine"].train
    for name in _HOLDERS:
        holder: Any = sys.modules.get(name)
        if getattr(holder, "train", None) is original:
            _patches.replace(holder, "train", _boosting.training)


def _callback(told: Callable[[int, Mapping[str, Any]], None]) -> Any:
    def recording(env: Any) -> None:
        told(env.iteration, {f"{row[0]}-{row[1]}": row[2] for row in env.evaluation_result_list})

    recording.order = 25  # pyright: ignore[reportFunctionMemberAccess]  before early stopping, which raises
    return recording


def _finished(log: RunLog, booster: Any, rounds: list[Mapping[str, Any]]) -> None:
    best = booster.best_iteration
    if 0 < best <= len(rounds):
        log.metrics({"stopped_iteration": len(rounds), "best_iteration": best})
        log.metrics(rounds[int(best) - 1], len(rounds))
    names = booster.feature_name()
    for kind in ("split", "gain"):
        values = booster.feature_importance(importance_type=kind).tolist()
        log_importance(log, kind, dict(zip(names, values, strict=True)))


_boosting = Boosting("lightgbm", is_on=lambda: _patches.on, callback=_callback, finished=_finished)
