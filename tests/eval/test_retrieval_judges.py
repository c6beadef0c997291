"""Retrieval judges against cases worked by hand."""

import math

import pytest

from genaiops import EvalError
from genaiops.eval.judges import MRR, NDCG, Case, PrecisionAtK, RecallAtK


def case(retrieved, relevant):
    gains = relevant if isinstance(relevant, dict) else dict.fromkeys(relevant, 1.0)
    return Case(retrieved_ids=retrieved, relevant_ids=gains)


@pytest.mark.parametrize(
    ("retrieved", "relevant", "recall", "precision", "reciprocal", "ndcg"),
    [
        (["a", "b", "c"], ["a"], 1.0, 1 / 3, 1.0, 1.0),
        (["x", "a", "y"], ["a"], 1.0, 1 / 3, 0.5, 1 / math.log2(3)),
        (["x", "y", "z", "a"], ["a"], 0.0, 0.0, 0.25, 0.0),
        (["a", "x", "b"], ["a", "b"], 1.0, 2 / 3, 1.0, (1 + 0.5) / (1 + 1 / math.log2(3))),
        (["a"], ["a", "b", "c", "d"], 0.25, 1 / 3, 1.0, 1 / (1 + 1 / math.log2(3) + 0.5)),
        (["a", "a", "b"], ["b"], 1.0, 1 / 3, 0.5, 1 / math.log2(3)),
        ([], ["a"], 0.0, 0.0, 0.0, 0.0),
    ],
)
def test_metrics_match_the_hand_worked_case(
    retrieved, relevant, recall, precision, reciprocal, ndcg
):
    judged = case(retrieved, relevant)

    assert RecallAtK(3).score(judged).number == pytest.approx(recall)
    assert PrecisionAtK(3).score(judged).number == pytest.approx(precision)
    assert MRR().score(judged).number == pytest.approx(reciprocal)
    assert NDCG(3).score(judged).number == pytest.approx(ndcg)


def test_graded_gains_count_in_ndcg():
    judged = case(["b", "a"], {"a": 3.0, "b": 1.0})

    best = 3 + 1 / math.log2(3)
    assert NDCG(10).score(judged).number == pytest.approx((1 + 3 / math.log2(3)) / best)


@pytest.mark.parametrize("judge", [RecallAtK(3), MRR(), NDCG(3)])
def test_without_relevant_documents_there_is_an_error_and_no_zero(judge):
    verdict = judge.score(case(["a"], []))

    assert verdict.number is None
    assert "no relevant document" in verdict.error


def test_names_carry_k():
    names = [judge.name for judge in (RecallAtK(5), PrecisionAtK(3), MRR(), NDCG(10))]

    assert names == ["recall_at_5", "precision_at_3", "mrr", "ndcg_at_10"]


def test_k_must_be_at_least_one():
    with pytest.raises(EvalError, match="k is 0"):
        RecallAtK(0)
