"""``import genaiops.tensorboard`` gives the module that the attribute gives."""

import sys

from genaiops.training import tensorboard
from genaiops.training.tensorboard import *

sys.modules[__name__] = tensorboard
