"""SIGKILL anywhere: every acknowledged span is there exactly once, before and after recovery."""

import os
import random
import signal
from pathlib import Path

import pytest

from genaiops.store import LocalStore, migrate, segments
from genaiops.store.doctor import examine
from genaiops.store.events import encode
from genaiops.store.migrate import Migration
from tests.store.making import compacted, killed, numbers, program, rows, span, spans

KILLS = int(os.environ.get("GENAIOPS_FAULT_KILLS", "12"))
ROTATE = 50
"""A store is begun anew after so many kills: checking reads all of it."""


def check(store: LocalStore, acknowledged: set[int]) -> set[int]:
    """Nothing lost and nothing doubled, at once and after the rest was compacted."""
    before = numbers(store)
    compacted(store)
    after = numbers(store)
    assert after == before
    assert len(set(after)) == len(after), "doubled"
    assert acknowledged <= set(after), "lost"
    assert rows(store, "SELECT sum(n_spans) FROM traces") == [(len(after) or None,)]
    return set(after)


def test_killed_writers_lose_nothing(tmp_path: Path) -> None:
    generator = random.Random(1)
    store, acknowledged, written = LocalStore(tmp_path / "0"), set[int](), set[int]()
    for kill in range(KILLS):
        if kill % ROTATE == 0:
            store, acknowledged, written = LocalStore(tmp_path / str(kill)), set(), set()
        first = max(written, default=-1) + 1
        writer = program("writer", store.folder, first)
        assert writer.stdout is not None
        said = [int(writer.stdout.readline()) for _ in range(generator.randrange(1, 400))]
        said += killed(writer)
        assert said == list(range(first, first + len(said)))
        acknowledged |= set(said)
        if kill % 3 == 2:
            written = check(store, acknowledged)
        else:
            written = set(numbers(store))
            assert acknowledged <= written
        assert len(written - acknowledged) <= (kill % ROTATE + 1) * 2, "written, not acknowledged"
    check(store, acknowledged)


@pytest.mark.parametrize("point", ["insert", "commit", "checkpoint", "unlink"])
def test_a_maintainer_killed_at_the_worst_points(tmp_path: Path, point: str) -> None:
    store = LocalStore(tmp_path / "store")
    for round_ in range(3):
        first = round_ * 60
        for start in range(first, first + 60, 20):
            store.append("spans", spans(start, start + 20))
            store.append("events", encode("metric", run_id="r", key="m", value=1.0, step=start))
            store.seal()

        maintainer = program("maintainer", store.folder, "compact", point)
        maintainer.communicate()

        assert maintainer.returncode == -signal.SIGKILL
        assert numbers(store) == list(range(first + 60))
    assert rows(store, "SELECT count(*), count(DISTINCT step) FROM metrics") == [(9, 9)]
    check(store, set(range(180)))
    assert rows(store, "SELECT count(*), count(DISTINCT step) FROM metrics") == [(9, 9)]
    assert segments.found(store.folder) == []
    assert examine(store, deep=True).problems == []


@pytest.mark.parametrize("what", ["compact", "vacuum", "migrate"])
def test_killed_before_any_statement(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = random.Random(2)
    kills, store, have = 0, LocalStore(tmp_path / "0"), 0
    steps = [*migrate.built_in()]
    sql = "ALTER TABLE g.data.prompts ADD COLUMN owner VARCHAR"
    newer = [*steps, Migration(steps[-1].number + 1, "9999_later", sql)]
    for kill in range(KILLS):
        if kill % ROTATE == 0 or what == "migrate":
            store, have = LocalStore(tmp_path / str(kill)), 0
            store.append("spans", spans(0, 10))
            compacted(store)
            with store.txn() as txn:
                txn.execute("INSERT INTO data.prompts (name, kind) VALUES ('p', 'text')")
            have = 10
        store.append("spans", spans(have, have + 10))
        store.seal()
        have += 10

        killer = program("maintainer", store.folder, what, generator.randrange(0, 45))
        said, complaint = killer.communicate()

        assert killer.returncode == -signal.SIGKILL or said == "survived\n", complaint
        kills += killer.returncode == -signal.SIGKILL
        with monkeypatch.context() as patch:
            if what == "migrate":
                patch.setattr(migrate, "built_in", lambda: newer)
            assert numbers(store) == list(range(have))
            assert check(store, set(range(have))) == set(range(have))
            assert rows(store, "SELECT name FROM prompts") == [("p",)]
    assert kills > 0


@pytest.mark.parametrize("point", ["vacuum-copied", "vacuum-checkpoint", "vacuum-renamed"])
def test_a_vacuum_killed_at_the_worst_points(tmp_path: Path, point: str) -> None:
    store = LocalStore(tmp_path / "store")
    store.append("spans", spans(0, 40))
    compacted(store)
    with store.txn() as txn:
        txn.execute("INSERT INTO data.prompts (name, kind) VALUES ('p', 'text')")
    store.append("spans", spans(40, 50))

    killer = program("maintainer", store.folder, "vacuum", point)
    killer.communicate()

    assert killer.returncode == -signal.SIGKILL
    check(store, set(range(50)))
    assert rows(store, "SELECT name FROM prompts") == [("p",)]
    assert examine(store, deep=True).problems == []


def test_readers_and_maintainers_killed_at_random(tmp_path: Path) -> None:
    generator = random.Random(3)
    store, have = LocalStore(tmp_path / "0"), 0
    for kill in range(KILLS):
        if kill % ROTATE == 0:
            store, have = LocalStore(tmp_path / str(kill)), 0
        store.append("spans", spans(have, have + 200))
        store.seal()
        have += 200
        reader = program("reader", store.folder)
        maintainer = program("maintainer", store.folder, "serve")
        assert reader.stdout is not None
        for _ in range(generator.randrange(1, 4)):
            assert int(reader.stdout.readline()) == have, "a reader sees all of it at any time"
        for process in generator.sample([reader, maintainer], 2):
            process.kill()
            process.communicate()

        assert numbers(store) == list(range(have))
    check(store, set(range(have)))


def test_a_span_of_a_killed_process_is_interrupted(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    writer = program("writer", store.folder, 0)
    assert writer.stdout is not None
    writer.stdout.readline()
    (process,) = (path.name for path in (store.folder / "alive").iterdir())
    store.append("spans", span(100_000, k="start", status="running", end_ns=None, proc=process))
    status = f"SELECT status FROM spans WHERE span_id = '{100_000:016x}'"

    assert rows(store, status) == [("running",)]
    writer.kill()
    writer.communicate()

    assert rows(store, status) == [("interrupted",)]
    compacted(store)
    assert rows(store, status) == [("interrupted",)]
