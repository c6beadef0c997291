"""From a tracking URI to a store."""

from pathlib import Path

import pytest

import genaiops
from genaiops.config import configure
from genaiops.errors import ConfigError
from genaiops.store import current_store, open_store
from genaiops.store.url import get_tracking_uri, set_tracking_uri
from tests.store.making import numbers, span


def test_the_default_store_lies_in_the_working_folder(workdir: Path) -> None:
    current_store().append("spans", span(1))

    assert current_store().folder == workdir / ".genaiops"
    assert numbers(open_store("./.genaiops")) == [1]


def test_the_store_is_the_same_object_until_the_setting_changes(tmp_path: Path) -> None:
    first = current_store()
    assert current_store() is first

    set_tracking_uri(tmp_path / "other")

    assert current_store() is not first
    assert current_store().folder == tmp_path / "other"
    assert get_tracking_uri() == genaiops.get_tracking_uri() == str(tmp_path / "other")


@pytest.mark.parametrize("form", ["{0}/a b", "file://{0}/a%20b", "file:///{0}/a%20b"])
def test_a_folder_and_a_file_uri_name_the_same_store(tmp_path: Path, form: str) -> None:
    assert open_store(form.format(tmp_path)).folder.resolve() == (tmp_path / "a b").resolve()


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert open_store("~/traces").folder == tmp_path / "traces"


def test_durability_is_part_of_the_store(tmp_path: Path) -> None:
    before = open_store(str(tmp_path / "s"))
    configure(tracking_uri=str(tmp_path / "s"), durability="power")

    assert current_store() is not before


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("http://localhost:5000", "a server, which is not built yet"),
        ("https://example.org", "a server, which is not built yet"),
        ("lake:postgresql://h/db?data=s3://b/p", "a lake, which is not built yet"),
        ("s3://bucket/x", "unknown scheme 's3'"),
        ("sqlite:///mlflow.db", "unknown scheme 'sqlite'"),
        ("./mlflow.db", "genaiops import mlflow ./mlflow.db"),
    ],
)
def test_what_is_no_store_is_refused_with_one_sentence(uri: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason.replace(".", r"\.")):
        open_store(uri)


def test_mlflows_folder_and_a_plain_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="genaiops import mlflow"):
        open_store(str(tmp_path / "mlruns"))
    with pytest.raises(ConfigError, match="is a file: name a folder"):
        open_store(str(tmp_path / "file"))
