"""Fills a store with what an application, an evaluation and a team would leave behind."""

import json
import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import genaiops
from genaiops.eval import load_result
from genaiops.query import reviews
from genaiops.store import current_store
from genaiops.store.base import Store
from genaiops.store.events import encode, experiment_id

NS = 10**9
Json = Any

_QUESTIONS = (
    "How do I make a dataclass immutable?",
    "What does the walrus operator do?",
    "When is a generator closed?",
    "What is the difference between is and ==?",
    "How are keyword-only parameters declared?",
    "Which exceptions does a with statement suppress?",
    "What happens when a name is used before assignment?",
    "How does a match statement bind names?",
)
_ANSWER = (
    "Use @dataclass(frozen=True): assigning to a field then raises FrozenInstanceError. "
    "Instances become hashable as well when eq is true."
)


def use(folder: Path) -> Store:
    """Makes this folder the store of the process."""
    genaiops.configure(tracking_uri=str(folder))
    return current_store()


def span(
    store: Store,
    trace_id: str,
    span_id: str,
    name: str,
    kind: str,
    start_ns: int,
    took_ms: float,
    **more: Json,
) -> None:
    """One ended span."""
    line = {
        "k": "span",
        "trace_id": trace_id,
        "span_id": span_id,
        "name": name,
        "span_type": kind,
        "status": "ok",
        "start_ns": start_ns,
        "end_ns": start_ns + int(took_ms * 1e6),
        "service": "docs-bot",
        "experiment": "docs-bot",
        **more,
    }
    assert store.append("spans", json.dumps(line).encode() + b"\n")


def rag_trace(store: Store, number: int, start_ns: int, run_id: str | None = None) -> str:
    """A question answered from documents: retrieve, rerank, a model call, perhaps a failing tool."""
    dice = random.Random(number)
    trace_id = f"{dice.getrandbits(128):032x}"
    ids = [f"{dice.getrandbits(64):016x}" for _ in range(6)]
    question = _QUESTIONS[number % len(_QUESTIONS)]
    took = dice.uniform(420, 2600)
    failed = number % 11 == 3
    version = 1 + number % 2
    common: dict[str, Json] = {"run_id": run_id} if run_id else {}

    def child(
        at: int, name: str, kind: str, begin: float, length: float, parent: int, **more: Json
    ) -> None:
        span(
            store, trace_id, ids[at], name, kind, start_ns + int(begin * took * 1e6), length * took,
            parent_span_id=ids[parent], **common, **more,
        )  # fmt: skip

    child(2, "embed_query", "embedding", 0.02, 0.08, 1, inputs={"text": question}, request_model="text-embedding-3-small",
          provider="openai", input_tokens=12, cost_usd=0.0000002)  # fmt: skip
    child(
        3,
        "rerank",
        "reranker",
        0.14,
        0.09,
        1,
        inputs={"k": 4},
        outputs=[{"id": "p-12", "score": 0.91}],
    )
    child(1, "retrieve", "retriever", 0.01, 0.24, 0, inputs={"question": question, "k": 4},
          outputs=[{"id": f"p-{at}", "text": f"Passage {at}: dataclasses are described here."} for at in (12, 40, 7, 3)])  # fmt: skip
    messages = [
        {
            "role": "system",
            "content": "Answer the question from the context, in one to three sentences.",
        },
        {"role": "user", "content": f"Context:\n[p-12] Passage 12 …\n\nQuestion: {question}"},
    ]
    child(
        4, "chat gpt-5-mini", "llm", 0.27, 0.66, 0,
        inputs={"model": "gpt-5-mini", "messages": messages, "temperature": 0},
        outputs={"choices": [{"message": {"role": "assistant", "content": _ANSWER}, "finish_reason": "stop"}]},
        provider="openai", request_model="gpt-5-mini", response_model="gpt-5-mini-2026-08",
        input_tokens=812 + number, output_tokens=64, cost_usd=0.00031 + number * 1e-6, ttft_ms=took * 0.2,
        prompt_name="docs/answer", prompt_version=version, finish_reasons=["stop"],
        attributes={"gen_ai.request.temperature": 0, "gen_ai.provider.name": "openai"},
        events=[{"name": "first token", "time_ns": start_ns + int(took * 0.4e6), "attributes": {"n": 1}}],
    )  # fmt: skip
    if failed:
        child(
            5,
            "cite_sources",
            "tool",
            0.94,
            0.05,
            0,
            inputs={"ids": ["p-12"]},
            status="error",
            status_message="KeyError: 'p-12' is not indexed",
        )
    span(
        store, trace_id, ids[0], "answer", "agent", start_ns, took,
        status="error" if failed else "ok", status_message="KeyError: 'p-12' is not indexed" if failed else None,
        inputs={"question": question}, outputs=None if failed else _ANSWER, trace_name="answer",
        tags={"team": "docs", "release": f"1.{number % 3}"}, session_id=f"s-{number // 4}", user_id=f"u-{number % 5}",
        **common,
    )  # fmt: skip
    return trace_id


