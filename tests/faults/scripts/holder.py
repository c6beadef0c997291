"""Holds the gate of a store until it is killed: holder.py FOLDER shared|exclusive."""

import signal
import sys
from pathlib import Path

from genaiops.store import gate

folder, mode = Path(sys.argv[1]), sys.argv[2]
with (gate.shared if mode == "shared" else gate.exclusive)(folder, timeout_s=10):
    print("held", flush=True)
    while True:
        signal.pause()
