"""Disks that are full or cannot be written: the application never notices."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from genaiops.errors import GenaiopsError, StoreError
from genaiops.store import LocalStore, journal
from genaiops.store.doctor import examine
from genaiops.store.vacuum import vacuum
from tests.store.making import compacted, numbers, program, rows, span, spans


def fill(folder: Path) -> Path:
    """Leaves no byte free."""
    path = folder / "ballast"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue
    return path


def test_a_full_disk_is_survived_without_a_restart(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(journal, "PENDING_BYTES", 2_000_000)
    store = LocalStore(small_disk / "store")
    store.append("spans", spans(0, 100))
    compacted(store)
    acknowledged, number = set(range(100)), 100
    text = os.urandom(2_000).hex()

    with caplog.at_level(logging.WARNING, "genaiops"):
        while not store.dropped:
            if store.append("spans", span(number, inputs=text)):
                acknowledged.add(number)
            number += 1
    assert "no space left" in caplog.text.lower()
    assert str(store.folder) in caplog.text
    refused = number - len(acknowledged)
    assert sorted(set(numbers(store)) & acknowledged) == sorted(acknowledged)
    problems = examine(store).problems
    assert any("make room" in problem for problem in problems)

    store.seal()

    def drain() -> None:
        while store.compact(budget_bytes=2_000_000).segments:
            pass

    for _ in range(3):
        with pytest.raises(GenaiopsError):
            drain()
        assert acknowledged <= set(numbers(store)), "reads go on, nothing is lost"
    with pytest.raises(StoreError):
        vacuum(store.folder)

    subprocess.run(["mount", "-o", "remount,size=128m", str(small_disk)], check=True)
    assert store.flush()
    assert store.append("spans", span(number))
    compacted(store)

    stored = numbers(store)
    assert len(set(stored)) == len(stored)
    assert acknowledged <= set(stored)
    assert len(stored) == number + 1 - store.dropped, "what waited in memory is there as well"
    assert 0 < store.dropped < refused
    assert rows(store, "SELECT sum(n_spans) FROM traces") == [(len(stored),)]
    assert vacuum(store.folder).bytes_after


def test_a_disk_without_a_byte_left(small_disk: Path) -> None:
    store = LocalStore(small_disk / "store")
    store.append("spans", spans(0, 10))
    with store.txn() as txn:
        txn.execute("INSERT INTO data.prompts (name, kind) VALUES ('p', 'text')")
    store.seal()
    ballast = fill(small_disk)

    assert not store.append("spans", span(10))
    with pytest.raises(GenaiopsError):
        store.put_blob(b"x" * 100_000)
    with pytest.raises(GenaiopsError), store.txn() as txn:
        txn.execute("INSERT INTO data.prompts SELECT i, 'text', NULL, 1 FROM range(9000) t(i)")
    with pytest.raises(GenaiopsError):
        store.compact()
    assert rows(store, "SELECT name FROM prompts") == [("p",)]
    assert numbers(store) == list(range(10))

    ballast.unlink()
    assert store.flush()
    compacted(store)
    assert numbers(store) == list(range(11))
    assert rows(store, "SELECT name FROM prompts") == [("p",)]


def test_a_store_begun_on_a_full_disk_works_once_there_is_room(small_disk: Path) -> None:
    ballast = fill(small_disk)
    store = LocalStore(small_disk / "store")

    assert not store.append("spans", span(0))
    with pytest.raises(StoreError), store.txn():
        pass

    ballast.unlink()
    assert store.append("spans", span(1))
    assert numbers(store) == [0, 1]


def test_a_read_only_store_can_be_read(read_only: Path, caplog: pytest.LogCaptureFixture) -> None:
    with LocalStore(read_only / "store").txn():
        pass
    maker = program("writer", read_only / "store", 0)
    assert maker.stdout is not None
    assert [int(maker.stdout.readline()) for _ in range(12)] == list(range(12))
    maker.kill()
    maker.communicate()
    have = numbers(LocalStore(read_only / "store"))
    subprocess.run(["mount", "-o", "remount,bind,ro", str(read_only)], check=True)
    store = LocalStore(read_only / "store")

    assert numbers(store) == have
    assert store.sql("SELECT count(*) FROM spans").rows == [(len(have),)]
    assert not store.append("spans", span(10**6))
    assert "Read-only file system" in caplog.text
    for act in (store.compact, lambda: store.txn().__enter__(), lambda: store.put_blob(b"x" * 9)):
        with pytest.raises(GenaiopsError) as raised:
            act()
        assert "\n" not in str(raised.value)


def test_a_folder_of_somebody_else_is_told_in_one_sentence(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("another user is played by root only")
    store = LocalStore(tmp_path / "store")
    store.append("spans", spans(0, 10))
    compacted(store)
    code = """
import os, sys
from pathlib import Path
import duckdb
from genaiops.errors import GenaiopsError
from genaiops.store import LocalStore
os.setgroups([]); os.setgid(65534); os.setuid(65534)
store = LocalStore(Path(sys.argv[1]))
print(store.append("spans", b'{"k":"span","trace_id":"a","span_id":"b"}\\n'))
for act in (lambda: store.read().__enter__(), lambda: store.txn().__enter__(), store.compact):
    try:
        act()
        print("nothing happened")
    except GenaiopsError as error:
        print(type(error).__name__, error)
"""
    for path in [tmp_path, *tmp_path.parents]:
        if path.stat().st_mode & 0o005 != 0o005 and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o005)

    without_coverage = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}

    done = subprocess.run(
        [sys.executable, "-c", code, str(store.folder)],
        capture_output=True,
        text=True,
        check=False,
        env=without_coverage | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )

    said = done.stdout.splitlines()
    assert said[0] == "False", done.stderr
    assert len(said) == 4
    assert all(line.startswith("StoreError") for line in said[1:]), said
    assert "Traceback" not in done.stderr
    assert numbers(store) == list(range(10))
