"""``import genaiops.xgboost`` gives the module that the attribute gives."""

import sys

from genaiops.training import xgboost
from genaiops.training.xgboost import *

sys.modules[__name__] = xgboost
