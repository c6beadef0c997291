"""Many processes on one store, and one of them stopped."""

import os
import signal
import time
from pathlib import Path

import pytest

from genaiops.errors import StoreBusyError
from genaiops.store import LocalStore, gate
from tests.store.making import compacted, killed, numbers, program, rows, running, span

SECONDS = 3.0
WRITERS = 4


def test_writers_a_maintainer_and_a_reader_at_once(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    store.append("spans", span(10**9))
    writers = [program("writer", store.folder, at * 1_000_000, 300) for at in range(WRITERS)]
    maintainer = program("maintainer", store.folder, "serve")
    heard: list[list[int]] = [[] for _ in writers]
    deadline = time.monotonic() + SECONDS
    try:
        while time.monotonic() < deadline:
            for writer, said in zip(writers, heard, strict=True):
                assert writer.stdout is not None
                said.append(int(writer.stdout.readline()))
            seen = set(numbers(store))
            missing = {said[-1] for said in heard} - seen
            assert not missing, "a stale read: acknowledged before the reader came"
    finally:
        for writer, said in zip(writers, heard, strict=True):
            said += killed(writer)
        maintainer.kill()
        maintainer.communicate()

    for _ in range(2):
        stored = numbers(store)
        assert len(set(stored)) == len(stored)
        assert {number for said in heard for number in said} <= set(stored)
        compacted(store)
    assert rows(store, "SELECT sum(n_spans) FROM traces") == [(len(stored),)]


@pytest.mark.parametrize("mode", ["shared", "exclusive"])
def test_a_stopped_process_holds_up_no_application_and_is_named(tmp_path: Path, mode: str) -> None:
    store = LocalStore(tmp_path / "store")
    store.append("spans", span(0))
    with store.txn():
        pass
    with running("holder", store.folder, mode) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        os.kill(holder.pid, signal.SIGSTOP)
        while not gate.is_stopped(holder.pid):
            pass

        for number in range(1, 20):
            assert store.append("spans", span(number)), "the application never notices"
        with pytest.raises(StoreBusyError) as raised, store.txn(timeout_s=0.3):
            pass

        assert f"process {holder.pid} (python" in str(raised.value)
        assert "which is stopped" in str(raised.value)
        if mode == "shared":
            assert numbers(store) == list(range(20)), "readers do not wait for a reader"
        os.kill(holder.pid, signal.SIGCONT)
    compacted(store)
    assert numbers(store) == list(range(20))
