"""XGBoost and LightGBM as runs."""

import json

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

import genaiops

ROWS, TARGETS = load_breast_cancer(return_X_y=True)
TREES = {"max_depth": 2, "objective": "binary:logistic", "eval_metric": ["auc", "logloss"]}
LEAVES = {"num_leaves": 4, "objective": "binary", "metric": ["auc"], "verbose": -1}


def importance(run, kind):
    return json.loads(genaiops.load_text(f"runs:/{run.info.run_id}/feature_importance_{kind}.json"))


def test_xgboost_train_is_a_run_with_scores_of_each_round(recorded, runs, history):
    recorded("xgboost")
    data = xgboost.DMatrix(ROWS, TARGETS)
    mine, seen = [], {}

    booster = xgboost.train(
        TREES, data, 4, evals=[(data, "train")], callbacks=mine, evals_result=seen, verbose_eval=0
    )

    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert run.data.params["max_depth"] == 2
    assert run.data.params["num_boost_round"] == 4
    assert run.data.params["eval_metric"] == ["auc", "logloss"]
    assert history(run, "train-auc") == list(enumerate(seen["train"]["auc"]))
    assert len(history(run, "train-logloss")) == 4
    assert importance(run, "weight") == booster.get_score(importance_type="weight")
    assert mine == []
    assert "best_iteration" not in run.data.metrics


def test_xgboost_that_stops_early_has_its_best_round(recorded, runs, history):
    recorded("xgboost")
    rng = np.random.default_rng(0)
    train = xgboost.DMatrix(ROWS[:300], TARGETS[:300])
    noise = xgboost.DMatrix(ROWS[300:], rng.integers(0, 2, len(ROWS) - 300))

    booster = xgboost.train(
        TREES | {"eval_metric": "error@0.4"}, train, 50, evals=[(noise, "noise")],
        early_stopping_rounds=3, verbose_eval=False,
    )  # fmt: skip

    (run,) = runs()
    assert run.data.metrics["best_iteration"] == booster.best_iteration
    points = history(run, "noise-error_at_0.4")
    assert points[-1] == (len(points) - 1, booster.best_score)
    assert run.data.metrics["stopped_iteration"] == len(points) - 2


@pytest.mark.parametrize("other", [(), ("sklearn",)])
def test_an_estimator_of_xgboost_is_one_run_whoever_else_is_recorded(
    recorded, runs, history, other
):
    recorded("xgboost", *other)
    model = xgboost.XGBClassifier(n_estimators=3, max_depth=2)

    model.fit(ROWS, TARGETS, eval_set=[(ROWS, TARGETS)], verbose=False)

    (run,) = runs()
    assert len(history(run, "validation_0-logloss")) == 3
    assert run.data.params["max_depth"] == 2
    assert importance(run, "weight")
    assert ("training_accuracy_score" in run.data.metrics) is bool(other)


def test_a_search_over_estimators_of_xgboost_is_one_run_and_its_candidates(recorded, runs):
    recorded("xgboost", "sklearn")

    GridSearchCV(xgboost.XGBClassifier(n_estimators=2), {"max_depth": [1, 2]}, cv=2).fit(
        ROWS, TARGETS
    )

    parent, *children = runs()
    assert parent.info.run_name == "GridSearchCV"
    assert sorted(child.data.params["max_depth"] for child in children) == [1, 2]


def test_lightgbm_train_is_a_run_with_scores_of_each_round(recorded, runs, history):
    recorded("lightgbm")
    data = lightgbm.Dataset(ROWS, TARGETS)
    seen = {}
    mine = [lightgbm.record_evaluation(seen)]

    booster = lightgbm.train(
        LEAVES, data, 4, valid_sets=[data], valid_names=["train"], callbacks=mine
    )

    (run,) = runs()
    assert run.data.params["num_leaves"] == 4
    assert run.data.params["num_boost_round"] == 4
    assert history(run, "train-auc") == list(enumerate(seen["train"]["auc"]))
    assert importance(run, "split") == dict(
        zip(booster.feature_name(), booster.feature_importance().tolist(), strict=True)
    )
    assert importance(run, "gain")
    assert len(mine) == 1


