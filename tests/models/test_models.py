import json
import os
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import genaiops
from genaiops.models import Column, ModelSignature


class Shout(genaiops.PythonModel):
    """Shouts what it is asked, as often as it was told."""

    def __init__(self, times: int = 1) -> None:
        self.times = times
        self.opened = None

    def load_context(self, context=None):
        self.opened = "opened"

    def predict(self, model_input, params=None):
        end = (params or {}).get("end", "!")
        return [row["text"].upper() * self.times + end for row in model_input]


def test_an_estimator_comes_back_without_a_pickle(iris, classifier, logged):
    rows, _ = iris

    told = logged(classifier, input_example=rows.head(3))
    loaded = genaiops.load_model(told.model_uri)

    assert told.flavor == "sklearn"
    assert list(loaded.predict(rows)) == list(classifier.predict(rows))
    assert loaded.get_raw_model().coef_ == pytest.approx(classifier.coef_)
    assert loaded.signature == told.signature
    files = {item.path for item in genaiops.list_artifacts(told.run_id)}
    assert files == {
        "model/MLmodel",
        "model/input_example.json",
        "model/model.skops",
        "model/python_env.yaml",
        "model/requirements.txt",
    }
    assert "scikit-learn==" in genaiops.load_text(f"{told.model_uri}/requirements.txt")


def test_rows_in_any_form_reach_an_estimator_in_the_order_of_its_columns(iris, classifier, logged):
    rows, _ = iris
    loaded = genaiops.load_model(logged(classifier, input_example=rows.head(3)).model_uri)
    few = rows.iloc[[0, 60, 140]]
    expected = list(classifier.predict(few))

    backwards = few[few.columns[::-1]]

    assert list(loaded.predict(backwards)) == expected
    assert list(loaded.predict(few.to_dict("list"))) == expected
    assert list(loaded.predict(few.to_dict("records"))) == expected
    assert list(loaded.predict(few.to_numpy())) == expected


def test_a_python_model_is_loaded_only_when_it_is_trusted(logged):
    told = logged(Shout(2), input_example=[{"text": "hi"}])

    with pytest.raises(
        genaiops.ConfigError, match=r"'python_model.pkl' .* is a pickle, .* trust=True"
    ):
        genaiops.load_model(told.model_uri)
    loaded = genaiops.load_model(told.model_uri, trust=True)

    assert loaded.predict([{"text": "a"}, {"text": "b"}]) == ["AA!", "BB!"]
    assert loaded.predict([{"text": "a"}], {"end": "?"}) == ["AA?"]
    assert list(loaded.predict_stream([{"text": "a"}])) == [["AA!"]]
    assert isinstance(loaded.get_raw_model(), genaiops.PythonModel)
    assert loaded.get_raw_model().opened == "opened"
    assert told.flavor == "genaiops_python"


def test_a_function_is_a_model_and_so_is_whatever_predicts(logged):
    class Doubler:
        def predict(self, data):
            return [2 * value for value in data]

    for model in (lambda data: [2 * value for value in data], Doubler()):
        told = logged(model, input_example=[1, 2])
        assert genaiops.load_model(told.model_uri, trust=True).predict([3]) == [6]
        assert told.signature == ModelSignature(
            inputs=(Column(kind="long"),), outputs=(Column(kind="long"),)
        )


def test_a_model_with_mlflows_arguments_gets_no_context(logged):
    class Like(genaiops.PythonModel):
        def predict(self, context, model_input, params=None):  # pyright: ignore
            return [context, *model_input]

    told = logged(Like())

    assert genaiops.load_model(told.model_uri, trust=True).predict([1]) == [None, 1]


def test_a_model_of_another_program_is_loaded_in_a_new_process(workdir, root):
    made = textwrap.dedent("""
        import genaiops
        class Model(genaiops.PythonModel):
            def predict(self, model_input, params=None):
                return sum(model_input)
        with genaiops.start_run():
            print(genaiops.log_model(Model(), "sum").model_uri)
    """)
    environment = os.environ | {"PYTHONPATH": str(root)}
    uri = subprocess.run(
        [sys.executable, "-c", made], check=True, capture_output=True, text=True, cwd=workdir,
        env=environment,
    ).stdout.strip()  # fmt: skip

    assert genaiops.load_model(uri, trust=True).predict([1, 2, 3]) == 6


