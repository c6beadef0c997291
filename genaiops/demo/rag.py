"""The application of the demo: retrieve passages, format a prompt, ask a model. All of it traced."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from genaiops.demo.corpus import Bm25Index, Passage
from genaiops.gateway import complete
from genaiops.model import semconv
from genaiops.prompts import Prompt
from genaiops.tracing import get_current_active_span, trace

__all__ = ["Answer", "rag_app"]

TOP_K = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the application says, and which passages it had."""

    text: str
    passages: Sequence[Passage]

    def row(self) -> dict[str, Any]:  # the shape that `evaluate` takes from a predict_fn
        """The answer as `evaluate` wants it."""
        return {
            "outputs": self.text,
            "contexts": [passage.text for passage in self.passages],
            "retrieved_ids": [passage.id for passage in self.passages],
        }


def rag_app(index: Bm25Index, prompt: Prompt, model: str) -> Callable[[str], dict[str, Any]]:
    """An application that answers questions with one prompt version and one model."""

    @trace(name="retrieve", span_type="retriever")
    def retrieve(question: str) -> list[Passage]:
        hits = index.search(question, k=TOP_K)
        get_current_active_span().set_attribute(
            semconv.RETRIEVAL_DOCUMENTS,
            [
                {"id": passage.id, "score": round(score, 3), "content": passage.text}
                for passage, score in hits
            ],
        )
        return [passage for passage, _ in hits]

    @trace(name="rag_answer", span_type="chain")
    def answer(question: str) -> dict[str, Any]:
        found = retrieve(question)
        context = "\n\n".join(f"[{passage.id}]\n{passage.text}" for passage in found)
        asked = prompt.format(question=question, context=context)
        done = complete(model=model, messages=[{"role": "user", "content": asked}])
        return Answer(text=done.text, passages=found).row()

    return answer
