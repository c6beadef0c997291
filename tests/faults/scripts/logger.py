"""Logs metrics for ever, each step said once it was acknowledged: STORE FIRST."""

import sys

import genaiops

store, first = sys.argv[1], int(sys.argv[2])
genaiops.set_tracking_uri(store)
with genaiops.start_run(f"from {first}"):
    step = first
    while True:
        genaiops.log_metric("loss", step / 7, step=step)
        sys.stdout.write(f"{step}\n")
        sys.stdout.flush()
        step += 1
