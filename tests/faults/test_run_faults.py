"""Runs while everything fails: killed in a logging loop, a disk that fills inside an artifact."""

import os
import random
from pathlib import Path

import pytest

import genaiops
from genaiops.store import LocalStore
from tests.store.making import compacted, killed, program, rows

KILLS = int(os.environ.get("GENAIOPS_FAULT_KILLS", "6"))


def test_every_acknowledged_metric_of_a_killed_loop_is_there_once(tmp_path: Path) -> None:
    generator = random.Random(7)
    store = LocalStore(tmp_path / "store")
    acknowledged: set[int] = set()
    for kill in range(KILLS):
        first = kill * 1_000_000
        logger = program("logger", store.folder, first)
        assert logger.stdout is not None
        said = [int(logger.stdout.readline()) for _ in range(generator.randrange(1, 400))]
        acknowledged |= {*said, *killed(logger)}
        if kill % 3 == 2:
            compacted(store)

    for _ in range(2):  # from the journal, then from the database
        found = rows(store, "SELECT step, value FROM metrics ORDER BY step")
        steps = [step for step, _ in found]
        assert len(set(steps)) == len(steps), "doubled"
        assert acknowledged <= set(steps), "lost"
        assert len(steps) - len(acknowledged) <= KILLS, "written, not acknowledged"
        assert all(value == step / 7 for step, value in found)
        compacted(store)
    statuses = rows(store, "SELECT status, count(*) FROM runs GROUP BY ALL")
    assert statuses == [("INTERRUPTED", KILLS)]


def test_a_disk_that_fills_inside_an_artifact_leaves_nothing_half(
    small_disk: Path, tmp_path: Path
) -> None:
    genaiops.set_tracking_uri(small_disk / "store")
    big = tmp_path / "big.bin"
    big.write_bytes(os.urandom(20_000_000))
    with genaiops.start_run() as run:
        genaiops.log_text("before", "a.txt")
        with pytest.raises(genaiops.StoreError, match="cannot be stored"):
            genaiops.log_artifact(big)
        genaiops.log_text("after", "b.txt")

    files = [item.path for item in genaiops.list_artifacts(run.info.run_id)]
    assert files == ["a.txt", "b.txt"]
    left = [path for path in (small_disk / "store").rglob("*") if path.stat().st_size > 1_000_000]
    assert left == []
    assert genaiops.get_run(run.info.run_id).info.status == "FINISHED"


def test_a_disk_that_fills_inside_a_download_leaves_nothing_half(
    small_disk: Path, tmp_path: Path
) -> None:
    genaiops.set_tracking_uri(tmp_path / "store")
    (tmp_path / "big.bin").write_bytes(os.urandom(20_000_000))
    with genaiops.start_run() as run:
        genaiops.log_artifact(tmp_path / "big.bin")

    with pytest.raises(
        genaiops.StoreError, match=r"'big\.bin' cannot be copied to .*No space left"
    ):
        genaiops.download_artifacts(f"runs:/{run.info.run_id}", small_disk / "back")
    assert list((small_disk / "back").iterdir()) == []
