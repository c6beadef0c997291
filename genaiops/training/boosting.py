"""What XGBoost and LightGBM share: a function `train` with parameters, rounds and callbacks."""

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from genaiops.training.session import RunLog, Session, arguments, around, is_recorded

__all__ = ["Boosting", "log_importance"]

_UNTOLD = (
    "params", "dtrain", "train_set", "evals", "valid_sets", "valid_names", "obj", "feval",
    "custom_metric", "evals_result", "xgb_model", "init_model", "callbacks",
)  # fmt: skip


class Boosting:
    """How the trainings of one of the two are recorded.

    Args:
        library: Name of both library and package.
        is_on: Whether they are recorded now.
        callback: Makes a callback of the library from what takes the scores of a round.
        finished: Logs what only the booster knows.
    """

    def __init__(
        self,
        library: str,
        *,
        is_on: Callable[[], bool],
        callback: Callable[[Callable[[int, Mapping[str, Any]], None]], Any],
        finished: Callable[[RunLog, Any, list[Mapping[str, Any]]], None],
    ) -> None:
        self.library = library
        self._is_on = is_on
        self._callback = callback
        self._finished = finished

    def training(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """The library's `train` with a run around it, or in the run of the estimator around."""
        signature = inspect.signature(original)

        def train(*args: Any, **kwargs: Any) -> Any:  # as of the library
            log = around(self.library)
            if not self._is_on() or (log is None and is_recorded()):
                return original(*args, **kwargs)
            with Session(self.library, f"{self.library} train", log=log) as session:
                return self._train(session, original, signature, args, kwargs)

        return train

    def _train(
        self,
        session: Session,
        original: Callable[..., Any],
        signature: inspect.Signature,
        args: Any,
        kwargs: Any,
    ) -> Any:
        rounds: list[Mapping[str, Any]] = []
        bound = arguments(signature, args, kwargs)
        if bound is None:
            return original(*args, **kwargs)
        session.attempt("parameters", _begun, session.log, bound)
        ours = session.attempt("a callback", self._callback, _Rounds(session, rounds))
        if ours is not None:
            bound.arguments["callbacks"] = [*(bound.arguments.get("callbacks") or ()), ours]
        booster = original(*bound.args, **bound.kwargs)
        session.attempt("results", self._finished, session.log, booster, rounds)
        return booster


class _Rounds:
    """Takes the scores of each round."""

    def __init__(self, session: Session, rounds: list[Mapping[str, Any]]) -> None:
        self._session = session
        self._rounds = rounds

    def __call__(self, step: int, scores: Mapping[str, Any]) -> None:
        named = {key.replace("@", "_at_"): value for key, value in scores.items()}
        self._rounds.append(named)
        self._session.attempt("metrics", self._session.log.metrics, named, step)


def _begun(log: RunLog, bound: inspect.BoundArguments) -> None:
    params = bound.arguments.get("params")
    if isinstance(params, Mapping):
        log.params({str(key): value for key, value in cast("Mapping[Any, Any]", params).items()})
    for key, parameter in bound.signature.parameters.items():
        if key not in _UNTOLD:
            log.params({key: bound.arguments.get(key, parameter.default)})


def log_importance(log: RunLog, kind: str, importance: Mapping[str, Any]) -> None:
    """Keeps the importance of features as a file, under MLflow's name."""
    text = json.dumps(importance, indent=1, ensure_ascii=False, default=float)
    log.file(f"feature_importance_{kind}.json", text.encode(errors="replace"))