def judged(store: Store, trace_id: str, name: str, value: Json, **more: Json) -> None:
    """One assessment of a trace."""
    data = {"kind": "feedback", "value": value, "source_type": "code", **more}
    if isinstance(value, int | float):
        data["number"] = float(value)
    store.append(
        "events",
        encode("assessment", id=f"{trace_id[:8]}-{name}", trace_id=trace_id, key=name, data=data),
    )


def evaluation(
    store: Store, run_id: str, name: str, start_ns: int, *, skill: float, rows: int = 40
) -> None:
    """A finished evaluation: scores with intervals, rows with traces."""
    dice = random.Random(run_id)
    said: dict[str, list[float]] = {}
    for number in range(rows):
        trace_id = rag_trace(
            store, 1_000 + number + int(skill * 5_000), start_ns + number * NS // 4, run_id
        )
        for judge, bar in (
            ("groundedness", skill),
            ("correctness", skill - 0.1),
            ("recall_at_5", 0.86),
        ):
            number_ = (
                float(dice.random() < bar)
                if judge != "recall_at_5"
                else round(dice.uniform(0.6, 1), 2)
            )
            said.setdefault(judge, []).append(number_)
            data: dict[str, Json] = {
                "value": number_, "number": number_, "rationale": f"The answer {'follows from' if number_ else 'is not in'} [p-12].",
                "attempts": 1, "cached": False, "cost_usd": 0.0001, "duration_ms": 420.0,
            }  # fmt: skip
            if judge == "correctness" and number == 7:
                data = {
                    "error": "the judge's answer was not JSON after 2 attempts",
                    "attempts": 2,
                    "cached": False,
                }
            store.append(
                "events",
                encode(
                    "eval_row",
                    run_id=run_id,
                    id=f"q-{number:02}",
                    key=judge,
                    trace_id=trace_id,
                    step=0,
                    data=data,
                ),
            )
        judged(store, trace_id, "groundedness", said["groundedness"][-1])
    run(
        store,
        run_id,
        name,
        "docs-bot",
        start_ns,
        {"prompt_version": name[-1], "model": "gpt-5-mini", "top_k": 4, "judge_model": "gpt-5"},
    )
    for judge, numbers in said.items():
        mean = sum(numbers) / len(numbers)
        for key, number_ in (
            (judge, mean),
            (f"{judge}.low", max(0, mean - 0.11)),
            (f"{judge}.high", min(1, mean + 0.1)),
        ):
            store.append(
                "events",
                encode("metric", run_id=run_id, key=key, value=number_, step=0, ts_ns=start_ns),
            )


def run(
    store: Store,
    run_id: str,
    name: str,
    experiment: str,
    start_ns: int,
    params: Mapping[str, Json],
    steps: int = 0,
) -> None:
    """A finished run, with loss and accuracy curves where steps are asked for."""
    store.append(
        "events",
        encode(
            "experiment",
            id=experiment_id(experiment),
            experiment=experiment,
            ts_ns=start_ns,
            data={"state": "active"},
        ),
    )
    store.append("events", encode("run", run_id=run_id, experiment=experiment, ts_ns=start_ns, data={
        "name": name, "status": "FINISHED", "start_ns": start_ns, "end_ns": start_ns + 95 * NS, "user": "ada"}))  # fmt: skip
    for key, value in params.items():
        store.append("events", encode("param", run_id=run_id, key=key, value=value, ts_ns=start_ns))
    dice = random.Random(run_id)
    rate = float(params.get("learning_rate", 0.1))
    for step in range(steps):
        loss = 2.4 * (1 + rate * 3) ** (-step / 12) + dice.uniform(0, 0.05)
        for key, value in (("loss", loss), ("accuracy", 1 - loss / 2.6)):
            store.append(
                "events",
                encode(
                    "metric",
                    run_id=run_id,
                    key=key,
                    value=value,
                    step=step,
                    ts_ns=start_ns + step * NS,
                ),
            )
    store.append(
        "events", encode("tag", run_id=run_id, key="git.commit", value="4f1c2aa", ts_ns=start_ns)
    )


