"""Folders of genaiops in the real mlflow, and mlflow's here."""

import os
import subprocess
import sys
import textwrap
import warnings

import mlflow
import numpy as np
import pytest
import torch
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import genaiops

ROWS, TARGETS = load_iris(return_X_y=True, as_frame=True)
CLASSIFIER = LogisticRegression(max_iter=500).fit(ROWS, TARGETS)

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # of mlflow, about its own dependencies
]


@pytest.fixture
def folder_of(tmp_path):
    def log(model, **options):
        with genaiops.start_run():
            told = genaiops.log_model(model, "model", **options)
        return genaiops.download_artifacts(told.model_uri, tmp_path / "copy")

    return log


class Upper(genaiops.PythonModel):
    def predict(self, model_input, params=None):
        texts = model_input if isinstance(model_input, list) else model_input["text"]
        return [text.upper() for text in texts]


def test_mlflow_loads_an_estimator(folder_of):
    folder = folder_of(CLASSIFIER, input_example=ROWS.head(3))

    loaded = mlflow.pyfunc.load_model(str(folder))

    assert list(loaded.predict(ROWS)) == list(CLASSIFIER.predict(ROWS))
    assert loaded.metadata.signature.inputs.input_names() == list(ROWS.columns)
    assert loaded.input_example.equals(ROWS.head(3))
    with pytest.raises(mlflow.exceptions.MlflowException, match="missing inputs"):
        loaded.predict(ROWS.drop(columns=ROWS.columns[0]))
    again = mlflow.sklearn.load_model(str(folder))
    assert again.coef_ == pytest.approx(CLASSIFIER.coef_)


@pytest.mark.parametrize("kind", ["architecture", "skeleton"])
def test_mlflow_loads_a_module_of_torch(folder_of, kind):
    class Local(torch.nn.Linear):
        pass

    model = (torch.nn.Linear if kind == "architecture" else Local)(4, 3)
    rows = ROWS.to_numpy(dtype=np.float32)
    folder = folder_of(model, input_example=rows[:2])

    loaded = mlflow.pyfunc.load_model(str(folder))

    assert (folder / "skeleton.pkl").exists() is (kind == "skeleton")
    expected = model(torch.as_tensor(rows)).detach().numpy()
    assert loaded.predict(rows) == pytest.approx(expected, abs=1e-5)


def test_mlflow_loads_a_python_model_where_genaiops_is_not_installed(workdir, tmp_path):
    made = textwrap.dedent("""
        import sys, genaiops
        class Upper(genaiops.PythonModel):
            def predict(self, model_input, params=None):
                return [text.upper() + (params or {}).get("end", "") for text in model_input["text"]]
        with genaiops.start_run():
            told = genaiops.log_model(Upper(), "model", signature=genaiops.infer_signature([{"text": "a"}]))
        print(genaiops.download_artifacts(told.model_uri, sys.argv[1]))
    """)
    read = textwrap.dedent("""
        import sys
        sys.modules["genaiops"] = None     # importing it fails
        import mlflow, pandas
        model = mlflow.pyfunc.load_model(sys.argv[1], suppress_warnings=True)
        print(model.predict(pandas.DataFrame({"text": ["a", "b"]})))
    """)

    def run(code, *arguments):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, *arguments],
            check=False, capture_output=True, text=True, cwd=workdir, env=dict(os.environ),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().splitlines()[-1]

    folder = run(made, str(tmp_path / "copy"))

    assert run(read, folder) == "['A', 'B']"


def test_mlflow_does_not_unpickle_what_was_altered(folder_of):
    folder = folder_of(Upper())
    (folder / "python_model.pkl").write_bytes(b"cos\nsystem\n(S'false'\ntR.")

    with pytest.raises(ValueError, match="'python_model.pkl' was altered"):
        mlflow.pyfunc.load_model(str(folder))


def test_mlflow_obeys_its_own_switch_against_pickles(folder_of, monkeypatch):
    folder = folder_of(Upper())
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")

    with pytest.raises(ValueError, match="MLFLOW_ALLOW_PICKLE_DESERIALIZATION forbids it"):
        mlflow.pyfunc.load_model(str(folder))


@pytest.mark.parametrize("form", ["skops", "cloudpickle"])
def test_an_estimator_of_mlflow_is_loaded_here(tmp_path, form):
    signature = mlflow.models.infer_signature(ROWS, CLASSIFIER.predict(ROWS))
    mlflow.sklearn.save_model(
        CLASSIFIER, str(tmp_path / "m"), serialization_format=form, signature=signature
    )

    if form == "cloudpickle":
        with pytest.raises(genaiops.ConfigError, match="is a pickle"):
            genaiops.load_model(str(tmp_path / "m"))
    loaded = genaiops.load_model(str(tmp_path / "m"), trust=form == "cloudpickle")

    assert list(loaded.predict(ROWS)) == list(CLASSIFIER.predict(ROWS))
    with pytest.raises(genaiops.ConfigError, match=r"the column 'petal width \(cm\)' is missing"):
        loaded.predict(ROWS.drop(columns="petal width (cm)"))


def test_any_other_flavor_of_mlflow_is_loaded_by_mlflow_when_it_is_trusted(tmp_path):
    class Add(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input + 1

    mlflow.pyfunc.save_model(str(tmp_path / "p"), python_model=Add())
    mlflow.pytorch.save_model(
        torch.nn.Linear(4, 3), str(tmp_path / "t"), serialization_format="pickle"
    )

    for name in ("p", "t"):
        with pytest.raises(genaiops.ConfigError, match="is a model of MLflow .*trust=True"):
            genaiops.load_model(str(tmp_path / name))
    assert genaiops.load_model(str(tmp_path / "p"), trust=True).predict(1) == 2
    rows = ROWS.to_numpy(dtype=np.float32)
    assert genaiops.load_model(str(tmp_path / "t"), trust=True).predict(rows).shape == (150, 3)


def test_signatures_are_read_as_mlflow_reads_them():
    frame = ROWS.assign(text="x", flag=True, count=1, items=[[1.5]] * len(ROWS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = mlflow.models.infer_signature(frame, {"a": np.zeros((2, 3), dtype=np.float32)})
    ours = genaiops.infer_signature(frame, {"a": np.zeros((2, 3), dtype=np.float32)})

    assert mlflow.models.ModelSignature.from_dict(ours.to_dict()) == theirs
    assert type(ours).from_dict(theirs.to_dict()) == ours
