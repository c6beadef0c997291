"""The main job end to end: two prompt versions, answers, an evaluation of both, a verdict."""

import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genaiops.demo.corpus import Bm25Index, passages
from genaiops.demo.questions import questions, relevant_passages
from genaiops.demo.rag import TOP_K, rag_app
from genaiops.errors import ConflictError
from genaiops.eval import EvalResult, evaluate
from genaiops.eval.judges import MRR, ContextOverlap, Groundedness, RecallAtK, TokenF1
from genaiops.prompts import Prompt, register_prompt, set_prompt_alias
from genaiops.runs import set_experiment
from genaiops.store import current_store

__all__ = ["Tour", "run_demo"]

PROMPT = "demo/python-reference"
EXPERIMENT = "demo"
OFFLINE = "offline/extractive"
GOOD_ENOUGH = "token_f1 >= 0.25 and recall_at_5 >= 0.7"
"""What the evaluation of a version must show before an alias may name it."""
_MATERIAL = "\n\nContext:\n{{context}}\n\nQuestion: {{question}}"
_VERSIONS = {
    "First version": "Answer the question from the context, in one to three sentences.",
    "Shorter, and says where it stands": (
        "Answer the question from the context, in one sentence, and cite the passage id in brackets."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour:
    """What the demo made.

    Attributes:
        model: Which model answered.
        results: One evaluation for each prompt version.
        staging: The prompt version that the alias ``staging`` names now; None when the evaluation
            did not allow it.
        seconds: How long it took.
    """

    model: str
    results: Sequence[EvalResult]
    staging: int | None
    seconds: float


def run_demo(say: Callable[[str], None] = print) -> Tour:
    """Runs the demo into the current store and says what it found.

    With OPENAI_API_KEY or ANTHROPIC_API_KEY in the environment a real model answers and judges;
    without, the built-in extractive provider answers, and only judges that need no model score.
    Raises: ProviderError when the provider refuses.
    """
    began = time.monotonic()
    model = _model()
    index = Bm25Index(passages())
    rows = _rows()
    say(f"Documents: {len(passages())} passages of the Python language reference on this machine.")
    say(f"Questions: {len(rows)}, with expected answers and the passages that hold them.")
    say(f"Model: {model}" + (" (no provider key in the environment)" if model == OFFLINE else ""))
    set_experiment(EXPERIMENT)
    versions = [
        register_prompt(
            PROMPT, instruction + _MATERIAL, commit_message=message, tags={"demo": "true"}
        )
        for message, instruction in _VERSIONS.items()
    ]
    results: list[EvalResult] = []
    for prompt in versions:
        say(f"\n{PROMPT} version {prompt.version}: answering and scoring …")
        results.append(
            evaluate(
                rows,
                rag_app(index, prompt, model),
                judges=_judges(model),
                name=f"{EXPERIMENT} v{prompt.version}",
                judge_model=None if model == OFFLINE else model,
            )
        )
        say(str(results[-1]))
    staging = _promote(versions, results, say)
    tour = Tour(
        model=model,
        results=results,
        staging=staging,
        seconds=time.monotonic() - began,
    )
    _where_to_look(tour, say)
    return tour


def _model() -> str:
    """The model of the demo: a real one when there is a key for it."""
    if chosen := os.environ.get("GENAIOPS_DEMO_MODEL"):
        return chosen
    if os.environ.get("OPENAI_API_KEY"):
        return "openai/gpt-5-mini"
    if os.environ.get("ANTHROPIC_API_KEY"):
        return "anthropic/claude-haiku-4-5"
    return OFFLINE


def _rows() -> list[dict[str, Any]]:  # rows as `evaluate` takes them
    documents = passages()
    return [
        {
            "id": question.id,
            "inputs": {"question": question.question},
            "expected": question.expected,
            "relevant_ids": relevant_passages(question, documents),
            "tags": dict(question.tags),
        }
        for question in questions()
    ]


def _judges(model: str) -> list[Any]:  # judges are of many classes
    without_a_model = [RecallAtK(TOP_K), MRR(), ContextOverlap(), TokenF1()]
    return without_a_model if model == OFFLINE else [*without_a_model, Groundedness()]


def _promote(
    versions: Sequence[Prompt], results: Sequence[EvalResult], say: Callable[[str], None]
) -> int | None:
    """Points the alias ``staging`` at the second version if its evaluation allows it."""
    old, new = (prompt.version for prompt in versions)
    say(f"\nVersion {new} against {old}:\n{results[1].compare(results[0])}")
    try:
        set_prompt_alias(
            PROMPT, "staging", new, reason=f"demo, after version {old}", if_eval=GOOD_ENOUGH
        )
    except ConflictError as error:
        say(f"The alias staging stays as it is: {error}.")
        return None
    say(f"The alias staging names version {new} now, because {GOOD_ENOUGH} holds.")
    say("Which version is production is yours to say; the command is below.")
    return new


def _where_to_look(tour: Tour, say: Callable[[str], None]) -> None:
    first, second = (result.run_id for result in tour.results)
    say(f"\nDone in {tour.seconds:.1f} s. Everything is in {current_store().uri}. Look at it with:")
    for arguments in (
        "ui                # the dashboard",
        "traces list       # newest traces; then: traces show ID",
        f"eval compare {first} {second}",
        f"prompts diff {PROMPT}/1 {PROMPT}@staging",
        f"prompts show {PROMPT} --versions",
        f"prompts alias {PROMPT} production 2 --if-eval {shlex.quote(GOOD_ENOUGH)}",
        'sql "SELECT name, count(*), avg(duration_ms) FROM spans GROUP BY name"',
    ):
        say(f"  {_command()} {arguments}")


def _command() -> str:
    """How this installation's command is called from the current folder."""
    found = shutil.which("genaiops")
    own = Path(sys.executable).with_name("genaiops")
    if found and (not own.exists() or own.samefile(found)):
        return "genaiops"
    if not own.exists():
        return shlex.join([sys.executable, "-m", "genaiops"])
    here = Path.cwd()
    return shlex.quote(str(own.relative_to(here) if own.is_relative_to(here) else own))
