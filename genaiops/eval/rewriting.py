"""The texts of a template that a search may change, and what judges said about their answers."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from genaiops.eval.report import EvalResult
from genaiops.eval.score import RowResult
from genaiops.prompts import Prompt
from genaiops.prompts.template import compile_template

__all__ = ["key_of", "names_of", "scored_rows", "texts_of", "variables_of", "with_texts"]

Texts = Mapping[str, str]


def variables_of(template: Any) -> set[str]:
    """The names of a template's variables."""
    return set(compile_template(template).variables)


def names_of(prompt: Prompt) -> str:
    """The variables as a template has them."""
    return ", ".join(f"{{{{{name}}}}}" for name in prompt.variables) or "none"


def texts_of(template: Any) -> dict[str, str]:
    """The texts by name: ``template``, or the place of a chat message."""
    if isinstance(template, str):
        return {"template": template}
    messages: Sequence[Any] = template
    texts = {str(place): item.get("content") for place, item in enumerate(messages)}
    return {place: text for place, text in texts.items() if isinstance(text, str)}


def with_texts(template: Any, texts: Texts) -> Any:
    """The template with other texts."""
    if isinstance(template, str):
        return texts.get("template", template)
    return [
        {**item, "content": texts[str(place)]} if str(place) in texts else item
        for place, item in enumerate(template)
    ]


def scored_rows(
    result: EvalResult, rows: Sequence[Mapping[str, Any]]
) -> list[tuple[float, dict[str, Any]]]:
    """Score and feedback of each row."""
    found: dict[str, list[RowResult]] = {}
    for item in result.rows:
        found.setdefault(item.row_id, []).append(item)
    return [_feedback(result, row, found[row["id"]]) for row in rows]


def _feedback(
    result: EvalResult, row: Mapping[str, Any], said: Sequence[RowResult]
) -> tuple[float, dict[str, Any]]:
    places = [_place(result, item) for item in said]
    words = [
        f"{item.judge}: {item.error or item.verdict.value} {item.verdict.rationale or ''}".strip()
        for item in said
    ]
    case = said[0].case
    feedback = {
        "Inputs": row["inputs"],
        "Output": None if case is None else case.outputs,
        "Expected": row.get("expected"),
        "Feedback": "; ".join(words),
    }
    return sum(places) / len(places), feedback


def _place(result: EvalResult, item: RowResult) -> float:
    """Where a verdict stands on its scale, 1 the best end; 0 when it failed."""
    if item.number is None:
        return 0.0
    score = result[item.judge]
    low, high = score.scale or (0.0, 1.0)
    place = (item.number - low) / (high - low)
    return place if score.higher_is_better else 1.0 - place


def key_of(value: object) -> str:
    """SHA-256 (hex) of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
