"""What an evaluation leaves in the store, each thing the moment it is there; and reading it back."""

import hashlib
from collections.abc import Generator, Hashable, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, fields
from typing import Any

from genaiops.config import settings
from genaiops.errors import StoreError
from genaiops.eval.case import Prediction, ToolCall, Verdict
from genaiops.store import current_store, events, gate
from genaiops.store.base import Group, Reader

__all__ = [
    "DETAILS",
    "Kept",
    "Recorder",
    "clusters_kind",
    "details_kind",
    "prediction_key",
    "verdict_key",
]

_PREDICTION = tuple(
    field.name for field in fields(Prediction) if field.name not in ("error", "unpriced")
)
_UNFINISHED = ("INTERRUPTED", "KILLED", "FAILED")
IDENTITY = "eval.identity"
"""Parameter of a run: digest of its name, data and function."""


DETAILS = (
    "claims",
    "raw",
    "stage",
    "probability",
    "disagreement",
    "input_tokens",
    "output_tokens",
    "judge_trace_id",
)
"""What is kept of a model's verdict beside its row, for the report's drill-down."""
_TURN_S = 10.0  # to find an unfinished run takes a fraction of a second
_RAW_CHARS = 4_000  # of the model's text; the whole is in the span of the call


def verdict_key(run_id: str, row_id: str, judge: str, repeat: int) -> str:
    """The id of a verdict: as an assessment, and of its details."""
    return hashlib.sha256(f"{run_id}/{row_id}/{judge}/{repeat}".encode()).hexdigest()[:32]


def details_kind(run_id: str) -> str:
    """What the store calls the details of a run's verdicts."""
    return f"verdict:{run_id}"


def clusters_kind(run_id: str) -> str:
    """What the store calls the clusters of a run's rows."""
    return f"clusters:{run_id}"


def prediction_key(run_id: str, row_id: str, repeat: int) -> str:
    """The key that a prediction is stored under."""
    return hashlib.sha256(f"{run_id}/{row_id}/{repeat}".encode()).hexdigest()


@dataclass(slots=True)
class Recorder:
    """Writes to the store of the settings in force; does nothing when genaiops is disabled.

    Attributes:
        lost: Lines that could not be written; the evaluation goes on without them.
    """

    lost: int = 0

    def answer(self, key: str, kind: str, response: Mapping[str, Any]) -> None:
        """Keeps one answer, before anybody reads it."""
        names = ("input_tokens", "output_tokens", "cost_usd")
        usage = {name: response[name] for name in names if name in response}
        data = {"kind": kind, "response": response, "usage": usage}
        self._append(events.encode("answer", id=key, data=data))

    @contextmanager
    def reading(self) -> Generator["Kept"]:
        """One look at what the store has; at nothing when genaiops is disabled. Raises StoreError."""
        if settings().disabled:
            yield Kept(None)
            return
        with current_store().read() as reader:
            yield Kept(reader)

    @contextmanager
    def turn(self) -> Generator[None]:
        """Of several processes, one looks for an unfinished run and takes it at a time.

        Where the lock cannot be had (a read-only or full disk), the evaluation goes on without.
        """
        with ExitStack() as held:
            folder = None if settings().disabled else current_store().folder
            if folder is not None and folder.exists():
                with suppress(StoreError):
                    held.enter_context(gate.hold(folder / "resume.lock", timeout_s=_TURN_S))
            yield

    def prediction(self, run_id: str, row_id: str, repeat: int, made: Prediction) -> None:
        """Keeps a prediction, for an evaluation that is resumed or replayed."""
        response = {name: getattr(made, name) for name in _PREDICTION}
        self.answer(prediction_key(run_id, row_id, repeat), f"prediction:{run_id}", response)

    def clusters(self, run_id: str, found: Mapping[str, Hashable]) -> None:
        """Keeps the cluster of each row: its trace may be sampled out, or deleted one day."""
        named = {row_id: str(cluster) for row_id, cluster in found.items()}
        kind = clusters_kind(run_id)
        self.answer(hashlib.sha256(kind.encode()).hexdigest(), kind, named)

    def said(self, lines: bytes) -> None:
        """Keeps what people said about the rows."""
        if lines:
            self._append(lines)

    def carried(self, lines: Sequence[tuple[Group, bytes]], blobs: Sequence[bytes]) -> None:
        """Keeps what was recorded in another process. Raises StoreError for values of no place."""
        if settings().disabled:
            return
        store = current_store()
        for blob in blobs:
            store.put_blob(blob)
        self.lost += sum(not store.append(group, text) for group, text in lines)

    def verdict(
        self,
        run_id: str,
        row_id: str,
        judge: str,
        verdict: Verdict,
        *,
        repeat: int,
        trace_id: str | None,
        model: str | None,
    ) -> None:
        """Keeps a verdict: as a row of the evaluation, and as what was said about the trace."""
        data = {
            "value": verdict.value,
            "number": verdict.number,
            "label": verdict.label,
            "rationale": verdict.rationale,
            "error": verdict.error,
            "attempts": verdict.attempts,
            "cached": verdict.cached,
            "cost_usd": verdict.cost_usd,
            "duration_ms": verdict.duration_ms,
        }
        line = events.encode(
            "eval_row",
            run_id=run_id,
            id=row_id,
            key=judge,
            trace_id=trace_id,
            step=repeat,
            data=data,
        )
        said = {name: data[name] for name in ("value", "number", "rationale", "error", "cost_usd")}
        said |= {
            "kind": "feedback",
            "source_type": "code" if model is None else "llm",
            "source_id": model or judge,
            "judge_trace_id": verdict.judge_trace_id,
        }
        identity = verdict_key(run_id, row_id, judge, repeat)
        line += events.encode(
            "assessment", id=identity, trace_id=trace_id, run_id=run_id, key=judge, data=said
        )
        opinions = verdict.claims or (verdict.probability, verdict.disagreement) != (None, None)
        if verdict.attempts and (
            opinions or not verdict.cached
        ):  # a text is kept where it was paid
            told = {name: getattr(verdict, name) for name in DETAILS}
            told = {name: value for name, value in told.items() if value not in (None, (), "")}
            told["raw"] = (verdict.raw or "")[:_RAW_CHARS]
            details = {"kind": details_kind(run_id), "response": told}
            line += events.encode("answer", id=identity, data=details)
        self._append(line)

    def _append(self, lines: bytes) -> None:
        if not settings().disabled and not current_store().append("events", lines):
            self.lost += 1


