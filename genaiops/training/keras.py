"""Recording of Keras 3, on any of its backends: a callback of ours during `Model.fit`."""

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any, cast

from genaiops.tracing import diagnostics
from genaiops.tracing.autolog.patching import Patches
from genaiops.training.imports import when_imported
from genaiops.training.session import RunLog, Session, arguments, is_recorded

__all__ = ["autolog"]

_patches = Patches("keras", package="keras", distribution="keras", oldest="3.0")
_UNTOLD = ("self", "x", "y", "callbacks", "validation_data", "verbose")


def autolog(*, disable: bool = False) -> None:
    """Records every `Model.fit`: its arguments, the optimizer, metrics of epochs, a summary.

    Args:
        disable: Puts Keras' own function back.
    """
    _patches.switch(_change, disable=disable)


def _change() -> None:
    _patches.undo_with(when_imported("keras", _prepare))


def _prepare() -> None:
    _patches.replace(sys.modules["keras"].Model, "fit", _fitting)


def _fitting(original: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(original)

    def fit(self: Any, *args: Any, **kwargs: Any) -> Any:  # as of Keras
        if not _patches.on or is_recorded():
            return original(self, *args, **kwargs)
        with Session("keras", str(getattr(self, "name", None) or type(self).__name__)) as session:
            bound = arguments(signature, (self, *args), kwargs)
            if bound is None:
                return original(self, *args, **kwargs)
            session.attempt("parameters", _begun, session.log, bound)
            session.attempt("a callback", _with_ours, bound, session.log)
            try:
                return original(*bound.args, **bound.kwargs)
            finally:
                session.attempt("taking a callback away", _without_ours, bound)

    return fit


def _begun(log: RunLog, bound: inspect.BoundArguments) -> None:
    names = bound.signature.parameters
    told = {
        key: bound.arguments.get(key, names[key].default) for key in names if key not in _UNTOLD
    }
    if told.get("batch_size") is None:
        told["batch_size"] = getattr(bound.arguments.get("x"), "batch_size", None)
    log.params({key: value for key, value in told.items() if value is not None})


def _with_ours(bound: inspect.BoundArguments, log: RunLog) -> None:
    keras: Any = sys.modules["keras"]
    given = bound.arguments.get("callbacks")
    ours = _recording(keras.callbacks.Callback, log)
    if isinstance(given, keras.callbacks.CallbackList):
        ours.set_model(bound.arguments["self"])
        cast("Any", given).callbacks.append(ours)
    else:
        several = list(cast("list[Any]", given)) if isinstance(given, list | tuple) else [given]
        bound.arguments["callbacks"] = [one for one in several if one is not None] + [ours]


def _without_ours(bound: inspect.BoundArguments) -> None:
    listed = getattr(bound.arguments.get("callbacks"), "callbacks", None)
    if isinstance(listed, list):  # a CallbackList of the user's
        listed[:] = [one for one in cast("list[Any]", listed) if not hasattr(one, "genaiops_log")]


def _recording(base: Any, log: RunLog) -> Any:
    class Recording(base):
        def __init__(self) -> None:
            super().__init__()  # pyright: ignore[reportUnknownMemberType]  of a class that is not installed here
            self.genaiops_log = log
            self._epoch = 0

        def on_train_begin(self, logs: Any = None) -> None:
            del logs
            _attempt(_optimizer, log, self.model)
            _attempt(_summary, log, self.model)

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            del logs
            self._epoch = epoch

        def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
            _attempt(log.metrics, logs or {}, epoch)

        def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
            told = {f"validation_{key}": value for key, value in (logs or {}).items()}
            _attempt(log.metrics, told, self._epoch)

    return Recording()


def _attempt(call: Callable[..., None], *args: Any) -> None:
    try:
        call(*args)
    except Exception as error:  # noqa: BLE001  recording never breaks the training
        diagnostics.note("a callback for keras", error)


def _optimizer(log: RunLog, model: Any) -> None:
    config: Mapping[str, Any] = model.optimizer.get_config()
    log.params({f"optimizer_{key}": value for key, value in config.items()})


def _summary(log: RunLog, model: Any) -> None:
    lines: list[str] = []

    def line(text: object, *args: Any, **kwargs: Any) -> None:
        del args, kwargs
        lines.append(str(text))

    model.summary(print_fn=line)
    log.file("model_summary.txt", ("\n".join(lines) + "\n").encode(errors="replace"))
