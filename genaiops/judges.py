"""``import genaiops.judges`` gives the module that the attribute gives: `genaiops.eval.judges`."""

import sys

from genaiops.eval import judges
from genaiops.eval.judges import *

sys.modules[__name__] = judges
