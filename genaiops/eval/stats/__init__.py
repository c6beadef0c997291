"""Statistics in pure numpy: intervals that can be believed, agreement, comparison, stopping."""

from genaiops.eval.stats.agreement import (
    Agreement,
    agreement_of,
    cohen_kappa,
    krippendorff_alpha,
)
from genaiops.eval.stats.intervals import Interval, interval, wilson
from genaiops.eval.stats.multiple import holm
from genaiops.eval.stats.paired import Difference, difference
from genaiops.eval.stats.ppi import Corrected, corrected

__all__ = [
    "Agreement",
    "Corrected",
    "Difference",
    "Interval",
    "agreement_of",
    "cohen_kappa",
    "corrected",
    "difference",
    "holm",
    "interval",
    "krippendorff_alpha",
    "wilson",
]
