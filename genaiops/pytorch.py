"""``import genaiops.pytorch`` gives the module that the attribute gives."""

import sys

from genaiops.training import pytorch
from genaiops.training.pytorch import *

sys.modules[__name__] = pytorch
