"""``import genaiops.openai`` gives the module that the attribute gives."""

import sys

from genaiops.tracing.autolog import openai
from genaiops.tracing.autolog.openai import *

sys.modules[__name__] = openai
