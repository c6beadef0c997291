"""One recorded training: a run around it, and what is logged to that run.

Nothing of it changes what the training returns or raises: what fails here is counted and told once.
"""

import inspect
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, cast

from genaiops.config import settings
from genaiops.runs.active import ActiveRun, logged_params, start_run
from genaiops.runs.journal import write
from genaiops.runs.lines import metric_line, param_lines, tag_lines
from genaiops.runs.places import place_of
from genaiops.tracing import diagnostics
from genaiops.tracing.context import active_run as run_of_spans, active_training

__all__ = ["RunLog", "Session", "arguments", "around", "bounded", "is_recorded"]

_LONGEST = 6000
"""Characters of a parameter, as in MLflow; what is longer is cut."""
_trained: set[str] = set()
"""Runs of the user's that a training was logged to: a further one becomes a child."""
_lock = threading.Lock()


def is_recorded() -> bool:
    """Whether a training that is recorded goes on around: what it calls is a part of it."""
    return active_training.get() is not None


def around(package: str) -> "RunLog | None":
    """The run of the training around, when what is trained there is of this package.

    So an estimator of XGBoost, whose fit is recorded, has the metrics of the training inside.
    """
    session = active_training.get()
    return session.log if isinstance(session, Session) and session.package == package else None


@dataclass(frozen=True, slots=True)
class RunLog:
    """Logs to one run by its id: from any thread, and from a process that it was sent to.

    Attributes:
        run_id: None where nothing can be logged.
    """

    run_id: str | None

    def params(self, params: Mapping[str, Any]) -> None:
        """Parameters that the run does not have yet; the others stay as they are."""
        if self.run_id is None:
            return
        known = logged_params(self.run_id)
        new = {key: bounded(value) for key, value in params.items() if key not in known}
        write(*param_lines(self.run_id, new, known))

    def metrics(self, metrics: Mapping[str, Any], step: int = 0) -> None:
        """Values of metrics; what is no number is left out."""
        if self.run_id is None:
            return
        now = time.time_ns()
        numbers = {key: _number(value) for key, value in metrics.items()}
        write(
            *(
                metric_line(self.run_id, key, value, step, now)
                for key, value in numbers.items()
                if value is not None
            )
        )

    def tags(self, tags: Mapping[str, Any]) -> None:
        """Tags, as text."""
        if self.run_id is not None:
            write(*tag_lines(self.run_id, tags))

    def file(self, path: str, data: bytes) -> None:
        """A file of the run, unless it has one there."""
        if self.run_id is not None and not settings().disabled:
            place = place_of(self.run_id)
            if not place.listed(path):
                place.put(path, data)


class Session:
    """A run around one training: the active one, a child of it, or one of its own.

    The first training in a run of the user's is logged to that run, each further one to a child.

    Args:
        library: That is recorded, for the tag ``genaiops.autolog``.
        name: Of a run that has to be begun.
        package: Where the class of what is trained comes from, when it is not the library.
        log: Of the training around, to whose run this one belongs.
    """

    def __init__(
        self, library: str, name: str, *, package: str = "", log: RunLog | None = None
    ) -> None:
        self.library = library
        self.package = package
        self.name = name
        self._given = log
        self.log = RunLog(None)
        self._run: ActiveRun | None = None
        self._token: Any = None

    def __enter__(self) -> Self:
        self._token = active_training.set(self)
        self.attempt("beginning a run", self._begin)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        active_training.reset(self._token)
        if self._run is not None:
            self.attempt("ending a run", self._run.__exit__, kind, error, trace)

    def attempt(self, what: str, call: Callable[..., Any], *args: Any) -> Any:
        """What the call returns; None, and a word in the log, when it fails."""
        try:
            return call(*args)
        except Exception as error:  # noqa: BLE001  recording never breaks the training
            diagnostics.note(f"{what} for {self.library}", error)
            return None

    def _begin(self) -> None:
        if self._given is not None:
            self.log = self._given
        if settings().disabled or self._given is not None:
            return
        outer = run_of_spans.get()
        if outer is None or not _is_first(outer):
            self._run = start_run(self.name, nested=outer is not None)
            outer = self._run.info.run_id
        self.log = RunLog(outer)
        self.log.tags({"genaiops.autolog": self.library})


def arguments(
    signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> inspect.BoundArguments | None:
    """The arguments of a call by name; None where they do not fit, which is for the library to say."""
    try:
        return signature.bind(*args, **kwargs)
    except TypeError:
        return None


def _is_first(run_id: str) -> bool:
    with _lock:
        first = run_id not in _trained
        _trained.add(run_id)
    return first


def bounded(value: Any) -> Any:  # any parameter of any library
    """The value, or a text of it that is not too long."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    if isinstance(value, list | tuple | dict) and _is_short(cast("object", value)):
        return cast("object", value)
    try:
        text = str(cast("object", value))
    except Exception as error:  # noqa: BLE001  the __str__ of anything
        text = f"a {type(cast('object', value)).__name__} that cannot be shown ({type(error).__name__})"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _is_short(value: object) -> bool:
    try:
        return len(json.dumps(value)) <= _LONGEST
    except (TypeError, ValueError, RecursionError):
        return False


def _number(value: Any) -> float | None:
    if isinstance(value, str | bytes) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):  # a tensor of several numbers
        return None
