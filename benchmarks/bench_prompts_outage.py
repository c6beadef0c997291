"""Ten minutes without a registry, with a restart in between: every load answers.

    python benchmarks/bench_prompts_outage.py

The minutes are those of the cache's clock, which the program moves by a second before each load;
everything else is real: the store's file is damaged, then the folder is moved away, then a new
process starts. A prompt with a copy is answered from memory and then from disk, one without by its
fallback. Also: 1,000 moves of an alias under 100 readers, each of whom must see old or new.
"""

import argparse
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import genaiops
from genaiops.prompts import cache

SECONDS, MOVES, READERS = 300, 1_000, 100


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Warnings(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        del record
        self.count += 1


def five_minutes() -> tuple[int, int]:
    """Loads that were answered, and warnings."""
    clock, warnings = Clock(), Warnings()
    real, cache.monotonic = cache.monotonic, clock
    logging.getLogger("genaiops.prompts").addHandler(warnings)
    answered = 0
    try:
        for _ in range(SECONDS):
            clock.now += 1
            known = genaiops.load_prompt("qa/answer@production", max_age_s=5).format(question="?")
            unknown = genaiops.load_prompt("qa/other", fallback="Fallback").format()
            answered += (known, unknown) == ("Answer ?", "Fallback")
    finally:
        cache.monotonic = real
    return answered, warnings.count


def child(uri: str) -> None:
    """The second half, in a process that never saw the store."""
    genaiops.set_tracking_uri(uri)
    print(*five_minutes())


def outage(folder: Path) -> tuple[int, int]:
    uri = folder / "store"
    genaiops.set_tracking_uri(uri)
    genaiops.register_prompt("qa/answer", "Answer {{question}}")
    genaiops.set_prompt_alias("qa/answer", "production", 1)
    genaiops.load_prompt("qa/answer@production")
    (uri / "genaiops.duckdb").write_bytes(b"no database" * 1000)
    answered, warnings = five_minutes()
    shutil.move(uri, folder / "away")
    told = subprocess.run(
        [sys.executable, __file__, "--child", str(uri)],
        check=True,
        capture_output=True,
        text=True,
    )
    again, warned = map(int, told.stdout.split())
    return answered + again, warnings + warned


def moves(folder: Path, count: int) -> tuple[int, int, int]:
    """Loads, those that saw neither version, and readers that failed."""
    genaiops.set_tracking_uri(folder / "moves")
    genaiops.register_prompt("qa/answer", "one")
    genaiops.register_prompt("qa/answer", "two")
    genaiops.set_prompt_alias("qa/answer", "production", 1)
    done = threading.Event()
    loads = [0] * READERS
    neither = [0] * READERS
    failed: list[Exception] = []

    def read(number: int) -> None:
        try:
            while not done.wait(0.02):
                prompt = genaiops.load_prompt("qa/answer@production", max_age_s=0.5)
                loads[number] += 1
                neither[number] += prompt.format() != ["", "one", "two"][prompt.version]
        except genaiops.GenaiopsError as error:
            failed.append(error)

    readers = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
    for reader in readers:
        reader.start()
    for number in range(count):
        version = 2 - number % 2
        genaiops.set_prompt_alias("qa/answer", "production", version)
        if genaiops.load_prompt("qa/answer@production").version != version:
            neither[0] += 1
    done.set()
    for reader in readers:
        reader.join()
    return sum(loads), sum(neither), len(failed)


def main() -> None:
    parser = argparse.ArgumentParser(description="Answers without a store, and under moves.")
    parser.add_argument("--moves", type=int, default=MOVES)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args.child)
        return
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        answered, warnings = outage(folder)
        loads, neither, failed = moves(folder, args.moves)
    print(f"{'loads answered in ten minutes of outage':46}{answered:10,}     promise {2 * SECONDS}")
    print(f"{'warnings in ten minutes':46}{warnings:10,}     promise 10")
    print(f"{f'loads under {args.moves:,} moves of an alias':46}{loads:10,}")
    print(f"{'of them neither old nor new, or failed':46}{neither + failed:10,}     promise 0")
    if answered < 2 * SECONDS or warnings > 10 or neither or failed:
        sys.exit("a promise is not kept")


if __name__ == "__main__":
    main()
