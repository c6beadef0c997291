"""Writes spans until it is killed, and prints each number once it is acknowledged.

writer.py FOLDER FIRST [SPANS_A_SECOND]
"""

import sys
import time
from pathlib import Path

from genaiops.store import LocalStore
from tests.store.making import span

store = LocalStore(Path(sys.argv[1]))
number = int(sys.argv[2])
pause = 1 / float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
while True:
    if not store.append("spans", span(number)):
        sys.exit("an append failed")
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()
    number += 1
    time.sleep(pause)
