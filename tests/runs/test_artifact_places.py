"""Files of runs in another folder and at URLs: the same calls, the same promises."""

import subprocess
import sys
from pathlib import Path

import fsspec
import pytest

import genaiops
from genaiops.store import current_store
from tests.runs.fake_s3 import serving


@pytest.fixture(params=["store", "folder", "memory"])
def place(request: pytest.FixtureRequest, workdir: Path) -> str:
    """Where files go: the setting ``artifacts``."""
    if request.param == "folder":
        genaiops.configure(artifacts=(workdir / "else where").as_uri())
    elif request.param == "memory":
        genaiops.configure(artifacts=f"memory://bucket/{workdir.name}/")
    return request.param


def test_files_are_kept_listed_read_and_copied_wherever_they_lie(place: str, workdir: Path):
    (workdir / "deep").mkdir()
    (workdir / "deep" / "b é%20.bin").write_bytes(bytes(range(256)) * 100)
    with genaiops.start_run() as run:
        genaiops.log_text("text", "notes/a.txt")
        genaiops.log_artifacts("deep", "all")
        genaiops.log_artifact("deep")
    genaiops.configure(artifacts=None)  # the run remembers
    uri = f"runs:/{run.info.run_id}"

    back = genaiops.download_artifacts(uri, "back")
    listed = [(item.path, item.file_size) for item in genaiops.list_artifacts(run.info.run_id)]

    assert listed == [
        ("all/b é%20.bin", 25_600),
        ("deep/b é%20.bin", 25_600),
        ("notes/a.txt", 4),
    ]
    assert genaiops.load_text(f"{uri}/notes/a.txt") == "text"
    assert genaiops.read_artifact(f"{uri}/all/b é%20.bin", start=3, length=2) == b"\3\4"
    assert genaiops.read_artifact(f"{uri}/all/b é%20.bin", start=25_599) == b"\xff"
    assert genaiops.read_artifact(f"{uri}/all/b é%20.bin", start=99_999) == b""
    assert (back / "all" / "b é%20.bin").read_bytes() == bytes(range(256)) * 100
    assert [i.path for i in genaiops.list_artifacts(run.info.run_id, "all")] == ["all/b é%20.bin"]
    in_store = list((current_store().folder / "artifacts").glob("runs/*/notes/a.txt"))
    assert bool(in_store) == (place == "store")


def test_names_that_begin_with_a_dot_are_files_like_others(place: str, workdir: Path):
    (workdir / "out" / ".hydra").mkdir(parents=True)
    (workdir / "out" / ".hydra" / "config.yaml").write_text("lr: 0.1")
    (workdir / "out" / ".env.example").write_text("A=1")
    with genaiops.start_run() as run:
        genaiops.log_artifacts("out")
        genaiops.log_artifact("out/.hydra", "again")
    uri = f"runs:/{run.info.run_id}"

    names = [item.path for item in genaiops.list_artifacts(run.info.run_id)]
    back = genaiops.download_artifacts(uri, "back")

    assert names == [".env.example", ".hydra/config.yaml", "again/.hydra/config.yaml"]
    assert (back / ".hydra" / "config.yaml").read_text() == "lr: 0.1"
    assert genaiops.load_text(f"{uri}/.env.example") == "A=1"


def test_what_is_written_stays_wherever_it_lies(place: str, workdir: Path):
    (workdir / "a.txt").write_text("one")
    with genaiops.start_run():
        genaiops.log_artifact("a.txt")
        genaiops.log_artifact("a.txt")
        genaiops.log_text("one", "a.txt")
        with pytest.raises(genaiops.ConflictError, match=r"other content at 'a\.txt'"):
            genaiops.log_text("two", "a.txt")
        (workdir / "a.txt").write_text("three")
        with pytest.raises(genaiops.ConflictError, match=r"other content at 'a\.txt'"):
            genaiops.log_artifact("a.txt")


@pytest.mark.parametrize("path", ["../x", "%2e%2e/x", "/x", "a/..%2f..%2fx", "‥/x", "a\\x"])
def test_no_path_leads_out_wherever_the_files_lie(place: str, path: str):
    with genaiops.start_run() as run:
        with pytest.raises(genaiops.ConfigError, match="no path of an artifact"):
            genaiops.log_text("x", path)
        genaiops.log_text("x", "x")

    for call in (genaiops.load_text, genaiops.download_artifacts):
        with pytest.raises(genaiops.GenaiopsError):
            call(f"runs:/{run.info.run_id}/{path}")


