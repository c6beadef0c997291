"""Statistics in pure numpy: intervals that can be believed, and paired comparison of two runs."""

from genaiops.eval.stats.intervals import Interval, interval
from genaiops.eval.stats.paired import Difference, difference, holm

__all__ = ["Difference", "Interval", "difference", "holm", "interval"]
