"""Reads until it is killed."""

import sys
from pathlib import Path

from genaiops.store import LocalStore
from tests.store.making import numbers

store = LocalStore(Path(sys.argv[1]))
while True:
    print(len(numbers(store)), flush=True)
