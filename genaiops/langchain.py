"""``import genaiops.langchain`` gives the module that the attribute gives."""

import sys

from genaiops.tracing.autolog import langchain
from genaiops.tracing.autolog.langchain import *

sys.modules[__name__] = langchain
