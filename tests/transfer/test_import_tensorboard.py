"""Event files of TensorBoard, written here byte by byte as their formats say."""

import json
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import genaiops
from genaiops.cli.main import cli
from genaiops.transfer.tensorboard import import_tensorboard
from genaiops.transfer.tensorboard.wire import crc32c


def varint(value: int) -> bytes:
    value %= 2**64
    found = b""
    while value > 127:
        found += bytes([value & 127 | 128])
        value >>= 7
    return found + bytes([value])


def field(number: int, value: bytes | float) -> bytes:
    """A field: whole numbers as varints, others by their wire type."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def record(data: bytes) -> bytes:
    def masked(part: bytes) -> bytes:
        crc = crc32c(part)
        return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)

    head = struct.pack("<Q", len(data))
    return head + masked(head) + data + masked(data)


def event(seconds: float, step: int, value: bytes) -> bytes:
    return record(field(1, seconds) + field(2, step) + field(5, field(1, value)))


def scalar(tag: str, value: float) -> bytes:
    return field(1, tag.encode()) + varint(2 << 3 | 5) + struct.pack("<f", value)


def plugin(name: str, content: bytes = b"") -> bytes:
    return field(9, field(1, field(1, name.encode()) + (field(2, content) if content else b"")))


def hparams(values: dict[str, Any]) -> bytes:
    kinds = {float: 2, str: 3, bool: 4}
    entries = b"".join(
        field(
            1,
            field(1, key.encode())
            + field(
                2,
                field(kinds[type(value)], value.encode() if isinstance(value, str) else value),
            ),
        )
        for key, value in values.items()
    )
    return field(1, b"_hparams_/session_start_info") + plugin("hparams", field(3, entries))


@pytest.fixture
def logs(workdir: Path) -> Path:
    train = workdir / "logs" / "train"
    train.mkdir(parents=True)
    text = field(1, b"notes/text_summary") + plugin("text")
    text += field(8, field(1, 7) + field(8, b"# what was tried"))
    new_style = field(1, b"accuracy") + plugin("scalars")
    new_style += field(8, field(1, 1) + field(4, struct.pack("<f", 0.75)))
    image = field(1, b"sample") + field(4, field(1, 1) + field(2, 1) + field(4, b"\x89PNG..."))
    histogram = field(1, b"weights") + field(5, b"")
    events = [
        record(field(1, 1000.0) + field(3, b"brain.Event:2")),
        event(1000.5, 0, hparams({"lr": 0.1, "optimizer": "adam", "nesterov": True})),
        *(event(1001.0 + step, step, scalar("loss", 1 / (step + 1))) for step in range(5)),
        event(1006.0, -1, scalar("loss", float("nan"))),
        event(1007.0, 3, new_style),
        event(1007.0, 0, text),
        event(1007.0, 2, image),
        event(1007.0, 2, histogram),
    ]
    (train / "events.out.tfevents.1000.host").write_bytes(b"".join(events))
    (workdir / "logs" / "events.out.tfevents.999.host").write_bytes(
        event(999.0, 1, scalar("loss", 2.0))
    )
    return workdir / "logs"


def test_folders_become_runs_with_everything_logged(logs: Path):
    done = import_tensorboard(logs)

    runs = genaiops.search_runs(["logs"], output_format="list")
    by_name = {run.info.run_name: run for run in runs}
    assert set(by_name) == {"logs", "train"}
    train = by_name["train"]
    assert train.data.params == {"lr": 0.1, "optimizer": "adam", "nesterov": True}
    assert train.data.metrics["accuracy"] == 0.75
    assert (train.info.status, train.info.start_ns) == ("FINISHED", 1001 * 10**9)
    history = genaiops.get_metric_history(train.info.run_id, "loss")
    assert [(item.step, item.ts_ns // 10**9) for item in history] == [
        (-1, 1006), (0, 1001), (1, 1002), (2, 1003), (3, 1004), (4, 1005),
    ]  # fmt: skip
    assert str(history[0].value) == "nan"
    assert history[3].value == struct.unpack("<f", struct.pack("<f", 1 / 3))[0]
    run_id = train.info.run_id
    assert genaiops.load_text(f"runs:/{run_id}/text/notes/text_summary/0.md") == "# what was tried"
    assert genaiops.read_artifact(f"runs:/{run_id}/images/sample/2-0.png") == b"\x89PNG..."
    assert done.problems == ("left out, since there is no place for them: histograms (1)",)


def test_a_second_time_adds_only_what_was_written_meanwhile(logs: Path):
    import_tensorboard(logs)
    again = import_tensorboard(logs)
    with (logs / "train" / "events.out.tfevents.1000.host").open("ab") as file:
        file.write(event(1010.0, 9, scalar("loss", 0.125)))
    more = import_tensorboard(logs)

    assert {what: count.new for what, count in again.counts.items() if count.new} == {}
    assert {what: count.new for what, count in more.counts.items() if count.new} == {"metrics": 1}
    ((rows,),) = genaiops.sql("SELECT count(*) FROM metrics WHERE key = 'loss'").rows
    assert rows == 8


def test_what_is_written_while_it_watches_comes_too(logs: Path):
    half = event(1011.0, 10, scalar("loss", 0.5))
    file = logs / "train" / "events.out.tfevents.1000.host"
    looks: list[int] = []

    def watch() -> bool:
        looks.append(1)
        with file.open("ab") as opened:  # a record in two writes
            opened.write(half[:10] if len(looks) == 1 else half[10:])
        return len(looks) < 2

    import_tensorboard(logs, experiment="live", watch=watch)

    (run,) = genaiops.search_runs(["live"], "run_name = 'train'", output_format="list")
    assert (run.data.metrics["loss"], run.info.status) == (0.5, "FINISHED")


def test_a_damaged_record_costs_what_follows_and_is_said(logs: Path):
    file = logs / "train" / "events.out.tfevents.1000.host"
    data = bytearray(file.read_bytes())
    data[-6] ^= 1
    file.write_bytes(data)
    cut = logs / "events.out.tfevents.999.host"
    cut.write_bytes(cut.read_bytes()[:-3])

    done = import_tensorboard(logs)

    (problem,) = done.problems
    assert "wrong checksum: what follows in this file stays out" in problem
    assert done.counts["metrics"].new == 7


def test_bad_folders_get_one_sentence(workdir: Path):
    (workdir / "empty").mkdir()

    with pytest.raises(genaiops.NotFoundError, match="no folder 'gone'"):
        import_tensorboard("gone")
    with pytest.raises(genaiops.ConfigError, match="has no event files"):
        import_tensorboard("empty")


def test_the_command_watches_until_it_is_interrupted(logs: Path):
    program = subprocess.Popen(
        [sys.executable, "-m", "genaiops", "import", "tensorboard", str(logs), "--watch"],
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stderr is not None
    assert "watching" in program.stderr.readline()
    program.send_signal(signal.SIGINT)
    out, _ = program.communicate(timeout=60)

    assert program.returncode == 0
    assert "metrics" in out


def test_the_command_prints_counts(logs: Path):
    done = CliRunner().invoke(cli, ["import", "tensorboard", str(logs), "--format", "json"])

    rows = {row["what"]: row["new"] for row in json.loads(done.stdout)}
    assert rows == {"runs": 2, "params": 3, "artifacts": 2, "metrics": 8}
    assert "histograms (1)" in done.stderr
