"""Many threads and processes register versions of one prompt at once."""

import subprocess
import sys
import threading
from pathlib import Path

import genaiops
from genaiops.store import current_store

PROCESSES = 4
THREADS = 50

_WRITER = """
import sys
from threading import Barrier, Thread

import genaiops

process, threads = int(sys.argv[1]), int(sys.argv[2])
together = Barrier(threads)
versions = []

def register(thread):
    together.wait()
    text = f"process {process} thread {thread}: {{{{question}}}}"
    versions.append(genaiops.register_prompt("race/answer", text).version)

print("ready", flush=True)
sys.stdin.readline()
workers = [Thread(target=register, args=(number,)) for number in range(threads)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
print(*versions, flush=True)
"""


def race(processes: int, threads: int) -> list[list[int]]:
    """The versions that each process was told, all of them started at one moment."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(process), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for process in range(processes)
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        answers = [writer.communicate(timeout=120)[0] for writer in writers]
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
    assert [writer.returncode for writer in writers] == [0] * processes
    return [[int(number) for number in answer.split()] for answer in answers]


def test_threads_and_processes_get_gapless_unique_versions(workdir: Path):
    told = race(PROCESSES, THREADS)

    every = sorted(number for numbers in told for number in numbers)
    assert every == list(range(1, PROCESSES * THREADS + 1))
    with current_store().read() as reader:
        stored = reader.query("SELECT version, template FROM prompt_versions ORDER BY version").rows
    assert [version for version, _ in stored] == every
    assert len({template for _, template in stored}) == len(every)


def test_the_same_content_from_everywhere_is_one_version():
    together = threading.Barrier(THREADS)
    found: list[tuple[int, bool]] = []

    def register() -> None:
        together.wait()
        prompt = genaiops.register_prompt("race/answer", "the same")
        found.append((prompt.version, prompt.created))

    workers = [threading.Thread(target=register) for _ in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(found) == [(1, False)] * (THREADS - 1) + [(1, True)]


def test_an_alias_moved_under_many_readers_is_never_nowhere():
    genaiops.register_prompt("race/answer", "one")
    genaiops.register_prompt("race/answer", "two")
    genaiops.set_prompt_alias("race/answer", "production", 1)
    moved = threading.Event()
    seen: set[int] = set()
    failed: list[Exception] = []

    def read() -> None:
        try:
            while not moved.is_set():
                seen.add(genaiops.load_prompt("race/answer@production", max_age_s=0).version)
        except genaiops.GenaiopsError as error:
            failed.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(10):
        genaiops.set_prompt_alias("race/answer", "production", 1 + number % 2)
    moved.set()
    for reader in readers:
        reader.join()

    assert failed == []
    assert seen
    assert seen <= {1, 2}
