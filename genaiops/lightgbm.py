"""``import genaiops.lightgbm`` gives the module that the attribute gives."""

import sys

from genaiops.training import lightgbm
from genaiops.training.lightgbm import *

sys.modules[__name__] = lightgbm
