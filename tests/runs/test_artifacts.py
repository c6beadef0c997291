"""Files of runs: what is kept, how it is read, and what may not leave the run's folder."""

from pathlib import Path
from typing import BinaryIO

import pytest
from PIL import Image

import genaiops


@pytest.fixture
def run_id() -> str:
    with genaiops.start_run() as run:
        genaiops.log_text("hé\n" * 3, "notes/a.txt")
        genaiops.log_dict({"k": [1, None]}, "d.json")
    return run.info.run_id


def test_text_and_dicts_are_listed_and_read_whole_or_in_part(run_id: str):
    uri = f"runs:/{run_id}/notes/a.txt"

    listed = [(item.path, item.file_size) for item in genaiops.list_artifacts(run_id)]
    assert [path for path, _ in listed] == ["d.json", "notes/a.txt"]
    assert genaiops.load_text(uri) == "hé\n" * 3
    assert genaiops.read_artifact(uri, start=4, length=4) == "hé\n".encode()
    assert [item.path for item in genaiops.list_artifacts(run_id, "notes")] == ["notes/a.txt"]


def test_files_and_folders_are_kept_and_come_back(workdir: Path):
    (workdir / "out" / "deep").mkdir(parents=True)
    (workdir / "out" / "a.bin").write_bytes(bytes(range(256)))
    (workdir / "out" / "deep" / "b.txt").write_text("b")

    with genaiops.start_run() as run:
        genaiops.log_artifact("out/a.bin", "one")
        genaiops.log_artifacts("out", "all")
    back = genaiops.download_artifacts(f"runs:/{run.info.run_id}/all", workdir / "back")

    assert (back / "a.bin").read_bytes() == bytes(range(256))
    assert (back / "deep" / "b.txt").read_text() == "b"
    paths = [item.path for item in genaiops.list_artifacts(run.info.run_id)]
    assert paths == ["all/a.bin", "all/deep/b.txt", "one/a.bin"]


def test_the_same_content_is_stored_once_and_other_content_is_refused(run_id: str, store_dir: Path):
    with genaiops.start_run(run_id=run_id):
        genaiops.log_dict({"k": [1, None]}, "d.json")
        with pytest.raises(genaiops.ConflictError, match=r"other content at 'd\.json'"):
            genaiops.log_dict({}, "d.json")
        with pytest.raises(genaiops.ConflictError, match="a folder where"):
            genaiops.log_text("x", "d.json/below")

    kept = (store_dir / "artifacts" / "runs" / run_id / "d.json").stat()
    assert kept.st_nlink == 2


@pytest.mark.parametrize(
    "path",
    [
        "",
        "..",
        "../x",
        "a/../../x",
        "/etc/x",
        "%2e%2e/x",
        "%252e%252e%252fx",
        "a\\..\\x",
        "..%5cx",
        "C:/x",
        "a\x00b",
        "./x",
        "a/./x",
        "a/.../x",
        ".. /x",
        ".%2e/x",
        ".0123456789abcdef.new",
        "x" * 300,
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str, run_id: str):
    with genaiops.start_run(), pytest.raises(genaiops.ConfigError, match="no path of an artifact"):
        genaiops.log_text("x", path)
    with pytest.raises((genaiops.ConfigError, genaiops.NotFoundError)):
        genaiops.load_text(f"runs:/{run_id}/{path}")


@pytest.mark.parametrize("run_id", ["..", "a/b", "", "%2e%2e"])
def test_a_run_id_that_leads_elsewhere_is_refused(run_id: str):
    with pytest.raises((genaiops.ConfigError, genaiops.NotFoundError)):
        genaiops.load_text(f"runs:/{run_id}/x")


def test_links_are_not_followed(run_id: str, store_dir: Path, workdir: Path):
    secret = workdir / "secret"
    secret.write_text("s")
    (workdir / "link").symlink_to(secret)
    kept = store_dir / "artifacts" / "runs" / run_id
    (kept / "planted").symlink_to(workdir)

    with genaiops.start_run(), pytest.raises(genaiops.ConfigError, match="is a link"):
        genaiops.log_artifact("link")
    with pytest.raises(genaiops.StoreError, match="is a link"):
        genaiops.load_text(f"runs:/{run_id}/planted/secret")
    with (
        genaiops.start_run(run_id=run_id),
        pytest.raises(genaiops.StoreError, match="is a link"),
    ):
        genaiops.log_text("x", "planted/new/x.txt")
    assert not (workdir / "new").exists()
    assert "planted" not in str(genaiops.list_artifacts(run_id))


class Drawing:
    """What matplotlib's figures promise: they write themselves into a file."""

    def savefig(self, into: BinaryIO, *, format: str) -> None:  # noqa: A002  matplotlib's name
        into.write(f"<{format}>".encode())


def test_figures_and_images_are_files():
    with genaiops.start_run() as run:
        genaiops.log_figure(Drawing(), "f.svg")
        with pytest.raises(genaiops.ConfigError, match="a str cannot be written"):
            genaiops.log_figure("x", "f.html")
        genaiops.log_image(Image.new("RGB", (2, 2)), "i.png")

    assert genaiops.load_text(f"runs:/{run.info.run_id}/f.svg") == "<svg>"
    assert genaiops.read_artifact(f"runs:/{run.info.run_id}/i.png", length=4) == b"\x89PNG"


def test_an_artifact_can_be_the_data_of_a_dataset():
    with genaiops.start_run() as run:
        genaiops.log_text('{"question": "q", "answer": "a"}\n', "rows.jsonl")

    assert len(genaiops.create_dataset("d", f"runs:/{run.info.run_id}/rows.jsonl")) == 1


def test_a_file_in_the_way_of_a_download_is_told(run_id: str, workdir: Path):
    (workdir / "back").write_text("a file")
    (workdir / "other" / "d.json").mkdir(parents=True)

    for folder, said in [("back", "Not a directory|File exists"), ("other", "Is a directory")]:
        with pytest.raises(genaiops.StoreError, match=rf"cannot be copied to '{folder}': ({said})"):
            genaiops.download_artifacts(f"runs:/{run_id}", folder)
    assert [path.name for path in (workdir / "other").iterdir()] == ["d.json"]


def test_what_is_not_there_is_named(run_id: str):
    with pytest.raises(genaiops.NotFoundError, match=r"no artifact 'no\.txt'"):
        genaiops.load_text(f"runs:/{run_id}/no.txt")
    with pytest.raises(genaiops.NotFoundError, match=r"'gone\.txt' cannot be read"):
        genaiops.read_artifact("gone.txt")
    with genaiops.start_run(), pytest.raises(genaiops.NotFoundError, match="no file 'gone'"):
        genaiops.log_artifact("gone")
