"""Files that were changed, pickles of strangers, folders that lead elsewhere."""

import json
import pickle
import sys
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator

import genaiops


class Doubler(genaiops.PythonModel):
    def predict(self, model_input, params=None):
        return [2 * value for value in model_input]


class Evil:
    """A pickle that leaves a mark when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __reduce__(self):
        return (Path(self.mark).write_text, ("was here",))


class Mine(BaseEstimator):
    """An estimator that skops does not know."""

    def fit(self, rows, targets=None):
        self.fitted_ = True
        return self

    def predict(self, rows):
        return [1 for _ in rows]


def test_a_pickle_that_was_exchanged_is_not_loaded(downloaded, tmp_path):
    folder = downloaded(Doubler())
    (folder / "python_model.pkl").write_bytes(pickle.dumps(Evil(tmp_path / "mark")))

    for trust in (False, True):
        with pytest.raises(genaiops.GenaiopsError):
            genaiops.load_model(str(folder), trust=trust)
    with pytest.raises(genaiops.StoreError, match="'python_model.pkl' .* was altered: its SHA-256"):
        genaiops.load_model(str(folder), trust=True)

    assert not (tmp_path / "mark").exists()


def test_a_folder_of_the_store_that_was_changed_with_its_digests_is_not_loaded(
    logged, store_dir, tmp_path
):
    told = logged(Doubler())
    evil = pickle.dumps(Evil(tmp_path / "mark"))
    from genaiops.models.genaiops_pyfunc import digest_of

    for file in store_dir.rglob("*"):
        if not file.is_file():
            continue
        data = file.read_bytes()
        if data.startswith(b"\x80") and b"Doubler" in data:
            old = digest_of(data)
            file.chmod(0o600)
            file.write_bytes(evil)
    for file in store_dir.rglob("*"):
        if file.is_file() and old.encode() in (data := file.read_bytes()) and data[:1] == b"{":
            if file.suffix == ".jsonl" or b'"flavors"' not in data:
                continue
            file.chmod(0o600)
            file.write_bytes(data.replace(old.encode(), digest_of(evil).encode()))

    with pytest.raises(genaiops.StoreError, match="altered"):
        genaiops.load_model(told.model_uri, trust=True)
    assert not (tmp_path / "mark").exists()


def test_a_file_that_mlmodel_does_not_list_is_not_loaded(downloaded, tmp_path):
    folder = downloaded(Doubler())
    said = json.loads((folder / "MLmodel").read_text())
    del said["metadata"]["genaiops"]["digests"]["requirements.txt"]
    said["flavors"]["sklearn"] = {"pickled_model": "evil.pkl"}
    (folder / "MLmodel").write_text(json.dumps(said))
    (folder / "evil.pkl").write_bytes(pickle.dumps(Evil(tmp_path / "mark")))

    with pytest.raises(genaiops.StoreError, match="no digest of it was logged"):
        genaiops.load_model(str(folder), trust=True)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("name", ["../evil.pkl", "/etc/passwd", "a/../../evil.pkl", "..\\x", "", 5])
def test_a_file_outside_of_the_folder_is_not_loaded(tmp_path, name):
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps(Evil(tmp_path / "mark")))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "MLmodel").write_text(json.dumps({"flavors": {"sklearn": {"pickled_model": name}}}))

    with pytest.raises(genaiops.ConfigError, match="which leads out of the folder"):
        genaiops.load_model(str(folder), trust=True)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("where", ["file", "folder", "manifest"])
def test_a_link_in_the_folder_is_not_followed(downloaded, tmp_path, where):
    folder = downloaded(Doubler())
    other = folder.with_name("other")
    if where == "manifest":
        (folder / "MLmodel").rename(other)
        (folder / "MLmodel").symlink_to(other)
    elif where == "file":
        (folder / "python_model.pkl").rename(other)
        (folder / "python_model.pkl").symlink_to(other)
    else:
        (folder / "MLmodel").write_text(
            json.dumps({"flavors": {"sklearn": {"pickled_model": "data/model.pkl"}}})
        )
        other.mkdir()
        (other / "model.pkl").write_bytes(b"")
        (folder / "data").symlink_to(other)

    with pytest.raises(genaiops.ConfigError, match="is a link, which is not followed"):
        genaiops.load_model(str(folder), trust=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "5",
        "{}",
        '{"flavors": {}}',
        '{"flavors": 5}',
        '{"flavors": {"sklearn": 5}}',
        "flavors: !!python/object/apply:os.system ['false']",
        "a: &a [x]\nb: *c",
        "\x00\x01",
        "[" * 100_000,
        '{"flavors": {"sklearn": {"serialization_format": "skops"}}, "signature": {"inputs": "["}}',
    ],
)
def test_a_manifest_of_nonsense_is_refused_in_one_sentence(tmp_path, text):
    (tmp_path / "MLmodel").write_text(text)

    with pytest.raises(genaiops.GenaiopsError) as told:
        genaiops.load_model(str(tmp_path))
    assert str(tmp_path) in str(told.value)


def test_a_file_of_skops_with_nonsense_in_it_is_refused(tmp_path):
    said = {"flavors": {"sklearn": {"pickled_model": "m", "serialization_format": "skops"}}}
    (tmp_path / "MLmodel").write_text(json.dumps(said))
    (tmp_path / "m").write_bytes(b"PK nonsense")

    with pytest.raises(genaiops.ConfigError, match="cannot be loaded by skops"):
        genaiops.load_model(str(tmp_path), trust=True)


def test_types_that_skops_does_not_know_need_trust_whatever_the_folder_says(downloaded):
    folder = downloaded(Mine().fit([[1]]))
    said = json.loads((folder / "MLmodel").read_text())

    assert any("Mine" in name for name in said["flavors"]["sklearn"]["skops_trusted_types"])
    with pytest.raises(
        genaiops.ConfigError, match=r"does not know as safe: .*Mine; load it with t"
    ):
        genaiops.load_model(str(folder))
    assert genaiops.load_model(str(folder), trust=True).predict([1, 2]) == [1, 1]


def test_a_tag_that_was_overwritten_is_told(logged):
    told = logged(Doubler())
    genaiops.Client().set_tag(told.run_id, "genaiops.model.model", "mine")

    with pytest.raises(genaiops.ConfigError, match="the tag 'genaiops.model.model' .* was overwri"):
        genaiops.load_model(told.model_uri, trust=True)


def test_code_that_is_not_there_any_more_is_named(downloaded, monkeypatch, tmp_path):
    (tmp_path / "gone_module.py").write_text(
        "import genaiops\n"
        "class M(genaiops.PythonModel):\n"
        "    def predict(self, model_input, params=None): return 1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import gone_module  # pyright: ignore

    folder = downloaded(gone_module.M())
    monkeypatch.delitem(sys.modules, "gone_module")
    (tmp_path / "gone_module.py").unlink()

    with pytest.raises(genaiops.NotFoundError, match="needs code that is not there .*gone_module"):
        genaiops.load_model(str(folder), trust=True)
