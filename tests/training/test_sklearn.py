"""Fits, searches and cross-validations of scikit-learn as runs."""

import threading

import joblib
import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    cross_val_score,
    learning_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import genaiops


def test_a_fit_is_a_run_with_parameters_and_scores_under_mlflows_names(sklearn_on, iris, runs):
    fitted = LogisticRegression(C=0.5, max_iter=500).fit(*iris)

    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "LogisticRegression"
    assert run.data.params["C"] == 0.5
    assert run.data.params["max_iter"] == 500
    assert run.data.params["class_weight"] is None
    assert run.data.tags["estimator_name"] == "LogisticRegression"
    assert run.data.tags["estimator_class"] == "sklearn.linear_model._logistic.LogisticRegression"
    assert set(run.data.metrics) == {
        "training_accuracy_score", "training_f1_score", "training_log_loss",
        "training_precision_score", "training_recall_score", "training_roc_auc", "training_score",
    }  # fmt: skip
    assert run.data.metrics["training_score"] == fitted.score(*iris)
    summary = genaiops.load_text(f"runs:/{run.info.run_id}/model_summary.txt")
    assert "LogisticRegression(C=0.5, max_iter=500)" in summary
    assert "coef_: ndarray 3×4" in summary


def test_a_regressor_has_the_errors_of_its_predictions(sklearn_on, iris, runs):
    rows, targets = iris

    fitted = Ridge().fit(rows, targets, sample_weight=np.linspace(1, 2, len(rows)))

    (run,) = runs()
    assert set(run.data.metrics) == {
        "training_mean_absolute_error", "training_mean_squared_error", "training_r2_score",
        "training_root_mean_squared_error", "training_score",
    }  # fmt: skip
    weights = np.linspace(1, 2, len(rows))
    assert run.data.metrics["training_score"] == fitted.score(rows, targets, sample_weight=weights)


def test_what_has_no_targets_has_its_own_score(sklearn_on, iris, runs):
    rows, _ = iris

    KMeans(n_clusters=3, n_init=1, random_state=0).fit_predict(rows)
    PCA(n_components=2).fit_transform(rows)

    clusters, components = runs()
    assert clusters.data.metrics["training_score"] < 0
    assert set(components.data.metrics) == {"training_score"}
    assert components.info.run_name == "PCA"


def test_preparing_data_is_no_training(sklearn_on, iris, runs, store_dir):
    StandardScaler().fit_transform(iris[0])

    assert not store_dir.exists()


def test_a_pipeline_is_one_run_with_the_parameters_of_its_steps(sklearn_on, iris, runs):
    make_pipeline(StandardScaler(), PCA(2), LogisticRegression(C=2.0)).fit(*iris)
    make_pipeline(StandardScaler(), KMeans(2, n_init=1)).fit_predict(iris[0])

    first, second = runs()
    assert first.info.run_name == second.info.run_name == "Pipeline"
    assert first.data.params["logisticregression__C"] == 2.0
    assert first.data.params["logisticregression"] == "LogisticRegression(C=2.0)"


@pytest.mark.parametrize(("backend", "jobs"), [("threading", 1), ("threading", 2), ("loky", 2)])
def test_estimators_of_estimators_are_one_run(sklearn_on, iris, runs, jobs, backend):
    with joblib.parallel_backend(backend):
        VotingClassifier(
            [("a", DecisionTreeClassifier()), ("b", LogisticRegression(max_iter=500))], n_jobs=jobs
        ).fit(*iris)
        OneVsRestClassifier(LogisticRegression(max_iter=500), n_jobs=jobs).fit(*iris)

    assert [run.info.run_name for run in runs()] == ["VotingClassifier", "OneVsRestClassifier"]


def test_a_grid_search_has_a_child_run_for_each_candidate(sklearn_on, iris, runs):
    search = GridSearchCV(SVC(), {"C": [0.1, 1.0], "kernel": ["linear", "rbf"]}, cv=3).fit(*iris)

    parent, *children = runs()
    assert parent.info.run_name == "GridSearchCV"
    assert parent.data.params["best_C"] == search.best_params_["C"]
    assert parent.data.params["estimator__kernel"] == "rbf"
    assert parent.data.metrics["best_cv_score"] == search.best_score_
    assert parent.data.metrics["training_score"] == search.score(*iris)
    assert len(children) == 4
    assert {child.info.parent_run_id for child in children} == {parent.info.run_id}
    assert {child.info.status for child in children} == {"FINISHED"}
    assert [child.data.metrics["rank_test_score"] for child in children] == sorted(
        search.cv_results_["rank_test_score"]
    )
    best = children[0]
    assert best.data.metrics["mean_test_score"] == search.best_score_
    assert best.data.params | search.best_params_ == best.data.params
    assert {"split0_test_score", "std_test_score", "mean_fit_time"} <= set(best.data.metrics)
    table = genaiops.load_text(f"runs:/{parent.info.run_id}/cv_results.csv").splitlines()
    assert len(table) == 5
    assert table[0].startswith("mean_fit_time,")


def test_a_huge_grid_has_children_for_its_best_candidates_only(sklearn_on, iris, runs):
    grid = {"C": [0.01, 0.1, 1.0, 10.0], "gamma": [0.1, 1.0]}
    sklearn_on(max_tuning_runs=3)
    search = GridSearchCV(SVC(), grid, cv=2, n_jobs=2).fit(*iris)

    parent, *children = runs()
    best = sorted(search.cv_results_["mean_test_score"], reverse=True)[:3]
    assert [child.data.metrics["mean_test_score"] for child in children] == best
    assert parent.data.tags["genaiops.autolog.children"] == "3 of 8"


