"""Log parameters and metrics of a run, under MLflow's names."""

import genaiops

genaiops.set_experiment("chunking")

for size in (200, 400):
    with genaiops.start_run(run_name=f"chunks of {size}", tags={"example": "run"}) as run:
        genaiops.log_params({"chunk_size": size, "overlap": 20})
        for step in range(3):
            genaiops.log_metric("recall", 0.5 + size / 1000 + step / 100, step=step)
        genaiops.set_tag("note", "made up")

history = genaiops.get_metric_history(run.info.run_id, "recall")
print("recall of the last run:", [round(point.value, 2) for point in history])

best = genaiops.sql(
    "SELECT p.value, m.value FROM params p JOIN metrics_latest m USING (run_id) "
    "WHERE p.key = 'chunk_size' AND m.key = 'recall' ORDER BY m.value DESC LIMIT 1"
)
print("best chunk size and its recall:", *best.rows[0])
