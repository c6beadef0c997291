"""`genaiops --help` as a whole process, against a bare interpreter in the same run."""

import statistics
import subprocess
import sys
import time

REPEATS = 15
PROMISE_MS = 150


def median_ms(arguments: list[str]) -> float:
    times: list[float] = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        times.append((time.perf_counter() - began) * 1e3)
    return statistics.median(times[1:])


def main() -> None:
    bare = median_ms(["-c", "pass"])
    took = median_ms(["-m", "genaiops", "--help"])
    print(f"genaiops --help  {took:6.1f} ms  promise {PROMISE_MS} ms")
    print(f"python -c pass   {bare:6.1f} ms  ratio {took / bare:.1f}")
    if took > PROMISE_MS:
        sys.exit("the promise is not kept")


if __name__ == "__main__":
    main()
