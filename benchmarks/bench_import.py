"""What `import genaiops` and `genaiops --help` cost before anything is done.

    python benchmarks/bench_import.py

Modules are counted in a fresh process, beyond those of a bare interpreter; heavy libraries may be
among them neither after the import nor after the first traced call. `genaiops --help` is a whole
process, beside a bare interpreter in the same run.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time

PROMISE_MODULES = 120
PROMISE_MS = 150
HEAVY = ("duckdb", "numpy", "openai", "pandas", "pydantic")
REPEATS = 15

PROGRAM = """
import sys
bare = set(sys.modules)
import genaiops
imported = set(sys.modules) - bare

@genaiops.trace
def answer(question):
    return "yes"

answer("is it short?")
used = set(sys.modules) - bare
import json
print(json.dumps([sorted(imported), sorted(used)]))
"""


def modules() -> tuple[list[str], list[str]]:
    """Modules beyond a bare interpreter: after the import, and after the first traced call."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", PROGRAM]
        said = subprocess.run(command, check=True, cwd=folder, capture_output=True).stdout
    imported, used = json.loads(said)
    return imported, used


def median_ms(arguments: list[str]) -> float:
    times: list[float] = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        times.append((time.perf_counter() - began) * 1e3)
    return statistics.median(times[1:])


def main() -> None:
    imported, used = modules()
    heavy = [name for name in HEAVY if name in used]
    bare = median_ms(["-c", "pass"])
    took = median_ms(["-m", "genaiops", "--help"])
    print(f"import genaiops        {len(imported):5} modules  promise {PROMISE_MODULES}")
    print(f"and one traced call    {len(used):5} modules")
    print(f"heavy ones among these {len(heavy):5} modules  promise 0  {' '.join(heavy)}".rstrip())
    print(f"genaiops --help        {took:5.0f} ms  promise {PROMISE_MS} ms")
    print(f"python -c pass         {bare:5.0f} ms  ratio {took / bare:.1f}")
    if len(imported) > PROMISE_MODULES or heavy or took > PROMISE_MS:
        sys.exit("the promise is not kept")


if __name__ == "__main__":
    main()
