"""Registering versions: alone, and eight processes on one name at once.

    python benchmarks/bench_prompts_register.py [--processes 8] [--versions 250]

Alone is the median of 30 registrations one after the other. Together, the versions must be exactly
1, 2, 3 … without a gap.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import genaiops
from genaiops.store import current_store

PROCESSES, VERSIONS, ALONE = 8, 250, 30
ALONE_MS, PER_S = 80.0, 12.0
_WRITER = """
import sys, genaiops
genaiops.set_tracking_uri(sys.argv[1])
genaiops.load_prompt("race/warm")
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    genaiops.register_prompt("race/answer", f"{sys.argv[2]} {number}: {{{{question}}}}")
"""


def alone_ms() -> float:
    times: list[float] = []
    for number in range(ALONE):
        began = time.perf_counter()
        genaiops.register_prompt("race/warm", f"version {number}")
        times.append((time.perf_counter() - began) * 1e3)
    return statistics.median(times)


def together_s(uri: Path, processes: int, versions: int) -> float:
    """Seconds from the common start until the last one is done."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(uri), str(number), str(versions)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(processes)
    ]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.readline()
    began = time.perf_counter()
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    failed = [writer.wait() for writer in writers]
    if any(failed):
        sys.exit(f"writers ended with {failed}")
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description="Registrations a second, and that none is lost.")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--versions", type=int, default=VERSIONS)
    args = parser.parse_args()
    total = args.processes * args.versions
    with tempfile.TemporaryDirectory() as folder:
        uri = Path(folder) / "store"
        genaiops.set_tracking_uri(uri)
        alone = alone_ms()
        took_s = together_s(uri, args.processes, args.versions)
        with current_store().read() as reader:
            found = reader.query(
                "SELECT version FROM prompt_versions WHERE name = 'race/answer' ORDER BY version"
            ).rows
    gapless = [version for (version,) in found] == list(range(1, total + 1))
    rate = total / took_s
    print(f"{'registering alone':46}{alone:10.1f} ms  promise {ALONE_MS:g} ms")
    print(
        f"{f'{args.processes} processes × {args.versions} on one name':46}{rate:10.1f} /s  promise {PER_S:g} /s"
    )
    print(
        f"{f'versions are exactly 1 … {total}':46}{'yes' if gapless else 'no':>10}     promise yes"
    )
    if not gapless or alone > ALONE_MS or rate < PER_S:
        sys.exit("a promise is not kept")


if __name__ == "__main__":
    main()
