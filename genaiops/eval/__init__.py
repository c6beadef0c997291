"""Evaluation: data, judges, intervals."""

from genaiops.eval.case import Case, Claim, Prediction, Row, Verdict
from genaiops.eval.judges import judge, make_judge
from genaiops.eval.loop import aevaluate, evaluate
from genaiops.eval.report import EvalResult, RowVerdict, Score

__all__ = [
    "Case",
    "Claim",
    "EvalResult",
    "Prediction",
    "Row",
    "RowVerdict",
    "Score",
    "Verdict",
    "aevaluate",
    "evaluate",
    "judge",
    "make_judge",
]
