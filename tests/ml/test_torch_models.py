"""Modules of torch as safetensors with a reference to their code."""

import json
import re
import sys

import numpy as np
import pytest
import torch
from lightning import LightningModule

import genaiops


class Net(torch.nn.Module):
    """Keeps its arguments as attributes, so that it can be made again."""

    def __init__(self, width: int = 4, rate: float = 0.5, bias: bool = True) -> None:
        super().__init__()
        self.width, self.rate = width, rate
        self.first = torch.nn.Linear(3, width, bias=bias)
        self.bias = self.first.bias
        self.drop = torch.nn.Dropout(rate)
        self.norm = torch.nn.BatchNorm1d(width)
        self.last = torch.nn.Linear(width, 2)

    def forward(self, x):
        return self.last(self.drop(self.norm(self.first(x))))


class Forgetful(torch.nn.Module):
    """Does not keep what it was made with, which no weight shows."""

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)
        self._times = scale

    def forward(self, x):
        return self.layer(x) * self._times


class Tied(torch.nn.Module):
    """Two layers with one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.one = torch.nn.Linear(3, 3, bias=False)
        self.two = torch.nn.Linear(3, 3, bias=False)
        self.two.weight = self.one.weight

    def forward(self, x):
        return self.two(self.one(x))


class Lit(LightningModule):
    def __init__(self, hidden: int, lr: float = 0.1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Sequential(torch.nn.Linear(3, hidden), torch.nn.ReLU())

    def forward(self, x):
        return self.net(x)


ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)


def logged(model, **options):
    with genaiops.start_run() as run:
        told = genaiops.log_model(model, "model", **options)
    files = {item.path.removeprefix("model/") for item in genaiops.list_artifacts(run.info.run_id)}
    return told, files


def answer(model):
    model.eval()
    with torch.no_grad():
        return model(torch.as_tensor(ROWS)).numpy()


@pytest.mark.parametrize(
    "model",
    [
        torch.nn.Linear(3, 2),
        torch.nn.Linear(3, 2, bias=False),
        torch.nn.Sequential(
            torch.nn.Linear(3, 5), torch.nn.GELU(approximate="tanh"), torch.nn.LayerNorm(5)
        ),
        Net(width=6, rate=0.25),
        Net(bias=False),
        Tied(),
        Lit(hidden=7),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_module_comes_back_without_a_pickle(model):
    expected = answer(model)

    told, files = logged(model.train(), input_example=ROWS)
    loaded = genaiops.load_model(told.model_uri)

    assert {"model.safetensors", "architecture.json"} <= files
    assert not [name for name in files if name.endswith(".pkl")]
    assert loaded.predict(ROWS) == pytest.approx(expected, abs=1e-6)
    assert model.training, "logging leaves the model as it was"
    assert type(loaded.get_raw_model()) is type(model)
    assert str(told.signature) == str(loaded.signature)


def test_what_cannot_be_made_again_is_pickled_without_its_weights():
    class Local(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.big = torch.nn.Linear(3, 200_000)
            self.register_buffer("unsaved", torch.ones(2), persistent=False)

        def forward(self, x):
            return self.big(x) * self.unsaved.sum()

    for model, why in (
        (Local(), "cannot be imported elsewhere"),
        (Forgetful(3.0), "does not keep|is another when it is made again"),
        (torch.nn.LSTM(3, 4), "cannot be made of"),
    ):
        told, files = logged(model)
        with pytest.raises(genaiops.ConfigError, match="'skeleton.pkl' .* is a pickle"):
            genaiops.load_model(told.model_uri)
        loaded = genaiops.load_model(told.model_uri, trust=True)

        assert "architecture.json" not in files
        said = json.loads(genaiops.load_text(f"{told.model_uri}/MLmodel"))
        assert re.search(why, said["flavors"]["genaiops_torch"]["pickled_because"])
        sizes = {item.path: item.file_size for item in genaiops.list_artifacts(told.run_id)}
        assert sizes["model/skeleton.pkl"] < 100_000
        if not isinstance(model, torch.nn.LSTM):
            assert loaded.predict(ROWS) == pytest.approx(answer(model), abs=1e-5)


def test_tied_weights_are_tied_again_when_they_were_pickled():
    class LocalTied(Tied):
        pass

    model = LocalTied()
    loaded = genaiops.load_model(logged(model)[0].model_uri, trust=True)
    again = loaded.get_raw_model()

    assert again.one.weight is again.two.weight
    assert loaded.predict(ROWS) == pytest.approx(answer(model), abs=1e-6)


def test_a_class_that_the_program_did_not_import_needs_trust(tmp_path, monkeypatch):
    (tmp_path / "strange_nets.py").write_text(
        "import torch\n"
        "class Strange(torch.nn.Linear):\n"
        "    def __init__(self): super().__init__(3, 2)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import strange_nets  # pyright: ignore

    told, _ = logged(strange_nets.Strange())
    monkeypatch.delitem(sys.modules, "strange_nets")

    with pytest.raises(genaiops.ConfigError, match="'strange_nets', which this program has not"):
        genaiops.load_model(told.model_uri)
    assert genaiops.load_model(told.model_uri, trust=True).predict(ROWS).shape == (4, 2)


@pytest.mark.parametrize(
    ("module", "name"),
    [("subprocess", "Popen"), ("os", "system"), ("builtins", "eval"), ("torch", "load"),
     ("torch.nn", "Nothing"), ("torch.hub", "load")],
)  # fmt: skip
def test_an_architecture_that_names_anything_else_is_not_called(tmp_path, module, name):
    told, _ = logged(torch.nn.Linear(3, 2))
    folder = genaiops.download_artifacts(told.model_uri, tmp_path)
    mark = tmp_path / "mark"
    evil = {"module": module, "class": name, "arguments": {"args": ["touch", str(mark)]}}
    (folder / "architecture.json").write_text(json.dumps(evil))
    from genaiops.models.genaiops_pyfunc import digest_of

    said = json.loads((folder / "MLmodel").read_text())
    said["metadata"]["genaiops"]["digests"]["architecture.json"] = digest_of(
        (folder / "architecture.json").read_bytes()
    )
    (folder / "MLmodel").write_text(json.dumps(said))

    for trust in (False, True):
        with pytest.raises(genaiops.ConfigError, match="no module of torch|is not there"):
            genaiops.load_model(str(folder), trust=trust)
    assert not mark.exists()


def test_weights_that_do_not_fit_are_told(tmp_path):
    told, _ = logged(torch.nn.Linear(3, 2))
    folder = genaiops.download_artifacts(told.model_uri, tmp_path)
    spec = json.loads((folder / "architecture.json").read_text())
    spec["arguments"]["out_features"] = 5
    (folder / "architecture.json").write_text(json.dumps(spec))

    with pytest.raises(genaiops.StoreError, match=r"'architecture.json' .* was altered"):
        genaiops.load_model(str(folder))

    said = json.loads((folder / "MLmodel").read_text())
    from genaiops.models.genaiops_pyfunc import digest_of

    said["metadata"]["genaiops"]["digests"]["architecture.json"] = digest_of(
        (folder / "architecture.json").read_bytes()
    )
    (folder / "MLmodel").write_text(json.dumps(said))
    with pytest.raises(genaiops.ConfigError, match="the weights do not fit"):
        genaiops.load_model(str(folder))


def test_a_module_with_several_inputs_gets_them_by_name():
    class Two(torch.nn.Module):
        def forward(self, ids, mask):
            return {"sum": (ids * mask).sum(dim=1)}

    given = {"ids": np.ones((2, 3)), "mask": np.array([[1.0, 0, 1], [0, 0, 1]])}
    loaded = genaiops.load_model(logged(Two(), input_example=given)[0].model_uri, trust=True)

    assert loaded.predict(given)["sum"].tolist() == [2, 1]
    with pytest.raises(genaiops.ConfigError, match="the array 'mask' is missing"):
        loaded.predict({"ids": given["ids"]})
