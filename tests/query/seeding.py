"""Traces, runs and prompts written as a program would leave them, for tests of reading."""

import json
import time
from typing import Any

from genaiops.store import current_store
from genaiops.store.events import encode, experiment_id

BASE_NS = time.time_ns() - 3_600 * 10**9
SECOND = 10**9


def trace_id(number: int) -> str:
    """Ids that differ in their first characters."""
    return f"{(number + 1) * 0x9E3779B9 % 2**32:08x}" + f"{number:024x}"


def trace(number: int, *, start_ns: int | None = None, **root: Any) -> str:
    """A root with one model call, a second after the trace before; the id."""
    began = BASE_NS + number * SECOND if start_ns is None else start_ns
    identity = trace_id(number)
    shared = {"k": "span", "trace_id": identity, "experiment": "Default", "status": "ok"}
    call = shared | {
        "span_id": call_of(number),
        "parent_span_id": f"{number:016x}",
        "name": "chat",
        "span_type": "llm",
        "start_ns": began + 1_000_000,
        "end_ns": began + (number + 2) * 1_000_000,
        "request_model": "gpt-5",
        "input_tokens": number,
        "output_tokens": 2,
        "cost_usd": 0.25,
        "attributes": {"gen_ai.request.model": "gpt-5", "team": "ab"[number % 2]},
    }
    call |= root.pop("call", {})
    whole = shared | {
        "span_id": f"{number:016x}",
        "name": "answer",
        "span_type": "chain",
        "start_ns": began,
        "end_ns": began + (number + 3) * 1_000_000,
        "inputs": {"question": f"number {number}?"},
        "outputs": f"it is {number}",
        "tags": {"team": "ab"[number % 2]},
    }
    whole |= root
    lines = [json.dumps(whole), json.dumps(call)]
    assert current_store().append("spans", "".join(f"{line}\n" for line in lines).encode())
    return identity


def call_of(number: int) -> str:
    """Span id of the model call in a trace that `trace` made."""
    return f"{number + 1_000_000:016x}"


def child(trace_id: str, parent: str, span_id: str, **more: Any) -> None:
    """One more span in a trace, a model call if `more` says nothing else; ids are any text."""
    now = time.time_ns()
    span = {"k": "span", "trace_id": trace_id, "parent_span_id": parent, "span_id": span_id}
    span |= {"name": span_id, "span_type": "llm", "status": "ok", "request_model": "gpt-5"}
    span |= {"start_ns": now, "end_ns": now + 1_000_000} | more
    assert current_store().append("spans", json.dumps(span).encode() + b"\n")


def event(kind: Any, **fields: Any) -> None:
    """One event in the journal."""
    assert current_store().append("events", encode(kind, **fields))


def run(run_id: str, *, name: str = "run", experiment: str = "Default", number: int = 0) -> None:
    """A finished run that began `number` seconds after the first."""
    event(
        "experiment", id=experiment_id(experiment), experiment=experiment, data={"state": "active"}
    )
    start = BASE_NS + number * SECOND
    event(
        "run",
        run_id=run_id,
        experiment=experiment,
        data={"name": name, "status": "FINISHED", "start_ns": start, "end_ns": start + SECOND},
    )


def verdict(run_id: str, row_id: str, number: float | None, **more: Any) -> None:
    """What the judge ``good`` says about a row."""
    data = {"value": number, "number": number} | more.pop("data", {})
    fields = {"key": "good", "step": 0} | more
    event("eval_row", run_id=run_id, id=row_id, data=data, **fields)
