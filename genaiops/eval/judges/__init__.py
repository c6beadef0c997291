"""Judges: what is good about an answer, as small frozen dataclasses."""

from genaiops.eval.case import Case, Claim, Verdict
from genaiops.eval.judges.base import CodeJudge, Judge, ModelJudge
from genaiops.eval.judges.custom import FunctionJudge, judge
from genaiops.eval.judges.groundedness import Groundedness
from genaiops.eval.judges.made import MadeJudge, make_judge
from genaiops.eval.judges.retrieval import MRR, NDCG, PrecisionAtK, RecallAtK
from genaiops.eval.judges.text import Contains, ContextOverlap, ExactMatch, RegexMatch, TokenF1

__all__ = [
    "MRR",
    "NDCG",
    "Case",
    "Claim",
    "CodeJudge",
    "Contains",
    "ContextOverlap",
    "ExactMatch",
    "FunctionJudge",
    "Groundedness",
    "Judge",
    "MadeJudge",
    "ModelJudge",
    "PrecisionAtK",
    "RecallAtK",
    "RegexMatch",
    "TokenF1",
    "Verdict",
    "judge",
    "make_judge",
]
