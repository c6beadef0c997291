"""``import genaiops.transformers`` gives the module that the attribute gives."""

import sys

from genaiops.training import transformers
from genaiops.training.transformers import *

sys.modules[__name__] = transformers
