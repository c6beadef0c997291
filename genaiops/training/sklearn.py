"""Recording of scikit-learn: parameters, scores, searches with a child run for each candidate.

Every class that derives from `BaseEstimator` has its own `fit`, so each is wrapped where it is
defined, or right after. A fit that scikit-learn itself calls is a part of what the user called.
Classes of ``__main__`` are left alone: those are pickled by value, and would take our code with them.
"""

import functools
import inspect
import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType, FunctionType
from typing import Any, cast

from genaiops.tracing.autolog.patching import Patches
from genaiops.training.imports import when_imported
from genaiops.training.session import Session, is_recorded
from genaiops.training.sklearn_facts import described, features, scored
from genaiops.training.sklearn_search import record_folds, record_search

__all__ = ["autolog"]

_patches = Patches("ml", package="sklearn", distribution="scikit-learn", oldest="1.4")
_METHODS = ("fit", "fit_transform", "fit_predict")
_PREPARING = (
    "sklearn.preprocessing", "sklearn.impute", "sklearn.feature_extraction",
    "sklearn.feature_selection", "sklearn.compose._column_transformer",
)  # fmt: skip
"""Modules whose classes prepare data: by themselves they are no training, as in MLflow."""
_changed: "weakref.WeakSet[type[Any]]" = weakref.WeakSet()
_ORIGINAL = "__genaiops_original__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `autolog` was told."""

    log_models: bool = False
    log_scores: bool = True
    max_tuning_runs: int | None = 100


_options = Options()


def autolog(
    *,
    log_models: bool = False,
    log_scores: bool = True,
    max_tuning_runs: int | None = 100,
    disable: bool = False,
) -> None:
    """Records every fit of an estimator, pipeline or search, and every cross-validation.

    Args:
        log_models: Keeps the fitted estimator as the model ``model`` of the run, by skops.
        log_scores: Scores of the training data, under MLflow's names; they cost a prediction.
        max_tuning_runs: The best candidates of a search that get a child run; None is all.
        disable: Puts scikit-learn's own functions back.
    """
    global _options
    _options = Options(
        log_models=log_models, log_scores=log_scores, max_tuning_runs=max_tuning_runs
    )
    _patches.switch(_change, disable=disable)


def _change() -> None:
    _patches.undo_with(when_imported("sklearn.base", _estimators))
    _patches.undo_with(when_imported("sklearn.model_selection._validation", _cross_validation))
    _patches.undo_with(_put_back)


def _estimators() -> None:
    base: Any = sys.modules["sklearn.base"].BaseEstimator
    own = cast("dict[str, Any]", vars(base)).get("__init_subclass__")

    def __init_subclass__(cls: type[Any], **kwargs: Any) -> None:  # noqa: N807  as Python calls it
        super(base, cls).__init_subclass__(**kwargs)
        _wrap_methods(cls)

    for found in _subclasses(base):
        _wrap_methods(found)
    if own is None:
        base.__init_subclass__ = classmethod(__init_subclass__)
        _patches.undo_with(lambda: delattr(base, "__init_subclass__"))


def _subclasses(kind: type[Any]) -> set[type[Any]]:
    found: set[type[Any]] = set()
    waiting = [kind]
    while waiting:
        for sub in waiting.pop().__subclasses__():
            if sub not in found:
                found.add(sub)
                waiting.append(sub)
    return found


def _wrap_methods(kind: type[Any]) -> None:
    if kind.__module__ == "__main__" or "<locals>" in kind.__qualname__:
        return
    for name in _METHODS:
        own = vars(kind).get(name)
        conditional = isinstance(getattr(own, "fn", None), FunctionType)  # of available_if
        function = cast("Any", own).fn if conditional else own
        if isinstance(function, FunctionType) and not hasattr(function, _ORIGINAL):
            _put(kind, name, _wrapped(function))
            _changed.add(kind)


def _put(kind: type[Any], name: str, function: Callable[..., Any]) -> None:
    own: Any = vars(kind)[name]
    if hasattr(own, "fn"):
        own.fn = function
    else:
        setattr(kind, name, function)


def _wrapped(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def fit(self: Any, *args: Any, **kwargs: Any) -> Any:  # as of the estimator
        return _recorded(original, self, args, kwargs)

    setattr(fit, _ORIGINAL, original)
    return fit


def _put_back() -> None:
    for kind in list(_changed):
        for name in _METHODS:
            own = vars(kind).get(name)
            original = getattr(getattr(own, "fn", own), _ORIGINAL, None)
            if original is not None:
                _put(kind, name, original)
    _changed.clear()


def _recorded(
    original: Callable[..., Any], estimator: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    if not _patches.on or is_recorded() or _is_part(estimator, inspect.currentframe()):
        return original(estimator, *args, **kwargs)
    package = type(estimator).__module__.partition(".")[0]
    with Session("sklearn", type(estimator).__name__, package=package) as session:
        session.attempt("parameters", _begun, session, estimator)
        result = original(estimator, *args, **kwargs)
        session.attempt("results", _fitted, session, estimator, original, args, kwargs)
    return result


def _is_part(estimator: Any, caller: FrameType | None) -> bool:
    """Whether it prepares data only, or scikit-learn itself called."""
    if type(estimator).__module__.startswith(_PREPARING):
        return True
    while caller is not None:
        if str(caller.f_globals.get("__name__")).startswith("sklearn."):
            return True
        caller = caller.f_back
    return False


def _begun(session: Session, estimator: Any) -> None:
    session.log.params(estimator.get_params(deep=True))
    kind = cast("type[Any]", type(estimator))
    session.log.tags(
        {"estimator_name": kind.__name__, "estimator_class": f"{kind.__module__}.{kind.__name__}"}
    )


def _fitted(
    session: Session,
    estimator: Any,
    original: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    given = features(original, estimator, args, kwargs)
    session.attempt("a model summary", _summary, session, estimator)
    if hasattr(estimator, "cv_results_"):
        session.attempt("a search", record_search, session, estimator, _options.max_tuning_runs)
    if _options.log_scores and given is not None:
        scores = session.attempt("training scores", scored, session, estimator, given)
        session.log.metrics(scores or {})
    if _options.log_models:
        session.attempt("a model", _kept, session, estimator)


def _summary(session: Session, estimator: Any) -> None:
    session.log.file("model_summary.txt", described(estimator).encode(errors="replace"))


def _kept(session: Session, estimator: Any) -> None:
    from genaiops.models import log_model

    if session.log.run_id is not None:
        log_model(getattr(estimator, "best_estimator_", estimator), "model")


def _cross_validation() -> None:
    module = sys.modules["sklearn.model_selection._validation"]
    _patches.replace(module, "cross_validate", _validated)
    package = sys.modules.get("sklearn.model_selection")
    if package is not None and hasattr(package, "cross_validate"):  # it was there before
        _patches.replace(package, "cross_validate", lambda _: module.cross_validate)


def _validated(original: Callable[..., Any]) -> Callable[..., Any]:
    def cross_validate(*args: Any, **kwargs: Any) -> Any:  # as of scikit-learn
        estimator = kwargs.get("estimator", args[0] if args else None)
        if not _patches.on or is_recorded() or not hasattr(estimator, "get_params"):
            return original(*args, **kwargs)
        with Session("sklearn", f"cross_validate {type(estimator).__name__}") as session:
            session.attempt("parameters", _begun, session, estimator)
            result = original(*args, **kwargs)
            session.attempt("folds", record_folds, session, result)
        return result

    return cross_validate
