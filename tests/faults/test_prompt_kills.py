"""Registrations and moves of aliases cut short: by SIGKILL, and by a disk without room."""

import contextlib
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import genaiops
from genaiops.errors import StoreError
from genaiops.query.prompts import alias_history
from tests.faults.test_disks import fill

KILLS = min(int(os.environ.get("GENAIOPS_FAULT_KILLS", "4")), 100)
WRITERS = 2

_WRITER = """
import sys, time, genaiops
genaiops.set_tracking_uri(sys.argv[1])
while True:
    made = genaiops.register_prompt("qa", f"{sys.argv[2]} at {time.time_ns()}")
    print("version", made.version, flush=True)
    genaiops.set_prompt_alias("qa", "production", made.version, reason=sys.argv[2])
    print("alias", made.version, flush=True)
"""


def writer(store: Path, name: str) -> "subprocess.Popen[str]":
    """A process that registers versions and points the alias at each of them, without end."""
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(store), name], stdout=subprocess.PIPE, text=True
    )


def said_until_killed(writers: list["subprocess.Popen[str]"], moment_s: float) -> list[list[str]]:
    """What each of them had finished, a moment after each had begun."""
    begun: list[str] = []
    for one in writers:
        assert one.stdout is not None
        begun.append(one.stdout.readline())
    with contextlib.suppress(subprocess.TimeoutExpired):
        writers[0].wait(moment_s)
    for one in writers:
        one.kill()
    return [
        (first + one.communicate(timeout=60)[0]).splitlines()
        for first, one in zip(begun, writers, strict=True)
    ]


def test_killed_writers_leave_gapless_versions_and_an_alias_that_means_one(store_dir: Path):
    generator = random.Random(4)
    acknowledged: set[int] = set()
    for kill in range(KILLS):
        writers = [writer(store_dir, f"writer {kill}.{number}") for number in range(WRITERS)]
        for said in said_until_killed(writers, generator.uniform(0.0, 0.5)):
            acknowledged |= {int(line.split()[1]) for line in said if line.startswith("version")}

        stored = genaiops.sql("SELECT version FROM prompt_versions ORDER BY version").rows
        versions = [version for (version,) in stored]
        assert versions == list(range(1, len(versions) + 1))
        assert acknowledged <= set(versions)
        moves = alias_history("qa", alias="production", limit=10_000)
        now = genaiops.sql("SELECT alias, version, weight FROM prompt_aliases").rows
        assert now == [("production", move.version, 1.0) for move in moves[:1]]
        made = genaiops.register_prompt("qa", f"after kill {kill}")
        assert made.version == len(versions) + 1
        acknowledged.add(made.version)


def test_a_full_disk_refuses_a_version_and_loses_none(small_disk: Path):
    genaiops.set_tracking_uri(small_disk / "store")
    genaiops.register_prompt("qa", "one")
    genaiops.register_prompt("qa", "two")
    genaiops.set_prompt_alias("qa", "production", 1)
    ballast = fill(small_disk)
    big = os.urandom(200_000).hex()

    with pytest.raises(StoreError, match="room|space"):
        genaiops.register_prompt("qa", big)
    full = genaiops.load_prompt("qa@production", max_age_s=0)

    ballast.unlink()
    assert full.format() == "one"
    assert genaiops.register_prompt("qa", big).version == 3
    genaiops.set_prompt_alias("qa", "production", 3)
    assert genaiops.load_prompt("qa@production", max_age_s=0).template == big
    assert genaiops.rollback_prompt_alias("qa", "production") == 1