@dataclass(frozen=True, slots=True)
class Kept:
    """What evaluations have left in the store; None sees nothing."""

    reader: Reader | None

    def answers(self, kinds: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Kept answers of these kinds by key."""
        if self.reader is None or not kinds:
            return {}
        table = self.reader.query(
            "SELECT key, response FROM answers WHERE kind IN (SELECT unnest(?))", [list(kinds)]
        )
        return dict(table.rows)

    def predictions(self, run_id: str) -> dict[str, Prediction]:
        """Kept predictions of a run, by `prediction_key`."""
        return {
            key: Prediction(
                outputs=kept["outputs"],
                contexts=_tuple(kept.get("contexts")),
                retrieved_ids=_tuple(kept.get("retrieved_ids")),
                trace_id=kept.get("trace_id"),
                duration_ms=kept.get("duration_ms"),
                tool_calls=_calls(kept.get("tool_calls")),
                cost_usd=kept.get("cost_usd"),
            )
            for key, kept in self.answers([f"prediction:{run_id}"]).items()
        }

    def earlier(self, identity: str, *, finished_too: bool) -> str | None:
        """The newest earlier run of the same name, data and function; None when there is none.

        Args:
            identity: Digest of name, data and function.
            finished_too: Also looks at runs that ended well.
        """
        if self.reader is None:
            return None
        statuses = (*_UNFINISHED, "FINISHED") if finished_too else _UNFINISHED
        table = self.reader.query(
            """
            SELECT r.run_id
            FROM runs AS r
            JOIN params AS p ON p.run_id = r.run_id AND p.key = ?
            WHERE p.value::VARCHAR IN (?, ?)
            AND r.status IN (SELECT unnest(?))
            ORDER BY r.start_ns DESC
            LIMIT 1
            """,
            [IDENTITY, identity, f'"{identity}"', list(statuses)],
        )
        return table.rows[0][0] if table.rows else None


def _calls(items: Sequence[Mapping[str, Any]] | None) -> tuple[ToolCall, ...] | None:
    return None if items is None else tuple(ToolCall(**item) for item in items)


def _tuple(items: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if items is None else tuple(items)
