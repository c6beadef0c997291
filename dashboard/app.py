"""The dashboard's entry: navigation, look, and what every page shares."""

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
if str(_HERE.parent) not in sys.path:
    sys.path.insert(0, str(_HERE.parent))

from dashboard.parts.frame import frame  # the folder above must be found first

frame(_HERE)
