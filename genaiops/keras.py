"""``import genaiops.keras`` gives the module that the attribute gives."""

import sys

from genaiops.training import keras
from genaiops.training.keras import *

sys.modules[__name__] = keras
