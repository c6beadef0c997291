"""``import genaiops.lightning`` gives the module that the attribute gives."""

import sys

from genaiops.training import lightning
from genaiops.training.lightning import *

sys.modules[__name__] = lightning
