"""The texts of a template that a search may change, and what judges said about their answers."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from genaiops.errors import EvalError, PromptError
from genaiops.eval.report import EvalResult
from genaiops.eval.score import RowResult
from genaiops.model.example import Row
from genaiops.prompts import Prompt, register_prompt
from genaiops.prompts.partials import partials_in
from genaiops.prompts.template import MUSTACHE, PLACEHOLDER, compile_template

__all__ = [
    "checked_texts",
    "key_of",
    "reflections_on",
    "registered",
    "request_of",
    "row_of",
    "scored_rows",
    "texts_of",
    "with_texts",
]

Texts = Mapping[str, str]
_REFLECTION = """Improve an instruction to a language model. It is now:
```
<curr_param>
```
What it led to on some inputs, and what was wrong with the answers:
```
<side_info>
```
Write a better one. Keep these variables, each in double braces, and use no others: <names>.
Give the new instruction alone within ``` blocks."""


def row_of(base: Prompt, row: Row) -> dict[str, Any]:
    """The row as `evaluate` takes it again.

    Raises: EvalError when the prompt cannot be formatted with it.
    """
    if not isinstance(row.inputs, Mapping):
        raise EvalError(
            f"row {row.index + 1}: 'inputs' is no dict of the variables of {base.uri!r}"
        )
    inputs = cast("Mapping[str, Any]", row.inputs)
    try:
        request_of(base, inputs)
    except PromptError as error:
        raise EvalError(f"row {row.index + 1}: {error}") from None
    kept = {key: value for key, value in row.raw.items() if key != "question"}
    return kept | {"id": row.row_id, "inputs": inputs}


def request_of(prompt: Prompt, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Messages, settings, tools and response format for a row, without the model.

    Raises: PromptError that lists the variables that the row lacks.
    """
    given = {name: inputs[name] for name in prompt.variables if name in inputs}
    request = prompt.to_openai(**given)
    request.pop("model", None)
    return request


def registered(base: Prompt, template: Any) -> Prompt | None:
    """The version with this template, all else as in the base; None when it is refused.

    It must have the variables of the base, and may include the prompts that the base includes.
    """
    syntax = base.stored.syntax
    try:
        compiled = compile_template(template, syntax=syntax, included=base.included)
        if set(compiled.variables) != set(base.variables):
            return None
        return register_prompt(
            base.name,
            template,
            commit_message=f"Candidate of the optimisation of version {base.version}",
            tags={"optimization": f"v{base.version}"},
            response_format=base.response_format,
            model_config=base.model_config,
            tools=base.tools,
            syntax=syntax,
            variable_types=base.variable_types,
        )
    except PromptError:
        return None


def texts_of(template: Any) -> dict[str, str]:
    """The texts by name: ``template``, or the place of a chat message that holds text."""
    if isinstance(template, str):
        return {"template": template}
    messages: Sequence[Any] = template
    return {
        str(place): item["content"]
        for place, item in enumerate(messages)
        if isinstance(item.get("content"), str) and item["role"] != PLACEHOLDER
    }


def with_texts(template: Any, texts: Texts) -> Any:
    """The template with other texts."""
    if isinstance(template, str):
        return texts.get("template", template)
    return [
        {**item, "content": texts[str(place)]} if str(place) in texts else item
        for place, item in enumerate(template)
    ]


def checked_texts(proposed: Sequence[Texts], known: Texts) -> Sequence[Texts]:
    """What an optimizer proposed. Raises: EvalError for what are no texts by name."""
    for texts in proposed:
        wrong = not isinstance(texts, Mapping) or set(texts) - set(known)  # pyright: ignore[reportUnnecessaryIsInstance]  a user's function made it
        if wrong:
            names = " or ".join(map(repr, known))
            raise EvalError(f"the optimizer gave {texts!r}: give dicts of texts by name, {names}")
    return proposed


def reflections_on(prompt: Prompt) -> dict[str, str]:
    """What the reflection model is asked about each text by name; gepa fills the rest in."""
    return {
        name: _REFLECTION.replace("<names>", _names_in(prompt, text))
        for name, text in texts_of(prompt.template).items()
    }


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


def _names_in(prompt: Prompt, text: str) -> str:
    """What a text of the prompt must keep: its variables and included prompts, as it has them."""
    syntax = prompt.stored.syntax
    included = partials_in(text) if syntax == MUSTACHE else []
    compiled = compile_template(text, syntax=syntax, included=dict.fromkeys(included, ""))
    names = [*compiled.variables, *(f"> {reference}" for reference in included)]
    return ", ".join(f"{{{{{name}}}}}" for name in names) or "none"
