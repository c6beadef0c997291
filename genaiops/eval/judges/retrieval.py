"""Retrieval judges: what was found against what should be found; no model."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from genaiops.eval.case import Case, Verdict
from genaiops.eval.given import is_whole, require
from genaiops.eval.judges.base import failed, scored
from genaiops.eval.judges.study import Studied

__all__ = ["MRR", "NDCG", "PrecisionAtK", "RecallAtK"]


@dataclass(frozen=True, slots=True)
class _Retrieval(Studied):
    needs: frozenset[str] = field(
        default=frozenset({"retrieved_ids", "relevant_ids"}), init=False, repr=False
    )
    scale: tuple[float, float] = field(default=(0.0, 1.0), init=False, repr=False)


@dataclass(frozen=True, slots=True)
class _AtK(_Retrieval):
    k: int

    def __post_init__(self) -> None:
        require(is_whole(self.k), "k", self.k, "a number of documents of at least 1")


@dataclass(frozen=True, slots=True)
class RecallAtK(_AtK):
    """Share of the relevant documents found among the first k retrieved.

    Duplicates among the retrieved count once. A row without relevant documents has no recall:
    its verdict is an error. Source: Manning, Raghavan and Schütze, Introduction to Information
    Retrieval (2008), chapter 8.
    """

    k: int = 5

    @property
    def name(self) -> str:
        """``recall_at_5`` for k = 5."""
        return f"recall_at_{self.k}"

    def score(self, case: Case) -> Verdict:
        """Recall of the case."""
        relevant = case.relevant_ids
        if not relevant:
            return _nothing_relevant()
        hits = _hits(case.retrieved_ids or (), relevant, self.k)
        return scored(len(hits) / len(relevant), f"{len(hits)} of {len(relevant)} relevant found")


@dataclass(frozen=True, slots=True)
class PrecisionAtK(_AtK):
    """Share of relevant documents among the first k retrieved, over k even if fewer came.

    Source: Manning, Raghavan and Schütze (2008), chapter 8.
    """

    k: int = 5

    @property
    def name(self) -> str:
        """``precision_at_5`` for k = 5."""
        return f"precision_at_{self.k}"

    def score(self, case: Case) -> Verdict:
        """Precision of the case."""
        hits = _hits(case.retrieved_ids or (), case.relevant_ids or {}, self.k)
        return scored(len(hits) / self.k, f"{len(hits)} of the first {self.k} are relevant")


@dataclass(frozen=True, slots=True)
class MRR(_Retrieval):
    """Reciprocal rank of the first relevant document, 0 when none was retrieved.

    The estimate over rows is the mean reciprocal rank. Source: Voorhees, The TREC-8 Question
    Answering Track Report (1999).
    """

    @property
    def name(self) -> str:
        """``mrr``."""
        return "mrr"

    def score(self, case: Case) -> Verdict:
        """Reciprocal rank of the case."""
        relevant = case.relevant_ids
        if not relevant:
            return _nothing_relevant()
        for rank, document in enumerate(_unique(case.retrieved_ids or ()), start=1):
            if document in relevant:
                return scored(1.0 / rank, f"first relevant document at rank {rank}")
        return scored(0.0, "no relevant document retrieved")


@dataclass(frozen=True, slots=True)
class NDCG(_AtK):
    """Discounted gain of the first k documents over that of the best possible order.

    A document at rank i gives ``gain / log2(i + 1)``; documents in ``relevant_ids`` have gain 1
    unless it is a dict of gains. Source: Järvelin and Kekäläinen, Cumulated gain-based
    evaluation of IR techniques, ACM TOIS 20 (2002), with the discount of Burges et al. (2005).
    """

    k: int = 10

    @property
    def name(self) -> str:
        """``ndcg_at_10`` for k = 10."""
        return f"ndcg_at_{self.k}"

    def score(self, case: Case) -> Verdict:
        """The nDCG of the case."""
        relevant = case.relevant_ids or {}
        best = _discounted(sorted(relevant.values(), reverse=True)[: self.k])
        if best <= 0.0:
            return _nothing_relevant()
        found = [relevant.get(item, 0.0) for item in _unique(case.retrieved_ids or ())[: self.k]]
        return scored(_discounted(found) / best)


def _discounted(gains: Sequence[float]) -> float:
    return math.fsum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _hits(retrieved: Sequence[str], relevant: Mapping[str, float], k: int) -> list[str]:
    return [document for document in _unique(retrieved)[:k] if document in relevant]


def _unique(retrieved: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(retrieved))


def _nothing_relevant() -> Verdict:
    return failed("the row has no relevant document, so nothing could be found: leave it out")
