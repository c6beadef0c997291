"""Evaluation: data, judges, intervals."""

from genaiops.eval.aligning import study
from genaiops.eval.case import Case, Claim, Prediction, Row, Verdict
from genaiops.eval.compare import Change, Comparison
from genaiops.eval.gate import Gate
from genaiops.eval.judges import judge, make_judge
from genaiops.eval.judges.study import Alignment, connect
from genaiops.eval.loop import aevaluate, evaluate
from genaiops.eval.optimize import Candidate, Optimized, optimize_prompt
from genaiops.eval.report import EvalResult, load_result
from genaiops.eval.score import RowResult, Score
from genaiops.eval.stats.agreement import Agreement, agreement_of

__all__ = [
    "Agreement",
    "Alignment",
    "Candidate",
    "Case",
    "Change",
    "Claim",
    "Comparison",
    "EvalResult",
    "Gate",
    "Optimized",
    "Prediction",
    "Row",
    "RowResult",
    "Score",
    "Verdict",
    "aevaluate",
    "agreement_of",
    "evaluate",
    "judge",
    "load_result",
    "make_judge",
    "optimize_prompt",
]

connect(study)
