"""Joining OpenTelemetry both ways, without ever taking its place.

* Spans of other libraries: a processor of ours is added to the `TracerProvider` that the user sets,
  before or after tracing began. Nothing is installed when they set none.
* Spans of ours: turned into SDK spans on a background thread and handed to every other processor
  of that provider. Without one there is no thread and no queue.

The SDK is imported only when the user's program has set a provider of it.
"""

import atexit
import functools
import queue
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from opentelemetry import trace as otel

from genaiops.tracing import diagnostics, ticker
from genaiops.tracing.begin import joined
from genaiops.tracing.foreign import twins
from genaiops.tracing.span import SINKS, Span

if TYPE_CHECKING:
    from genaiops.tracing.sdk import GenaiopsSpanProcessor

__all__ = ["GenaiopsSpanProcessor", "drain", "install", "join"]

QUEUE_SPANS = 8_192
_MARK = "_genaiops_watches"

_lock = threading.Lock()
_joined: Any = None  # the SDK provider our processor is on
_queue: "queue.Queue[Span]" = queue.Queue(QUEUE_SPANS)
_thread: threading.Thread | None = None
_lost = 0


def install() -> None:
    """Joins the user's provider as soon as there is one."""
    joined.look = look
    if not hasattr(otel.set_tracer_provider, _MARK):
        otel.set_tracer_provider = _watched(otel.set_tracer_provider)
    look()


def look() -> None:
    """Joins the global provider when it is new: one comparison otherwise."""
    provider = getattr(otel, "_TRACER_PROVIDER", None)
    if provider is not joined.seen:
        _changed(provider)


def join(provider: Any) -> bool:  # of whichever class
    """Adds our processor to a provider of the OpenTelemetry SDK.

    Returns: False when it is of another class, which has no processors.
    """
    global _joined
    if "opentelemetry.sdk.trace" not in sys.modules:
        return False
    from genaiops.tracing import sdk

    if not sdk.attach(provider):
        return False
    with _lock:
        _joined = provider
        if _forward not in SINKS:
            SINKS.append(_forward)
    return True


def drain(timeout_s: float) -> bool:
    """Waits until other processors got every ended span; False when it took too long."""
    deadline = time.monotonic() + timeout_s
    while _queue.unfinished_tasks:
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.002)
    return True


def _watched(original: Callable[[otel.TracerProvider], None]) -> Callable[..., None]:
    @functools.wraps(original)
    def set_tracer_provider(tracer_provider: otel.TracerProvider) -> None:
        original(tracer_provider)
        look()

    setattr(set_tracer_provider, _MARK, True)
    return set_tracer_provider


def _changed(provider: Any) -> None:  # of whichever class
    with _lock:
        if provider is joined.seen:
            return
        joined.seen = provider
    try:
        if provider is not None:
            join(provider)
    except Exception as error:  # noqa: BLE001  tracing never breaks the application
        diagnostics.note("joining the tracer provider", error)


def _forward(span: Span) -> None:
    """Queues an ended span for the user's processors, when there are any."""
    global _lost
    from genaiops.tracing import sdk

    if span.span_int in twins or not sdk.others(_joined):
        return
    if _thread is None:
        _begin_thread()
    try:
        _queue.put_nowait(span)
    except queue.Full:
        _lost += 1
        diagnostics.note("handing a span to other processors", queue.Full("the queue is full"))


def _begin_thread() -> None:
    global _thread
    with _lock:
        if _thread is None:
            _thread = threading.Thread(target=_run, name="genaiops-forward", daemon=True)
            _thread.start()


def _run() -> None:
    from genaiops.tracing import sdk

    while True:
        span = _queue.get()
        try:
            sdk.hand_over(span, _joined)
        except Exception as error:  # noqa: BLE001  a processor of somebody else
            diagnostics.note("a span processor of the application", error)
        finally:
            _queue.task_done()


def _after_fork_in_child() -> None:
    global _thread, _queue, _lock
    _thread, _lock = None, threading.Lock()
    _queue = queue.Queue(QUEUE_SPANS)


def __getattr__(name: str) -> Any:  # loads the SDK only for who asks
    if name == "GenaiopsSpanProcessor":
        from genaiops.tracing.sdk import GenaiopsSpanProcessor

        return GenaiopsSpanProcessor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


ticker.on_fork.append(_after_fork_in_child)
atexit.register(lambda: cast("None", drain(2.0)))
