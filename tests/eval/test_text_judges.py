"""Text judges: exact, contained, matched, overlapping."""

import pytest

from genaiops import EvalError
from genaiops.eval.judges import Case, Contains, ContextOverlap, ExactMatch, RegexMatch, TokenF1


def number(judge, outputs, expected=None, contexts=None):
    return judge.score(Case(outputs=outputs, expected=expected, contexts=contexts)).number


def test_exact_match_ignores_spaces_and_takes_any_of_several():
    assert number(ExactMatch(), " New  York\n", "New York") == 1.0
    assert number(ExactMatch(), "new york", "New York") == 0.0
    assert number(ExactMatch(ignore_case=True), "new york", "New York") == 1.0
    assert number(ExactMatch(), "NYC", ["New York", "NYC"]) == 1.0
    assert number(ExactMatch(), ["a", "b"], ["a", "b"]) == 1.0
    assert number(ExactMatch(), "a", []) == number(Contains(), "a", []) == 0.0


def test_contains_looks_for_the_expected_or_the_given_text():
    assert number(Contains(), "It is PARIS, I think.", "Paris") == 1.0
    assert number(Contains(), "It is Rome.", "Paris") == 0.0
    assert number(Contains(["a", "b"]), "only a") == 1.0
    assert number(Contains(["a", "b"], mode="all"), "only a") == 0.0
    assert Contains("x").needs == {"outputs"}


def test_a_regular_expression_is_searched_and_checked_when_made():
    assert number(RegexMatch(r"\b\d{4}\b"), "in 1998") == 1.0
    assert number(RegexMatch(r"^\d"), "in 1998") == 0.0
    with pytest.raises(EvalError, match="is not a regular expression"):
        RegexMatch("(")


def test_token_f1_is_the_squad_measure():
    assert number(TokenF1(), "the cat sat", "a cat sat") == pytest.approx(2 / 3)
    assert number(TokenF1(), "dog", "cat") == 0.0
    assert number(TokenF1(), "", "") == 1.0
    assert number(TokenF1(), "b", ["a", "b"]) == 1.0


def test_context_overlap_is_the_share_of_sentences_that_were_copied():
    contexts = ["The sky is blue. Water is wet."]

    assert number(ContextOverlap(), "the sky is BLUE. Fire is cold.", contexts=contexts) == 0.5
    assert number(ContextOverlap(), "The sky is blue [sky-1].", contexts=contexts) == 1.0
    assert number(ContextOverlap(), "The sky is blue. [sky-1] [b.md]", contexts=contexts) == 1.0
    assert number(ContextOverlap(), "Set x[0] [a]", contexts=["set x[0] first"]) == 1.0
    assert number(ContextOverlap(), "[sky-1]", contexts=contexts) is None
    assert number(ContextOverlap(), "Azure is what the sky is.", contexts=contexts) == 0.0
    assert number(ContextOverlap(), "Water is wet", contexts=[]) == 0.0
    assert number(ContextOverlap(), "  ", contexts=contexts) is None


def test_outputs_in_a_dict_are_read_as_text():
    assert number(ExactMatch(), {"answer": "yes", "sources": []}, "yes") == 1.0
    assert number(ExactMatch(), {"n": 1}, '{"n":1}') == 1.0
