"""What is known of a fitted estimator: its scores on the training data, and a summary of it."""

import importlib
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from genaiops.training.session import Session, bounded

__all__ = ["Given", "described", "features", "scored"]

_MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class Given:
    """What a fit was given: rows, targets, and weights of rows."""

    rows: Any
    targets: Any
    weights: Any


def features(
    original: Callable[..., Any], estimator: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Given | None:
    """The arguments of a fit, whatever they are called there; None without rows."""
    try:
        found = inspect.signature(original)
        bound = found.bind(estimator, *args, **kwargs).arguments
    except (TypeError, ValueError):
        return None
    names = [name for name in bound if found.parameters[name].kind not in _ANY][1:]
    if names:
        rows = bound[names[0]]
        targets = next((bound[name] for name in names if name.lower() in _TARGETS), None)
    else:  # fit(self, *args, **kwargs)
        rows, targets = [*args, kwargs.get("X"), kwargs.get("y")][:2]
    weights = bound.get("sample_weight", kwargs.get("sample_weight"))
    return None if rows is None else Given(rows, targets, weights)


_ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_TARGETS = ("y", "target", "targets")


def scored(session: Session, estimator: Any, given: Given) -> dict[str, float]:
    """Scores on the training data, under MLflow's names; ``training_score`` for every estimator."""
    base: Any = importlib.import_module("sklearn.base")
    metrics = importlib.import_module("sklearn.metrics")
    found: dict[str, float] = {}
    if given.targets is not None and hasattr(estimator, "predict"):
        score = (
            _classifier
            if base.is_classifier(estimator)
            else _regressor
            if base.is_regressor(estimator)
            else None
        )
        if score is not None:
            found = session.attempt("training scores", score, estimator, given, metrics) or {}
    usual = {
        base.ClassifierMixin.score: "training_accuracy_score",
        base.RegressorMixin.score: "training_r2_score",
    }
    known = usual.get(getattr(cast("type[Any]", type(estimator)), "score", None))
    if known in found:
        found["training_score"] = found[known]
    elif hasattr(estimator, "score") and (
        not hasattr(estimator, "cv_results_") or hasattr(estimator, "best_estimator_")
    ):
        found["training_score"] = session.attempt("the score", _own_score, estimator, given)
    return found


def _own_score(estimator: Any, given: Given) -> Any:
    weighted = given.weights is not None and (
        "sample_weight" in inspect.signature(estimator.score).parameters
    )
    options = {"sample_weight": given.weights} if weighted else {}
    if given.targets is None:
        return estimator.score(given.rows, **options)
    return estimator.score(given.rows, given.targets, **options)


def _classifier(estimator: Any, given: Given, metrics: Any) -> dict[str, float]:
    predicted = estimator.predict(given.rows)
    told = {"y_true": given.targets, "y_pred": predicted, "sample_weight": given.weights}
    average = {"average": "weighted", "zero_division": 0}
    found = {
        "training_accuracy_score": metrics.accuracy_score(**told),
        "training_precision_score": metrics.precision_score(**told, **average),
        "training_recall_score": metrics.recall_score(**told, **average),
        "training_f1_score": metrics.f1_score(**told, **average),
    }
    classes = getattr(estimator, "classes_", ())
    if (
        hasattr(estimator, "predict_proba")
        and getattr(classes, "ndim", 0) == 1
        and len(classes) > 1
    ):
        shares = estimator.predict_proba(given.rows)
        weights = {"sample_weight": given.weights}
        found["training_log_loss"] = metrics.log_loss(
            given.targets, shares, labels=classes, **weights
        )
        several = {"average": "weighted", "multi_class": "ovo"}
        scores = shares[:, 1] if shares.shape[1] == 2 else shares
        if given.weights is None or shares.shape[1] == 2:  # ovo takes no weights
            found["training_roc_auc"] = metrics.roc_auc_score(
                given.targets, scores, **several, **weights
            )
    return found


def _regressor(estimator: Any, given: Given, metrics: Any) -> dict[str, float]:
    told = {
        "y_true": given.targets,
        "y_pred": estimator.predict(given.rows),
        "sample_weight": given.weights,
    }
    squared = float(metrics.mean_squared_error(**told))
    return {
        "training_mean_squared_error": squared,
        "training_root_mean_squared_error": math.sqrt(squared),
        "training_mean_absolute_error": metrics.mean_absolute_error(**told),
        "training_r2_score": metrics.r2_score(**told),
    }


def described(estimator: Any) -> str:
    """The estimator as text, and what fitting it found, by name and shape."""
    lines = [str(estimator), ""]
    for name, value in sorted(cast("dict[str, Any]", vars(estimator)).items()):
        if name.endswith("_") and not name.startswith("_"):
            lines.append(f"{name}: {_told(value)}")
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"… and {len(lines) - _MOST_LINES} more"]
    return "\n".join(lines) + "\n"


def _told(value: Any) -> str:
    shape = getattr(value, "shape", None)
    if shape:
        return f"{type(value).__name__} {'×'.join(map(str, shape))}"
    if isinstance(value, list | tuple | dict | set):
        return f"{type(value).__name__} of {len(value)}"  # pyright: ignore[reportUnknownArgumentType]  of any kind
    return str(bounded(value)).partition("\n")[0][:200]