_ASK = "\n\nContext:\n{{context}}\n\nQuestion: {{question}}"
_BRIEF = "in one sentence, and cite the passage id in brackets.\n"
_TEMPLATES: tuple[Json, ...] = (
    f"Answer the question from the context, in one to three sentences.{_ASK}",
    f"Answer the question from the context, {_BRIEF}"
    + f"Say so when the context does not answer it.{_ASK}",
    f"Answer the question only from the context, {_BRIEF}"
    + f'Say "not in the documents" when the context does not answer it.{_ASK}',
)
_CHAT: tuple[Json, ...] = (
    [
        {"role": "system", "content": "You are terse."},
        {"role": "user", "content": "Summarise: {{text}}"},
    ],
    [
        {"role": "system", "content": "You are terse and never invent facts."},
        {"role": "user", "content": "Summarise in two lines: {{text}}"},
    ],
)


def prompt(
    store: Store, name: str, templates: tuple[Json, ...], now_ns: int, aliases: Mapping[str, int]
) -> None:
    """A prompt with its versions, written as the registry writes them."""
    kind = "text" if isinstance(templates[0], str) else "chat"
    with store.txn() as t:
        t.execute(
            "INSERT INTO data.prompts (name, kind, tags, created_ns) VALUES (?, ?, '{}', ?)",
            [name, kind, now_ns],
        )
        for number, template in enumerate(templates, 1):
            config = json.dumps({"model": "gpt-5-mini", "temperature": 0 if number > 1 else 0.7})
            t.execute(
                "INSERT INTO data.prompt_versions (name, version, template, syntax, model_config, tags, message, author, created_ns, hash)"
                " VALUES (?, ?, ?, 'mustache', ?, '{}', ?, 'ada', ?, ?)",
                [name, number, json.dumps(template), config,
                 ("First version", "Shorter, and says where it stands", "Stricter about what is missing")[number - 1],
                 now_ns - (9 - number) * 86_400 * NS, f"{number:064x}"],
            )  # fmt: skip
        for alias, version in aliases.items():
            t.execute(
                "INSERT INTO data.prompt_aliases (name, alias, version, weight) VALUES (?, ?, ?, 1.0)",
                [name, alias, version],
            )
            for place in range(1, version + 1):
                t.execute(
                    "INSERT INTO data.prompt_alias_history (name, alias, version, weight, moved_ns, author, reason) VALUES (?, ?, ?, 1.0, ?, 'ada', ?)",
                    [name, alias, place, now_ns - (5 - place) * 3_600 * NS, "groundedness rose by 0.12" if place > 1 else None],
                )  # fmt: skip


def fill(folder: Path, *, traces: int = 180) -> Store:
    """A store with a bit of everything."""
    store = use(folder)
    now = time.time_ns()
    dice = random.Random(7)
    for number in range(traces):
        trace_id = rag_trace(store, number, now - int(dice.triangular(0, 23.5, 3) * 3_600 * NS))
        if number % 3 == 0:
            judged(store, trace_id, "groundedness", round(dice.uniform(0.55, 1), 2))
        if number % 7 == 0:
            judged(
                store,
                trace_id,
                "helpful",
                number % 2 == 0,
                rationale="Names the right class.",
                source_type="human",
                source_id="ada",
            )
    prompt(store, "docs/answer", _TEMPLATES, now, {"production": 2, "staging": 3})
    prompt(store, "docs/summarise", _CHAT, now, {"production": 1})
    prompt(store, "triage", _TEMPLATES[:1], now, {})
    evaluation(store, "e" * 31 + "1", "answer v1", now - 3 * 3_600 * NS, skill=0.72)
    evaluation(store, "e" * 31 + "2", "answer v2", now - 2 * 3_600 * NS, skill=0.9)
    for number, rate in enumerate((0.05, 0.1, 0.3)):
        run(store, f"{number + 1:x}" * 32, f"reranker lr={rate}", "reranker", now - (number + 1) * 5_400 * NS,
            {"learning_rate": rate, "layers": 2, "optimiser": "adamw"}, steps=60)  # fmt: skip
    _improving()
    return store


def _improving() -> None:
    """A dataset of two versions, and a review queue with answers."""
    rows = [{"id": f"q-{n:02}", "question": text, "expected": _ANSWER, "tags": {"topic": "python"}}
            for n, text in enumerate(_QUESTIONS)]  # fmt: skip
    genaiops.create_dataset("docs/questions", rows[:6])
    genaiops.create_dataset("docs/questions", rows)
    genaiops.create_dataset("from-traces", genaiops.search_traces("name = 'answer'", limit=3))
    genaiops.create_review_queue("week 48", judge="groundedness")
    genaiops.add_to_review_queue("week 48", load_result("e" * 31 + "2").rows[:36])
    for place, item in enumerate(reviews.items("week 48")[:5]):
        genaiops.log_review("week 48", item.trace_id, place != 2, rationale="read it", source="ada")
