"""Compacts (or vacuums, or migrates) and kills itself on the way.

maintainer.py FOLDER compact POINT      at a point of `compact.reached`
maintainer.py FOLDER vacuum POINT
maintainer.py FOLDER STATEMENT NUMBER   compact, vacuum or migrate, before its NUMBERth statement
maintainer.py FOLDER serve              works until it is killed
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from genaiops.store import LocalStore, compact, migrate, vacuum
from genaiops.store.engine import Engine
from genaiops.store.migrate import Migration


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at_point(point: str) -> None:
    def reached(name: str) -> None:
        if name == point:
            die()

    compact.reached = reached
    vacuum.reached = reached


def kill_before_statement(number: int) -> None:
    execute, count = Engine.execute, iter(range(1_000_000))

    def counted(self: Engine, sql: str, params: Any = ()) -> None:
        if next(count) == number:
            die()
        execute(self, sql, params)

    Engine.execute = counted  # type: ignore[method-assign]


folder, what = Path(sys.argv[1]), sys.argv[2]
store = LocalStore(folder)
if what == "serve":
    while True:
        store.compact(budget_bytes=20_000)
if sys.argv[3].isdigit():
    kill_before_statement(int(sys.argv[3]))
else:
    kill_at_point(sys.argv[3])
if what == "vacuum":
    vacuum.vacuum(folder)
elif what == "migrate":
    steps = [*migrate.built_in()]
    sql = "ALTER TABLE g.data.prompts ADD COLUMN owner VARCHAR"
    steps.append(Migration(steps[-1].number + 1, "9999_later", sql))
    migrate.built_in = lambda: steps
    with store.read():
        pass
else:
    while store.compact(budget_bytes=20_000).segments:
        pass
print("survived")