def test_a_model_is_logged_whole_or_not_at_all(classifier, logged, workdir):
    with genaiops.start_run() as run:
        genaiops.log_model(classifier, "one")

        with pytest.raises(genaiops.ConflictError, match="has files under 'one': use another name"):
            genaiops.log_model(classifier, "one")
        with pytest.raises(genaiops.ConfigError, match="cannot be pickled"):
            genaiops.log_model(_Locked(), "two")

        assert genaiops.list_artifacts(run.info.run_id, "two") == []
        genaiops.log_text("half", "three/model.skops")
        with pytest.raises(genaiops.NotFoundError, match="has no 'MLmodel'"):
            genaiops.load_model(f"runs:/{run.info.run_id}/three")


class _Locked(genaiops.PythonModel):
    def __init__(self):
        self.lock = threading.Lock()

    def predict(self, model_input, params=None):
        return model_input


class _Broken(genaiops.PythonModel):
    def predict(self, model_input, params=None):
        raise ZeroDivisionError("division by zero")


@pytest.mark.parametrize(
    ("model", "options", "says"),
    [
        (5, {}, "a int is no model"),
        (None, {}, "a NoneType is no model"),
        ({"a": 1}, {}, "a dict is no model"),
        ([1, 2], {}, "a list is no model"),
        (Shout, {}, "Shout is a class: give an instance of it"),
        (_Locked(), {}, r"_Locked cannot be pickled .*open connections, locks and files in load_c"),
        (_Broken(), {"input_example": [1]}, r"_Broken fails on its input example \(ZeroDivision"),
        (Shout(), {"signature": "long -> long"}, "a str is no signature: use genaiops.infer_sign"),
        (Shout(), {"signature": {"inputs": "x"}}, "a dict is no signature"),
        (Shout(), {"input_example": [{"text": object()}]}, "ConfigError|holds a object|fails on"),
        (Shout(), {"input_example": [{"text": "x" * 1_100_000}]}, "more than 1,000,000: a few row"),
        (
            make_pipeline(FunctionTransformer(lambda rows: rows), StandardScaler()),
            {},
            "cannot be written by skops .*genaiops.PythonModel that holds it",
        ),
    ],
)
def test_nonsense_is_refused_in_one_sentence(logged, model, options, says):
    with pytest.raises(genaiops.ConfigError, match=says) as told:
        logged(model, **options)

    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["", " ", "../up", "/etc/model", "a/../../b", "a\\b"])
def test_a_name_that_leads_out_of_the_run_is_refused(logged, name):
    with pytest.raises(genaiops.ConfigError):
        logged(Shout(), name)


@pytest.mark.parametrize(
    ("uri", "error", "says"),
    [
        ("models:/m/1", genaiops.ConfigError, "a model registry, which there is not yet"),
        ("runs:/abc", genaiops.ConfigError, "names no model: use runs:/<run id>/<name>"),
        ("runs:/abc/model", genaiops.NotFoundError, "no run 'abc'"),
        ("no/such/folder", genaiops.NotFoundError, "has no 'MLmodel' .*is it a model?"),
    ],
)
def test_a_model_that_is_not_there_is_told(uri, error, says):
    with pytest.raises(error, match=says):
        genaiops.load_model(uri)


def test_nothing_is_written_when_genaiops_is_switched_off(monkeypatch, workdir, classifier):
    monkeypatch.setenv("GENAIOPS_DISABLED", "1")

    told = genaiops.log_model(classifier, "model")

    assert told.model_uri == ""
    assert list(workdir.iterdir()) == []


def test_a_large_model_is_kept_and_loaded(logged):
    class Large(genaiops.PythonModel):
        def __init__(self, table):
            self.table = table

        def predict(self, model_input, params=None):
            return self.table[model_input]

    told = logged(Large(np.arange(20_000_000, dtype=np.int32)))

    assert genaiops.load_model(told.model_uri, trust=True).predict([19_999_999]) == [19_999_999]


def test_mlmodel_is_json_and_says_what_it_holds(iris, classifier, downloaded):
    rows, _ = iris

    said = json.loads((downloaded(classifier, input_example=rows.head(2)) / "MLmodel").read_text())

    assert said["flavors"]["python_function"]["loader_module"] == "mlflow.sklearn"
    assert said["flavors"]["sklearn"]["serialization_format"] == "skops"
    assert set(said["metadata"]["genaiops"]["digests"]) == {
        "input_example.json", "model.skops", "python_env.yaml", "requirements.txt"
    }  # fmt: skip
    assert json.loads(said["signature"]["inputs"])[0] == {
        "type": "double", "name": "sepal length (cm)", "required": True
    }  # fmt: skip


def test_what_the_model_answers_is_as_it_answered_before(logged):
    frame = pd.DataFrame({"text": ["a", "b"]})

    loaded = genaiops.load_model(logged(lambda rows: rows["text"] + "!").model_uri, trust=True)

    assert list(loaded.predict(frame)) == ["a!", "b!"]
