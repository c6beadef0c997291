"""How sure a judge model was of its verdict, from the log-probabilities of its answer."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

__all__ = ["expected_number", "probability_of", "verdict_logprobs"]

_VERDICT = re.compile(r'"verdict"\s*:\s*"?')
_ENOUGH = 0.8
"""Share of the probability that must fall on known labels; with less, nothing is weighted."""


def verdict_logprobs(raw: Mapping[str, Any]) -> dict[str, float] | None:
    """Log-probabilities of the tokens that could have begun the verdict.

    Args:
        raw: An OpenAI-shaped completion.

    Returns: None when it has none, or the place of the verdict is not found.
    """
    tokens = _tokens(raw)
    text = "".join(str(token.get("token", "")) for token in tokens)
    places = list(_VERDICT.finditer(text))
    if not places:
        return None
    at = 0
    for token in tokens:
        said = str(token.get("token", ""))
        if at + len(said) > places[-1].end() or (at >= places[-1].end() and said.strip(' "')):
            return _alternatives(token, text[at : places[-1].end()])
        at += len(said)
    return None


def expected_number(logprobs: Mapping[str, float], labels: Mapping[str, float]) -> float | None:
    """The mean of the labels' numbers, weighted with their probabilities.

    Source: Liu et al., G-Eval (2023), section 2.

    Returns: None when too little of the probability falls on the labels.
    """
    shares = _shares(logprobs, labels)
    total = sum(shares.values())
    if total < _ENOUGH:
        return None
    return sum(labels[label] * share for label, share in shares.items()) / total


def probability_of(
    label: str, logprobs: Mapping[str, float], labels: Mapping[str, float]
) -> float | None:
    """Probability of a label among all labels; None when too little falls on them."""
    shares = _shares(logprobs, labels)
    total = sum(shares.values())
    return shares.get(label, 0.0) / total if total >= _ENOUGH else None


def _shares(logprobs: Mapping[str, float], labels: Mapping[str, float]) -> dict[str, float]:
    """Probability of each label that a token begins, unless it begins several."""
    shares = dict.fromkeys(labels, 0.0)
    for token, logprob in logprobs.items():
        begun = token.strip(' "').casefold()
        fits = [label for label in labels if begun and label.casefold().startswith(begun)]
        if len(fits) == 1:
            shares[fits[0]] += math.exp(min(logprob, 0.0))
    return shares


def _alternatives(token: Mapping[str, Any], before: str) -> dict[str, float]:
    """The tokens at one place; `before` is what of the token stands before the verdict."""
    found: dict[str, float] = {}
    for item in _objects(token.get("top_logprobs")) or [dict(token)]:
        said, logprob = str(item.get("token", "")), item.get("logprob")
        if isinstance(logprob, int | float) and said.startswith(before):
            found[said[len(before) :]] = float(logprob)
    return found


def _tokens(raw: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    choices = _objects(raw.get("choices"))
    logprobs = choices[0].get("logprobs") if choices else None
    return _objects(cast("dict[str, Any]", logprobs).get("content")) if logprobs else []


def _objects(value: object) -> list[dict[str, Any]]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]
