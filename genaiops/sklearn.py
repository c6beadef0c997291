"""``import genaiops.sklearn`` gives the module that the attribute gives."""

import sys

from genaiops.training import sklearn
from genaiops.training.sklearn import *

sys.modules[__name__] = sklearn
