"""Time, client CPU and memory of `evaluate`: 1,000 rows x 3 judges on a provider on loopback.

    python benchmarks/bench_eval_speed.py [--rows 1000]

Each measurement is a fresh process with a fresh store; it begins after imports and counts
everything that the evaluation does, storage, spans and intervals included. CPU is that of the
client's process and its children.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

from fake_provider import FakeProvider

JUDGES = {
    "grounded": "Is {{outputs}} fully supported by {{contexts}}?",
    "relevant": "Does {{outputs}} answer {{inputs}}?",
    "correct": "Does {{outputs}} agree with {{expected}}?",
}
CONTEXT = "The tower was built from 1887 to 1889 and is 330 metres tall. " * 12
INSTANT_S, SLOW_S, CPU_MS, RSS_MB, AGAIN_S = 6.0, 10.0, 1.0, 200.0, 1.0


def rows(n: int) -> list[dict[str, object]]:
    return [
        {
            "question": f"How tall is tower {i}?",
            "answer": f"Tower {i} is 330 metres tall.",
            "contexts": [f"{CONTEXT} {i}"],
            "expected": f"330 metres ({i})",
        }
        for i in range(n)
    ]


def cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def measure(n: int, times: int) -> None:
    """Evaluates `times` times and prints a line of JSON for each; the store is that of the run."""
    import genaiops

    judges = [genaiops.make_judge(name, text) for name, text in JUDGES.items()]
    data = rows(n)
    for _ in range(times):
        began, cpu = time.perf_counter(), cpu_s()
        result = genaiops.evaluate(data, judges=judges, judge_model="openai/judge")
        print(
            json.dumps(
                {
                    "wall_s": time.perf_counter() - began,
                    "cpu_s": cpu_s() - cpu,
                    "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                    "scores": sum(score.n_ok for score in result.scores.values()),
                }
            )
        )


def in_process(n: int, times: int = 1) -> list[dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, __file__, "--rows", str(n), "--times", str(times)],
            check=True,
            stdout=subprocess.PIPE,
            env=os.environ | {"GENAIOPS_TRACKING_URI": folder},
        )
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--times", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.times:
        measure(options.rows, options.times)
        return
    n, calls = options.rows, options.rows * len(JUDGES)
    with FakeProvider() as provider:
        first, again = in_process(n, times=2)
        asked = provider.stats()["requests"]
    with FakeProvider(latency_ms=200) as provider:
        (slow,) = in_process(n)
        flying = provider.stats()["max_in_flight"]
    figures = [
        (f"{n} rows x 3 judges, instant provider, s", first["wall_s"], INSTANT_S),
        ("client CPU per judge call, storage included, ms", first["cpu_s"] / calls * 1e3, CPU_MS),
        ("peak RSS, MB", max(first["rss_mb"], slow["rss_mb"]), RSS_MB),
        (f"200 ms provider ({flying} calls in flight at most), s", slow["wall_s"], SLOW_S),
        (f"again, unchanged, {calls} scores cached, s", again["wall_s"], AGAIN_S),
        ("calls paid again", asked - calls, 0),
        ("scores missing", 3 * calls - first["scores"] - again["scores"] - slow["scores"], 0),
    ]
    for name, figure, promise in figures:
        print(f"{name:55} {figure:8.2f}   promise {promise:g}")
    if late := sum(figure > promise for _, figure, promise in figures):
        sys.exit(f"{late} promises are not kept")


if __name__ == "__main__":
    main()