def test_a_runs_uri_is_a_path_wherever_one_is_taken(place: str):
    with genaiops.start_run() as first:
        genaiops.log_text('{"question": "q"}\n', "d/rows.jsonl")
    uri = f"runs:/{first.info.run_id}/d"

    with genaiops.start_run() as second:
        genaiops.log_artifact(f"{uri}/rows.jsonl", "copied")
        genaiops.log_artifacts(uri, "folder")

    paths = [item.path for item in genaiops.list_artifacts(second.info.run_id)]
    assert paths == ["copied/rows.jsonl", "folder/rows.jsonl"]
    assert len(genaiops.create_dataset("d", f"{uri}/rows.jsonl")) == 1


def test_a_link_among_the_files_of_a_folder_is_not_followed(workdir: Path):
    genaiops.configure(artifacts=str(workdir / "files"))
    with genaiops.start_run() as run:
        genaiops.log_text("x", "x.txt")
    root = workdir / "files" / "artifacts" / "runs" / run.info.run_id
    (root / "planted").symlink_to("/etc")

    assert [item.path for item in genaiops.list_artifacts(run.info.run_id)] == ["x.txt"]
    with pytest.raises(genaiops.StoreError, match="is a link"):
        genaiops.load_text(f"runs:/{run.info.run_id}/planted/hostname")


def test_a_url_that_cannot_be_used_is_told(workdir: Path):
    for uri, said in [("nosuch://x/y", "cannot lie at"), ("file://host/x", "another machine")]:
        genaiops.configure(artifacts=uri)
        with pytest.raises(genaiops.ConfigError, match=said), genaiops.start_run(nested=True):
            genaiops.log_text("x", "x.txt")


def test_names_that_no_path_has_are_left_out_of_a_listing():
    genaiops.configure(artifacts="memory://foreign")
    with genaiops.start_run() as run:
        genaiops.log_text("x", "x.txt")
    fsspec.filesystem("memory").pipe_file(f"/foreign/{run.info.run_id}/a\\b", b"1")

    assert [item.path for item in genaiops.list_artifacts(run.info.run_id)] == ["x.txt"]


LARGE = """
import genaiops, pathlib, resource, sys
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with genaiops.start_run() as run:
    genaiops.log_artifact("large.bin")
genaiops.download_artifacts(f"runs:/{run.info.run_id}/large.bin", "back")
part = genaiops.read_artifact(f"runs:/{run.info.run_id}/large.bin", start=5, length=3)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, part)
"""


def test_a_large_file_is_never_whole_in_memory(workdir: Path):
    with (workdir / "large.bin").open("wb") as file:
        file.truncate(400_000_000)

    done = subprocess.run([sys.executable, "-c", LARGE], check=True, capture_output=True, text=True)

    grown, part = done.stdout.split(maxsplit=1)
    assert int(grown) * (1 if sys.platform == "darwin" else 1024) < 150_000_000
    assert part.strip() == repr(b"\0\0\0")
    assert (workdir / "back" / "large.bin").stat().st_size == 400_000_000


S3 = """
import genaiops, pathlib
pathlib.Path("m.bin").write_bytes(b"weights" * 1000)
with genaiops.start_run() as run:
    genaiops.log_artifact("m.bin", "model")
    genaiops.log_text("t", "t.txt")
    genaiops.log_text("t", "t.txt")
    try:
        genaiops.log_text("other", "t.txt")
    except genaiops.ConflictError as error:
        print("refused", error)
uri = f"runs:/{run.info.run_id}/model/m.bin"
print([(i.path, i.file_size) for i in genaiops.list_artifacts(run.info.run_id)])
print(genaiops.read_artifact(uri, start=7, length=7))
print((genaiops.download_artifacts(uri, "back")).stat().st_size)
try:
    genaiops.load_text(f"runs:/{run.info.run_id}/none.txt")
except genaiops.NotFoundError as error:
    print("missing", error)
"""


def test_an_s3_bucket_takes_each_file_once_and_gives_ranges(workdir: Path):
    with serving() as (server, url):
        done = subprocess.run(
            [sys.executable, "-c", S3],
            capture_output=True,
            text=True,
            check=False,
            env={
                "GENAIOPS_ARTIFACTS": "s3://bucket/runs",
                "AWS_ENDPOINT_URL": url,
                "AWS_ACCESS_KEY_ID": "a",
                "AWS_SECRET_ACCESS_KEY": "b",
                "AWS_DEFAULT_REGION": "us-east-1",
                "NO_PROXY": "127.0.0.1",
                "HOME": str(workdir),
            },
        )

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("refused the run")
    assert lines[1] == "[('model/m.bin', 7000), ('t.txt', 1)]"
    assert lines[2:4] == [repr(b"weights"), "7000"]
    assert lines[4].startswith("missing")
    assert sorted(name.rpartition("/")[2] for name in server.objects) == ["m.bin", "t.txt"]
    ranges = [line for line in server.asked if "bytes=" in line]
    assert any("bytes=7-13" in line for line in ranges), server.asked
