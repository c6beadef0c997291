"""What `evaluate` makes of a provider that refuses and fails.

    python benchmarks/bench_eval_limits.py [--seconds 60]

First a provider that takes 20 calls in any second and refuses the others with ``Retry-After: 1``;
then the same without that header; then one that refuses 10 % of the calls, fails 10 % and cuts off 10 % of its answers.
"""

import argparse
import os
import sys
import tempfile

from bench_eval_speed import JUDGES, rows
from fake_provider import FakeProvider

CAP = 20
REFUSED, OF_THE_CAP, LOST = 0.05, 0.95, 0


def scores(n: int) -> int:
    """Judges n rows in a store of their own and counts the scores."""
    import genaiops

    judges = [genaiops.make_judge(name, text) for name, text in JUDGES.items()]
    with tempfile.TemporaryDirectory() as folder:
        genaiops.set_tracking_uri(folder)
        result = genaiops.evaluate(rows(n), judges=judges, judge_model="openai/judge")
    return sum(score.n_ok for score in result.scores.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="of work for the capped provider")
    options = parser.parse_args()
    os.environ["GENAIOPS_DURABILITY"] = "process"
    n = options.seconds * CAP // len(JUDGES)
    late = lost = 0
    for retry_after in (1, 0):
        with FakeProvider(cap=CAP, retry_after=retry_after) as provider:
            lost += n * len(JUDGES) - scores(n)
            seen = provider.stats()
        refused = seen.get("refused", 0) / seen["requests"]
        reached = seen["ok"] / seen["seconds"] / CAP
        told = "with" if retry_after else "without"
        work = f"{n} rows x {len(JUDGES)} judges in {seen['seconds']:.1f} s"
        print(f"capped at {CAP}/s {told} Retry-After, {work}")
        print(f"  refused calls      {refused:7.1%}   promise at most {REFUSED:.0%}")
        print(f"  share of the cap   {reached:7.1%}   promise at least {OF_THE_CAP:.0%}")
        late += (refused > REFUSED) + (reached < OF_THE_CAP)
    with FakeProvider(p429=0.1, p500=0.1, pcut=0.1) as provider:
        lost += 3 * 200 - scores(200)
        seen = provider.stats()
    kinds = ", ".join(f"{seen.get(kind, 0)} {kind}" for kind in ("refused", "failed", "cut"))
    print(f"faults: {seen['requests']} calls, {kinds}, {seen['seconds']:.1f} s")
    print(f"  scores lost        {lost:7}   promise {LOST}")
    if late + (lost > LOST):
        sys.exit("promises are not kept")


if __name__ == "__main__":
    main()
