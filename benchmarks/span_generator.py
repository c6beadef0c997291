"""Spans of a made-up RAG service as journal lines: the same seed gives the same spans.

About 5.5 spans a trace and 1.7 KB a span. The text is made of sentences over a vocabulary with
Zipf frequencies, so real prompts compress better or worse: compare with it, do not size disks.
"""

import functools
import json
import random
from collections.abc import Iterator

__all__ = ["NOWHERE", "PHRASES", "lines", "sentences"]

PHRASES = 400
"""Sentences that are in the text; the shares that hold one differ by chance only."""
NOWHERE = "xylophone quagmire zephyr"

_MODELS = (
    ("openai", "gpt-5-mini"),
    ("openai", "gpt-5"),
    ("anthropic", "claude-sonnet-5"),
    ("anthropic", "claude-haiku-5"),
    ("local", "qwen3-8b"),
)
_ROOTS = ("chat_turn", "rag_answer", "summarize", "classify", "agent_run")
_STEPS = (
    ("retrieve", "retriever"),
    ("rerank", "reranker"),
    ("chat", "llm"),
    ("search_web", "tool"),
    ("chat", "llm"),
)
_LETTERS = "etaoinshrdlucmfwypvbgk"


@functools.cache
def sentences(seed: int = 11, count: int = 20_000, vocabulary: int = 8_000) -> tuple[str, ...]:
    """Sentences of twelve made-up words each."""
    rng = random.Random(seed)
    words = ["".join(rng.choices(_LETTERS, k=rng.randint(2, 10))) for _ in range(vocabulary)]
    weights = [1 / (rank + 1) ** 0.8 for rank in range(vocabulary)]
    text = rng.choices(words, weights, k=count * 12)
    return tuple(" ".join(text[at * 12 : at * 12 + 12]) for at in range(count))


def lines(
    count: int, *, end_ns: int, seed: int = 1, step_ns: int = 2_500_000_000
) -> Iterator[bytes]:
    """Journal lines of `count` spans, a trace's lines together, oldest trace first.

    Args:
        end_ns: The newest trace starts about then.
        step_ns: Time between two spans, so that a million of them cover 29 days.
    """
    rng = random.Random(seed)
    made = 0
    while made < count:
        spans = _trace(rng, end_ns - (count - made) * step_ns)[: count - made]
        made += len(spans)
        for span in spans:
            yield json.dumps(span, separators=(",", ":")).encode() + b"\n"


def _trace(rng: random.Random, start_ns: int) -> list[dict[str, object]]:
    """A root and three to six steps, one after the other; three traces in a hundred fail."""
    failed = rng.random() < 0.03
    shared: dict[str, object] = {
        "k": "span",
        "trace_id": f"{rng.getrandbits(128):032x}",
        "service": "demo",
        "experiment": "Default",
        "session_id": f"s{rng.randrange(20_000):05d}",
        "user_id": f"u{rng.randrange(2_000):04d}",
    }
    root: dict[str, object] = shared | {
        "span_id": f"{rng.getrandbits(64):016x}",
        "name": rng.choice(_ROOTS),
        "span_type": "chain",
        "status": "error" if failed else "ok",
        "start_ns": start_ns,
    }
    steps: list[dict[str, object]] = []
    now, total = start_ns, rng.randint(3, 6)
    for number in range(total):
        step = _step(rng, number, now)
        step |= shared | {"parent_span_id": root["span_id"]}
        step["status"] = "error" if failed and number == total - 1 else "ok"
        now = int(str(step["end_ns"]))
        steps.append(step)
    root |= {"end_ns": now, "inputs": steps[0]["inputs"], "outputs": steps[-1]["outputs"]}
    root["attributes"] = {"service.name": "demo"}
    return [root, *steps]


def _step(rng: random.Random, number: int, start_ns: int) -> dict[str, object]:
    name, kind = _STEPS[number % len(_STEPS)]
    provider, model = rng.choice(_MODELS)
    made: dict[str, object] = {
        "span_id": f"{rng.getrandbits(64):016x}",
        "name": name,
        "span_type": kind,
        "start_ns": start_ns,
        "end_ns": start_ns + int(rng.lognormvariate(19.5, 0.8)),
        "provider": provider,
        "request_model": model,
        "inputs": " ".join(rng.choices(sentences(), k=7)),
        "outputs": " ".join(rng.choices(sentences(), k=5 if kind == "llm" else 4)),
    }
    attributes: dict[str, object] = {
        "gen_ai.operation.name": "chat" if kind == "llm" else name,
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model,
        "gen_ai.response.id": f"resp_{rng.getrandbits(96):024x}",
        "gen_ai.request.temperature": rng.choice((0, 0.2, 0.7, 1.0)),
        "server.address": "api.example.com",
        "service.name": "demo",
        "thread.id": rng.randint(1, 64),
        "code.function.name": f"app.rag.{name}",
        "genaiops.run_id": f"run{rng.randrange(100):03d}",
    }
    if kind == "llm":
        sent, received = rng.randint(80, 4_000), rng.randint(5, 900)
        made |= {
            "input_tokens": sent,
            "output_tokens": received,
            "cost_usd": sent * 2e-6 + received * 8e-6,
        }
        attributes |= {
            "gen_ai.usage.input_tokens": sent,
            "gen_ai.usage.output_tokens": received,
        }
    return made | {"attributes": attributes}
