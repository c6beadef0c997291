"""Judges: what is good about an answer, as small frozen dataclasses."""

from genaiops.eval.case import Case, Claim, ToolCall, Verdict
from genaiops.eval.judges.base import CodeJudge, Judge, ModelJudge
from genaiops.eval.judges.context import ContextPrecision, ContextRecall, ContextRelevance
from genaiops.eval.judges.custom import FunctionJudge, judge
from genaiops.eval.judges.graded import AnswerRelevance, Correctness, Guidelines, Safety
from genaiops.eval.judges.groundedness import Groundedness
from genaiops.eval.judges.made import MadeJudge, make_judge
from genaiops.eval.judges.pairwise import Pairwise
from genaiops.eval.judges.panel import Panel
from genaiops.eval.judges.retrieval import MRR, NDCG, PrecisionAtK, RecallAtK
from genaiops.eval.judges.schema import JSONSchema
from genaiops.eval.judges.text import Contains, ContextOverlap, ExactMatch, RegexMatch, TokenF1
from genaiops.eval.judges.tools import ToolCallCorrectness
from genaiops.eval.judges.traits import PII, Cost, Latency

__all__ = [
    "MRR",
    "NDCG",
    "PII",
    "AnswerRelevance",
    "Case",
    "Claim",
    "CodeJudge",
    "Contains",
    "ContextOverlap",
    "ContextPrecision",
    "ContextRecall",
    "ContextRelevance",
    "Correctness",
    "Cost",
    "ExactMatch",
    "FunctionJudge",
    "Groundedness",
    "Guidelines",
    "JSONSchema",
    "Judge",
    "Latency",
    "MadeJudge",
    "ModelJudge",
    "Pairwise",
    "Panel",
    "PrecisionAtK",
    "RecallAtK",
    "RegexMatch",
    "Safety",
    "TokenF1",
    "ToolCall",
    "ToolCallCorrectness",
    "Verdict",
    "judge",
    "make_judge",
]
