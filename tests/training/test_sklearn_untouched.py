"""Fits of scikit-learn are as if nobody looked, whatever happens to the recording."""

import inspect
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import warnings

import cloudpickle
import numpy as np
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
)
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import genaiops


def test_results_and_warnings_are_those_of_the_plain_library(iris):
    rows, targets = iris

    def train():
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            few = LogisticRegression(max_iter=2).fit(rows, targets)
            forest = RandomForestClassifier(5, random_state=np.random.RandomState(3))
            proba = forest.fit(rows, targets).predict_proba(rows)
        again = forest.fit(rows, targets).predict_proba(rows)
        said = [(one.category, str(one.message), one.filename, one.lineno) for one in warned]
        return few.coef_.tobytes(), proba.tobytes(), again.tobytes(), said

    plain = train()
    genaiops.sklearn.autolog()
    try:
        recorded = train()
    finally:
        genaiops.sklearn.autolog(disable=True)

    assert recorded[:3] == plain[:3]
    assert [said[:2] for said in recorded[3]] == [said[:2] for said in plain[3]]


def test_switched_off_the_library_has_the_very_same_functions(iris, store_dir):
    from sklearn.model_selection import _validation
    from sklearn.pipeline import Pipeline

    def state():
        classes = (LogisticRegression, KMeans, GridSearchCV, Pipeline)
        own = [dict(vars(kind)) for kind in classes] + [dict(vars(BaseEstimator))]
        conditional = vars(Pipeline)["fit_predict"].fn
        return own, conditional, _validation.cross_validate, sklearn.model_selection.cross_validate

    before = state()
    signature = inspect.signature(LogisticRegression.fit)
    for _ in range(2):
        genaiops.sklearn.autolog()
        genaiops.sklearn.autolog()
        assert state() != before
        assert inspect.signature(LogisticRegression.fit) == signature
        genaiops.sklearn.autolog(disable=True)
        assert state() == before

    LogisticRegression(max_iter=500).fit(*iris)
    assert not store_dir.exists()


class Own(ClassifierMixin, BaseEstimator):
    """An estimator of the user's, defined before."""

    def __init__(self, depth=1):
        self.depth = depth

    def fit(self, rows, y, *, sample_weight=None):
        self.tree_ = DecisionTreeClassifier(max_depth=self.depth).fit(rows, y, sample_weight)
        self.classes_ = self.tree_.classes_
        return self

    def predict(self, rows):
        return self.tree_.predict(rows)


def test_an_estimator_of_the_users_is_recorded_as_one(sklearn_on, iris, runs):
    Own(depth=2).fit(*iris)
    clone(Own(depth=3)).fit(iris[0], y=iris[1])

    first, second = runs()
    assert (first.info.run_name, first.data.params) == ("Own", {"depth": 2})
    assert second.data.params == {"depth": 3}
    assert second.data.metrics["training_accuracy_score"] > 0.9


def test_nothing_of_ours_is_pickled_with_an_estimator(sklearn_on, iris):
    def local():
        class Local(Own):
            def fit(self, rows, y):
                return super().fit(rows, y)

        return Local

    for model in (LogisticRegression(max_iter=500), local()()):
        data = cloudpickle.dumps(model.fit(*iris))
        assert b"genaiops" not in data.replace(b"tests", b"")
    assert b"genaiops" not in pickle.dumps(LogisticRegression(max_iter=500).fit(*iris))


class Broken(BaseEstimator):
    """Everything about it fails besides the fit itself."""

    def fit(self, rows, y=None):
        return self

    def get_params(self, deep=True):
        raise RuntimeError("no parameters")

    def __repr__(self):
        raise RuntimeError("no text")

    def predict(self, rows):
        raise RuntimeError("no prediction")

    def score(self, rows, y=None):
        raise RuntimeError("no score")


def test_an_estimator_that_fails_when_it_is_asked_is_fitted_all_the_same(iris, runs, trouble):
    genaiops.sklearn.autolog()
    try:
        model = Broken()
        assert model.fit(*iris) is model
        assert model.fit(*iris) is model
    finally:
        genaiops.sklearn.autolog(disable=True)

    assert [run.info.status for run in runs()] == ["FINISHED", "FINISHED"]
    assert sorted(trouble()) == [
        f"genaiops tracing: {what} for sklearn failed (RuntimeError: {why}); "
        "the program goes on, further ones are counted"
        for what, why in (
            ("a model summary", "no text"),
            ("parameters", "no parameters"),
            ("the score", "no score"),
        )
    ]


def test_a_store_that_cannot_be_written_does_not_stop_a_fit(iris, store_dir, trouble):
    store_dir.write_text("a file where the folder should be")
    genaiops.sklearn.autolog()
    try:
        fitted = LogisticRegression(max_iter=500).fit(*iris)
    finally:
        genaiops.sklearn.autolog(disable=True)

    assert fitted.score(*iris) > 0.9
    assert "beginning a run for sklearn failed" in trouble()[0]


class Stuck(LogisticRegression):
    """Cannot be written once it is fitted."""

    def fit(self, *args, **kwargs):
        super().fit(*args, **kwargs)
        self.lock_ = threading.Lock()
        return self


def test_a_model_that_cannot_be_written_leaves_the_fit_as_it_is(iris, runs, trouble):
    genaiops.sklearn.autolog(log_models=True)
    try:
        fitted = Stuck(max_iter=500).fit(*iris)
    finally:
        genaiops.sklearn.autolog(disable=True)

    assert fitted.score(*iris) > 0.9
    assert runs()[0].info.status == "FINISHED"
    (warned,) = trouble()
    assert "a model for sklearn failed (ConfigError: the Stuck cannot be written by skops" in warned


def test_a_forked_process_records_its_own_fits(sklearn_on, iris, runs):
    with genaiops.start_run("parent"):
        SVC(C=1.0).fit(*iris)
        child = os.fork()
        if child == 0:
            try:
                SVC(C=2.0).fit(*iris)
            finally:
                os._exit(0)
        os.waitpid(child, 0)

    first, second = runs()
    assert (first.data.params["C"], second.data.params["C"]) == (1.0, 2.0)
    assert second.info.parent_run_id == first.info.run_id
    assert second.info.status == "FINISHED"


PROGRAM = """
    import sys
    import genaiops
    genaiops.sklearn.autolog()
    loaded = [name for name in sys.modules if name.split(".")[0] in ("sklearn", "pandas", "scipy", "duckdb")]
    assert loaded == [], loaded
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_validate
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.datasets import load_iris
    import sklearn.base, importlib.util, inspect
    assert "exec_module" not in vars(sklearn.base.__spec__.loader)
    class Mine(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.inner_ = LogisticRegression(max_iter=500).fit(X, y)
            self.classes_ = self.inner_.classes_
            return self
        def predict(self, X):
            return self.inner_.predict(X)
    rows, targets = load_iris(return_X_y=True)
    cross_validate(LogisticRegression(max_iter=500), rows, targets, cv=2)
    cross_validate(Mine(), rows, targets, cv=2, n_jobs=2)
    Mine().fit(rows, targets)
"""


def test_asked_before_the_import_it_waits_for_it(workdir, runs):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM)],
        check=False, capture_output=True, text=True, cwd=workdir, env=dict(os.environ),
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert [run.info.run_name for run in runs()] == [
        "cross_validate LogisticRegression", "fold 0", "fold 1",
        "cross_validate Mine", "fold 0", "fold 1",
        "LogisticRegression",
    ]  # fmt: skip