def test_lightgbm_that_stops_early_has_its_best_round(recorded, runs, history):
    recorded("lightgbm")
    rng = np.random.default_rng(0)
    train = lightgbm.Dataset(ROWS[:300], TARGETS[:300])
    noise = train.create_valid(ROWS[300:], rng.integers(0, 2, len(ROWS) - 300))

    booster = lightgbm.train(
        LEAVES, train, 50, valid_sets=[noise],
        callbacks=[lightgbm.early_stopping(3, verbose=False)],
    )  # fmt: skip

    (run,) = runs()
    points = history(run, "valid_0-auc")
    assert run.data.metrics["best_iteration"] == booster.best_iteration
    assert run.data.metrics["stopped_iteration"] == len(points) - 1
    assert points[-1][1] == booster.best_score["valid_0"]["auc"]


@pytest.mark.parametrize("other", [(), ("sklearn",)])
def test_an_estimator_of_lightgbm_is_one_run_whoever_else_is_recorded(
    recorded, runs, history, other
):
    recorded("lightgbm", *other)

    lightgbm.LGBMRegressor(n_estimators=3, verbose=-1).fit(
        ROWS, TARGETS, eval_X=(ROWS,), eval_y=(TARGETS,)
    )

    (run,) = runs()
    assert [len(history(run, key)) for key in run.data.metrics if key.endswith("-l2")] == [3]
    assert ("training_r2_score" in run.data.metrics) is bool(other)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_what_a_training_raises_is_what_it_raised(recorded, runs, library):
    recorded(library)

    def stop(*_):
        raise ZeroDivisionError("by the user")

    def train():
        if library == "lightgbm":
            lightgbm.train(LEAVES, lightgbm.Dataset(ROWS, TARGETS), 3, callbacks=[stop])
        else:
            xgboost.train(TREES, xgboost.DMatrix(ROWS, TARGETS), 3, obj=stop)

    with pytest.raises(ZeroDivisionError, match="by the user"):
        train()
    with pytest.raises(TypeError, match="train"):
        getattr(__import__(library), "train")()  # noqa: B009

    first, *_ = runs()
    assert first.info.status == "FAILED"
    assert first.data.tags["exception.message"] == "by the user"


def test_the_functions_are_their_own_again(recorded):
    import lightgbm.sklearn
    import xgboost.sklearn

    def functions():
        return [
            module.train
            for module in (lightgbm, lightgbm.engine, lightgbm.sklearn, xgboost, xgboost.training, xgboost.sklearn)
        ]  # fmt: skip

    before = functions()
    recorded("xgboost", "lightgbm")
    assert not [one for one, other in zip(functions(), before, strict=True) if one is other]
    genaiops.autolog(disable=True)

    assert functions() == before


@pytest.mark.filterwarnings("ignore")  # of mlflow, about its own dependencies
def test_autolog_beside_that_of_mlflow(recorded, runs, tmp_path):
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.sklearn.autolog(log_models=False, silent=True)
    recorded("sklearn")
    try:
        LogisticRegression(max_iter=5000).fit(ROWS, TARGETS)
        theirs = mlflow.search_runs(output_format="list")[0].data
    finally:
        mlflow.sklearn.autolog(disable=True)

    (run,) = runs()
    ours = run.data
    assert {key: str(value) for key, value in ours.params.items()} == theirs.params
    scores = {  # without those that MLflow takes our own scoring for
        key: value for key, value in theirs.metrics.items() if not key.endswith("_unknown_dataset")
    }
    assert ours.metrics == pytest.approx(scores)
    assert ours.tags["estimator_class"] == theirs.tags["estimator_class"]
