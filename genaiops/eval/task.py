"""Calling ``predict_fn`` for one row: sync in a thread, async on the loop; failures are values."""

import asyncio
import copy
import inspect
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextvars import copy_context
from dataclasses import replace
from typing import Any, TypeVar, cast

from genaiops.errors import EvalError
from genaiops.eval.case import Prediction, Row
from genaiops.eval.given import said
from genaiops.eval.retrieved import Watch
from genaiops.query.found import Found, plain
from genaiops.tracing import start_span, update_current_trace
from genaiops.tracing.context import Context, set_context
from genaiops.tracing.failure import message_of

__all__ = ["PredictFn", "check_arguments", "in_thread", "predict", "seen"]

T = TypeVar("T")
PredictFn = Callable[..., Any]
"""Takes a row's inputs as keyword arguments; sync or async."""
_RETURNED = frozenset({"outputs", "answer", "contexts", "retrieved_ids"})


async def predict(
    fn: PredictFn | None,
    row: Row,
    *,
    watch: Watch,
    timeout_s: float,
    metadata: Mapping[str, Any],
    kept: Prediction | None = None,
) -> Prediction:
    """Runs one row in a trace of its own.

    What the function does not return (contexts, retrieved ids) is taken from its retriever spans,
    and what these do not have from the row. Without a function the row's own outputs stand; a
    kept prediction stands in place of a call.
    """
    set_context(Context())
    started = time.perf_counter()
    with start_span(_span_name(fn), span_type="chain") as span, watch.trace(span.trace_id) as found:
        update_current_trace(metadata=dict(metadata))
        span.set_inputs(row.inputs)
        if kept is not None:
            span.set_outputs(kept.outputs)
            return replace(kept, trace_id=_id(span.trace_id))
        try:
            returned = row.outputs if fn is None else await _called(fn, row.inputs, timeout_s)
            outputs, contexts, ids = _parts(returned, fn is not None)
        except Exception as error:  # noqa: BLE001  whatever predict_fn raises is a value of its row
            span.record_exception(error)
            reason = _reason(error, timeout_s)
            span.set_status("error", reason)
            made = Prediction(error=reason)
        else:
            span.set_outputs(outputs)
            made = Prediction(
                outputs=outputs,
                contexts=_first(contexts, found.texts, row.contexts),
                retrieved_ids=_first(ids, found.ids, row.retrieved_ids),
                tool_calls=tuple(found.tool_calls) or row.tool_calls,
            )
    made = replace(made, trace_id=_id(span.trace_id), duration_ms=_ms(started))
    if fn is None:
        return replace(made, duration_ms=row.duration_ms, cost_usd=row.cost_usd)
    cost_usd, unpriced = await found.calls.cost(watch.prices)
    return replace(made, cost_usd=cost_usd, unpriced=unpriced)


def seen(row: Row) -> Prediction:
    """What the trace of a row has recorded, in place of a call."""
    return Prediction(
        outputs=row.outputs,
        contexts=row.contexts,
        retrieved_ids=row.retrieved_ids,
        trace_id=row.trace_id,
        duration_ms=row.duration_ms,
        tool_calls=row.tool_calls,
        cost_usd=row.cost_usd,
    )


async def in_thread(fn: Callable[[], T], timeout_s: float) -> T:
    """Runs a function in a daemon thread with this context; TimeoutError when it takes longer.

    A thread cannot be stopped: one that hangs goes on, but holds up neither the other rows nor
    the end of the program.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = copy_context()

    def tell(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(cast("T", result))

    def run() -> None:
        result: T | None = None
        failure: BaseException | None = None
        try:
            result = context.run(fn)
        except BaseException as error:  # noqa: BLE001  handed to whoever awaits
            failure = _awaitable_error(error)
        if not loop.is_closed():  # nobody waits any more after a timeout at the very end
            loop.call_soon_threadsafe(tell, result, failure)

    threading.Thread(target=run, name="genaiops-eval", daemon=True).start()
    async with asyncio.timeout(timeout_s):
        return await future


def check_arguments(fn: PredictFn, row: Row) -> None:
    """Finds a function that cannot take a row's inputs before it is called.

    Raises: EvalError naming the row and what does not fit.
    """
    if not isinstance(row.inputs, dict):
        kind = type(row.inputs).__name__
        raise EvalError(
            f"row {row.index + 1}: 'inputs' is a {kind}: predict_fn takes text or a dict of "
            "keyword arguments"
        )
    inputs = cast("dict[str, Any]", row.inputs)
    if inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
        raise EvalError("predict_fn yields its answer: return it whole, as text or a list")
    try:
        signature = inspect.signature(fn)
    except (TypeError, ValueError):  # some callables of C have no signature
        return
    try:
        signature.bind(**inputs)
    except TypeError as error:
        name = getattr(fn, "__name__", "predict_fn")
        raise EvalError(
            f"row {row.index + 1}: {name}{signature} cannot be called with the inputs "
            f"{', '.join(inputs)}: {error}"
        ) from None


async def _called(fn: PredictFn, inputs: Mapping[str, Any], timeout_s: float) -> object:
    own = copy.deepcopy(inputs)  # what it does to them is no matter of judges and repeats
    if inspect.iscoroutinefunction(fn):
        returned: object = fn(**own)
    else:
        returned = await in_thread(lambda: fn(**own), timeout_s)
    if inspect.isawaitable(returned):
        returned = await _awaited(returned, timeout_s)
    if isinstance(returned, Generator | AsyncGenerator):
        raise EvalError("a generator is no answer: return what it yields, as text or a list")
    return returned


async def _awaited(made: Awaitable[object], timeout_s: float) -> object:
    try:
        async with asyncio.timeout(timeout_s):
            return await made
    except (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # SystemExit and its kin would end the program that evaluates
        raise _awaitable_error(error) from error


def _parts(
    returned: object, by_function: bool
) -> tuple[Any, tuple[str, ...] | None, tuple[str, ...] | None]:
    """Outputs, contexts and retrieved ids of what was returned."""
    value = plain(returned)
    if not by_function or not isinstance(value, dict):
        return value, None, None
    fields = cast("dict[str, Any]", value)
    if not fields.keys() & {"outputs", "answer"} or fields.keys() - _RETURNED:
        return fields, None, None
    found = Found()
    found.add(fields.get("contexts"))
    contexts = None if fields.get("contexts") is None else tuple(found.texts)
    ids = fields.get("retrieved_ids")
    if isinstance(ids, list):
        retrieved = tuple(map(str, cast("list[object]", ids)))
    else:
        retrieved = tuple(found.ids) or None
    return fields.get("outputs", fields.get("answer")), contexts, retrieved


def _first(
    returned: tuple[str, ...] | None, found: list[str], given: tuple[str, ...] | None
) -> tuple[str, ...] | None:
    if returned is not None:
        return returned
    return tuple(found) if found else given


def _reason(error: BaseException, timeout_s: float) -> str:
    if isinstance(error, TimeoutError) and not message_of(error):
        return f"predict_fn took longer than {timeout_s:g} s"
    return f"predict_fn raised {said(error)}"


def _awaitable_error(error: BaseException) -> BaseException:
    """Exceptions that a future cannot carry, or that would end the loop, as one that it can."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return RuntimeError(said(error))


def _span_name(fn: PredictFn | None) -> str:
    return "row" if fn is None else getattr(fn, "__name__", type(fn).__name__)


def _id(trace_id: str) -> str | None:
    """The id of the trace, None when tracing is off."""
    return trace_id if trace_id.strip("0") else None


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1e3