def test_a_search_over_parts_of_a_pipeline_shows_the_parameters_of_the_parts_it_tried(
    sklearn_on, iris, runs
):
    pipeline = make_pipeline(StandardScaler(), SVC(C=3.0))
    space = {"svc": [LogisticRegression(C=7.0, max_iter=500)], "standardscaler": ["passthrough"]}

    GridSearchCV(pipeline, space, cv=2, scoring={"a": "accuracy", "f": "f1_macro"}, refit="f").fit(*iris)  # fmt: skip
    RandomizedSearchCV(SVC(), {"C": [1.0, 2.0]}, n_iter=2, cv=2, refit=False).fit(*iris)

    first, one, second, *others = runs()
    assert one.data.params["svc__C"] == 7.0
    assert "svc__gamma" not in one.data.params
    assert {"mean_test_a", "mean_test_f"} <= set(one.data.metrics)
    assert "best_cv_score" in first.data.metrics
    assert second.info.run_name == "RandomizedSearchCV"
    assert "training_score" not in second.data.metrics
    assert len(others) == 2


def test_a_cross_validation_has_a_child_run_for_each_fold(sklearn_on, iris, runs):
    scores = cross_val_score(LogisticRegression(max_iter=500), *iris, cv=4)

    parent, *children = runs()
    assert parent.info.run_name == "cross_validate LogisticRegression"
    assert parent.data.params["max_iter"] == 500
    assert parent.data.metrics["mean_test_score"] == pytest.approx(scores.mean())
    assert parent.data.metrics["std_test_score"] == pytest.approx(scores.std())
    assert [child.data.metrics["test_score"] for child in children] == list(scores)
    assert [child.data.params["fold"] for child in children] == [0, 1, 2, 3]


def test_fits_that_scikit_learn_makes_by_itself_are_no_runs(sklearn_on, iris, store_dir):
    learning_curve(LogisticRegression(max_iter=500), *iris, cv=2, train_sizes=[0.5, 1.0])

    assert not store_dir.exists()


def test_the_first_fit_in_a_run_is_logged_to_it_and_each_further_one_to_a_child(
    sklearn_on, iris, runs
):
    with genaiops.start_run("mine") as mine:
        genaiops.log_param("C", "of the user")
        LogisticRegression(C=0.5, max_iter=500).fit(*iris)
        LinearRegression().fit(*iris)
        LogisticRegression(C=3.0, max_iter=500).fit(*iris)
        genaiops.log_metric("after", 1)

    first, second, third = runs()
    assert first.info.run_id == mine.info.run_id
    assert first.data.params["C"] == "of the user"
    assert first.data.params["max_iter"] == 500
    assert first.data.metrics["after"] == 1
    assert (second.info.run_name, third.info.run_name) == ("LinearRegression", "LogisticRegression")
    assert {second.info.parent_run_id, third.info.parent_run_id} == {mine.info.run_id}
    assert third.data.params["C"] == 3.0


def test_two_threads_that_fit_in_one_run_lose_nothing(sklearn_on, iris, runs):
    with genaiops.start_run():
        threads = [threading.Thread(target=SVC(C=c).fit, args=iris) for c in (1.0, 2.0, 3.0)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(run.data.params["C"] for run in runs()) == [1.0, 2.0, 3.0]


def test_a_fit_that_fails_raises_what_it_raised_and_its_run_failed(sklearn_on, runs):
    with pytest.raises(ValueError, match="inconsistent numbers of samples") as told:
        LinearRegression().fit([[1.0], [2.0]], [1.0])
    assert told.value.__context__ is None

    class Stop(BaseException):
        pass

    class Rows:
        def __array__(self, dtype=None, copy=None):
            raise KeyboardInterrupt

        shape = (2, 1)

        def __len__(self):
            return 2

    with pytest.raises(KeyboardInterrupt):
        LinearRegression().fit(Rows(), [1.0, 2.0])

    failed, killed = runs()
    assert (failed.info.status, killed.info.status) == ("FAILED", "KILLED")
    assert "inconsistent numbers" in failed.data.tags["exception.message"]


def test_a_model_is_kept_when_it_is_asked_for(sklearn_on, iris, runs):
    sklearn_on(log_models=True, log_scores=False)
    GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.1, 1.0]}, cv=2).fit(*iris)

    parent, *_ = runs()
    loaded = genaiops.load_model(f"runs:/{parent.info.run_id}/model")
    assert type(loaded.get_raw_model()) is LogisticRegression
    assert "training_score" not in parent.data.metrics


def test_parameters_of_any_size_are_kept_within_bounds(sklearn_on, iris, runs):
    weights = {name: float(name) for name in range(3)}
    LogisticRegression(max_iter=500, class_weight=weights).fit(*iris)
    KMeans(2, init=np.zeros((2, 4)), n_init=1).fit(iris[0])
    VotingClassifier([(f"m{at:04}", DecisionTreeClassifier()) for at in range(170)]).fit(*iris)

    first, second, third = runs()
    assert first.data.params["class_weight"] in ({"0": 0.0, "1": 1.0, "2": 2.0}, str(weights))
    assert second.data.params["init"] == str(np.zeros((2, 4)))
    assert len(third.data.params["estimators"]) == 6000
    assert third.data.params["estimators"].endswith("…")


def test_nothing_is_written_while_genaiops_is_switched_off(
    sklearn_on, iris, store_dir, monkeypatch
):
    monkeypatch.setenv("GENAIOPS_DISABLED", "1")
    genaiops.configure(disabled=True)

    assert LogisticRegression(max_iter=500).fit(*iris).score(*iris) > 0.9
    assert not store_dir.exists()
