"""A grid search of scikit-learn, recorded by one line: a run, and a child run for each candidate."""

from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import genaiops

genaiops.sklearn.autolog()

pipeline = make_pipeline(StandardScaler(), SVC())
search = GridSearchCV(
    pipeline, {"svc__C": [0.1, 1.0, 10.0], "svc__kernel": ["linear", "rbf"]}, cv=3
)
search.fit(*load_iris(return_X_y=True))

genaiops.flush()
parent = genaiops.last_active_run()
print("best:", parent.data.params["best_svc__C"], parent.data.params["best_svc__kernel"])
for run in genaiops.search_runs(
    filter_string=f"attributes.parent_run_id = '{parent.info.run_id}'",
    order_by=["metrics.mean_test_score DESC"],
    output_format="list",
):
    tried, found = run.data.params, run.data.metrics
    print(f"{tried['svc__C']:5} {tried['svc__kernel']:7} {found['mean_test_score']:.3f}")
