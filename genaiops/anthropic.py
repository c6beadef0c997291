"""``import genaiops.anthropic`` gives the module that the attribute gives."""

import sys

from genaiops.tracing.autolog import anthropic
from genaiops.tracing.autolog.anthropic import *

sys.modules[__name__] = anthropic
