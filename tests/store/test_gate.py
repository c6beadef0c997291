"""The gate: many readers or one writer, nobody starves, and the kernel opens it for the dead."""

import os
import signal
import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from genaiops.errors import StoreBusyError, StoreError
from genaiops.store import gate
from tests.store.making import running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_readers_do_not_wait_for_each_other(folder: Path) -> None:
    with gate.shared(folder, timeout_s=0), gate.shared(folder, timeout_s=0):
        assert gate.is_locked(folder / "store.lock")
    assert not gate.is_locked(folder / "store.lock")


def test_a_writer_waits_for_readers_and_readers_for_a_writer(folder: Path) -> None:
    def tried(lock: AbstractContextManager[None]) -> bool:
        try:
            with lock:
                return True
        except StoreBusyError:
            return False

    with gate.shared(folder, timeout_s=0):
        assert not tried(gate.exclusive(folder, timeout_s=0))
    with gate.exclusive(folder, timeout_s=0):
        assert not tried(gate.shared(folder, timeout_s=0))
    assert tried(gate.exclusive(folder, timeout_s=0))


def test_a_waiting_writer_goes_before_readers_that_come_later(folder: Path) -> None:
    order: list[str] = []

    def write() -> None:
        with gate.exclusive(folder, timeout_s=10):
            order.append("writer")

    def read() -> None:
        with gate.shared(folder, timeout_s=10):
            order.append("reader")

    with gate.shared(folder, timeout_s=0):
        writer = threading.Thread(target=write)
        writer.start()
        while not gate.is_locked(folder / "turn.lock"):
            pass
        reader = threading.Thread(target=read)
        reader.start()
    writer.join()
    reader.join()

    assert order == ["writer", "reader"]


def test_a_writer_gets_through_a_crowd_of_readers(folder: Path) -> None:
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            with gate.shared(folder, timeout_s=10):
                stop.wait(0.002)

    crowd = [threading.Thread(target=read) for _ in range(6)]
    for reader in crowd:
        reader.start()
    written = 0
    try:
        for _ in range(5):
            with gate.exclusive(folder, timeout_s=10):
                written += 1
        crowded = all(reader.is_alive() for reader in crowd)
    finally:
        stop.set()
        for reader in crowd:
            reader.join()

    assert written == 5
    assert crowded, "a reader gave up"


def test_the_holder_is_named_and_said_to_be_stopped(folder: Path) -> None:
    with running("holder", folder, "shared") as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        os.kill(holder.pid, signal.SIGSTOP)
        while not gate.is_stopped(holder.pid):
            pass

        with pytest.raises(StoreBusyError) as raised, gate.exclusive(folder, timeout_s=0.05):
            pass

        assert f"process {holder.pid} (python" in str(raised.value)
        assert "which is stopped: wait for it, or end it" in str(raised.value)


def test_the_death_of_the_holder_opens_the_gate(folder: Path) -> None:
    with running("holder", folder, "exclusive") as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
        holder.wait()

        with gate.exclusive(folder, timeout_s=5):
            pass


def test_a_forked_child_neither_holds_nor_frees_its_parents_lock(folder: Path) -> None:
    with gate.exclusive(folder, timeout_s=0):
        pid = os.fork()
        if pid == 0:
            os._exit(0 if gate.is_locked(folder / "store.lock") else 1)
        _, status = os.waitpid(pid, 0)
        assert status == 0
        assert gate.is_locked(folder / "store.lock"), "the child's end frees nothing"
    assert not gate.is_locked(folder / "store.lock")


def test_a_lock_can_be_tried_and_waited_for(folder: Path) -> None:
    lock = folder / "maintainer.lock"

    with gate.try_lock(lock) as ours:
        assert ours
        with gate.try_lock(lock) as second:
            assert not second
        with pytest.raises(StoreBusyError), gate.hold(lock, timeout_s=0):
            pass
    with gate.hold(lock, timeout_s=0):
        assert gate.is_locked(lock)


def test_a_lock_that_is_asked_about_is_not_created(folder: Path) -> None:
    assert not gate.is_locked(folder / "store.lock")
    assert gate.holders(folder / "store.lock") == []
    assert not (folder / "store.lock").exists()


def test_a_folder_that_is_gone_is_an_error_of_one_sentence(folder: Path) -> None:
    with pytest.raises(StoreError, match="is gone"), gate.shared(folder / "no", timeout_s=0):
        pass


def test_a_block_that_raises_frees_the_gate(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError), gate.exclusive(folder, timeout_s=0):
        raise ZeroDivisionError
    with gate.exclusive(folder, timeout_s=0):
        pass
