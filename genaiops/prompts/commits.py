"""Changes to the registry from many threads, put into few control transactions.

A control transaction costs about 50 ms whatever is in it, so the threads of a process queue up:
whoever finds nobody at work commits for everyone who waits. Processes queue up too: whoever is next
holds `prompts.lock` until the store is free, so that one that commits again and again goes behind
those that wait.
"""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Generator
from typing import Generic, TypeVar, cast

from genaiops.errors import ConflictError, NotFoundError, PromptError, StoreError
from genaiops.store import LocalStore, Txn, gate

__all__ = ["commit"]

_WAIT_S = 60.0

T = TypeVar("T")


def commit(store: LocalStore, change: Callable[[Txn], T]) -> T:
    """Runs a change in a control transaction and returns what it returns, once committed.

    The change reads and decides first and writes last: what it raises before it writes concerns
    its caller only.

    Raises: NotFoundError, ConflictError and PromptError of the change, StoreError when nothing was committed.
    """
    queue = _queues.setdefault(store.uri, _Queue())
    ticket = _Ticket(change)
    queue.waiting.append(cast("_Ticket[object]", ticket))
    with queue.at_work:
        if not ticket.settled:
            queue.commit_all(store)
    return ticket.outcome()


class _Ticket(Generic[T]):
    """A change, and what became of it."""

    def __init__(self, change: Callable[[Txn], T]) -> None:
        self.change = change
        self.settled = False
        self.error: Exception | None = None
        self.result: T | None = None

    def run(self, txn: Txn) -> None:
        try:
            self.result = self.change(txn)
        except (ConflictError, NotFoundError, PromptError) as error:
            self.error = error

    def outcome(self) -> T:
        if self.error is not None:
            raise self.error
        return self.result  # pyright: ignore[reportReturnType]  set whenever there is no error


class _Queue:
    """The changes of one store that wait in this process, in order of arrival."""

    def __init__(self) -> None:
        self.at_work = threading.Lock()
        self.waiting: deque[_Ticket[object]] = deque()

    def commit_all(self, store: LocalStore) -> None:
        batch: list[_Ticket[object]] = []
        while self.waiting:
            batch.append(self.waiting.popleft())
        failure: Exception | None = StoreError("the change was interrupted: try again")
        try:
            with _next(store) as txn:
                for ticket in batch:
                    ticket.run(txn)
            failure = None
        except StoreError as error:
            failure = error
        finally:
            for ticket in batch:
                ticket.error = failure or ticket.error
                ticket.settled = True


@contextlib.contextmanager
def _next(store: LocalStore) -> Generator[Txn]:
    """A transaction, in turn with other processes. Raises: StoreBusyError after `_WAIT_S`."""
    with contextlib.ExitStack() as opened:
        with contextlib.ExitStack() as turn:
            if store.folder.is_dir():  # made by the first transaction
                turn.enter_context(gate.hold(store.folder / "prompts.lock", timeout_s=_WAIT_S))
            txn = opened.enter_context(store.txn(timeout_s=_WAIT_S))
        yield txn


_queues: dict[str, _Queue] = {}

# A forked child inherits locks that threads of its parent may hold.
os.register_at_fork(after_in_child=_queues.clear)
