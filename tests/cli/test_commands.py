"""The commands, run as a user runs them."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from genaiops import __version__
from genaiops.cli.docs import reference
from genaiops.cli.lazy import LazyCommand, LazyGroup
from genaiops.cli.main import COMMANDS, cli
from genaiops.store import current_store, proc_id
from tests.query.seeding import event, trace

ROOT = Path(__file__).resolve().parents[2]


def genaiops(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(cli, arguments, input=text)


def rows(*arguments: str) -> list[dict[str, object]]:
    found = genaiops(*arguments, "--format", "json")
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


def process(*arguments: str, **more: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "genaiops", *arguments]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"},
        **more,  # type: ignore[call-overload]
    )


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_help_says_of_every_command_what_the_command_says(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)

    assert command is not None
    assert command.get_short_help_str(limit=100) == COMMANDS[name].help


def test_the_reference_in_the_docs_is_that_of_the_commands() -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")

    assert written == reference(), "run `python -m genaiops.cli.docs`"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from genaiops.cli.main import cli; cli(['--help'], standalone_mode=False);"
        "print([n for n in ('duckdb', 'rich', 'numpy', 'pydantic') if n in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )

    assert done.stdout.endswith("[]\n")


def test_the_version_is_said() -> None:
    assert __version__ in genaiops("--version").stdout


def test_wrong_usage_has_status_2() -> None:
    assert genaiops("traces", "list", "--limit", "0").exit_code == 2
    assert genaiops("nonsense").exit_code == 2


def test_an_error_is_one_line_and_status_1() -> None:
    found = genaiops("traces", "show", "feedfeed")

    assert found.exit_code == 1
    assert found.stdout == ""
    assert found.stderr.startswith("error: no trace 'feedfeed'")
    assert found.stderr.count("\n") == 1


def test_a_package_that_is_missing_is_named() -> None:
    group = LazyGroup("g", lazy={"x": LazyCommand("antigravity_of_nobody:x", "Nothing.")})

    found = CliRunner().invoke(group, ["x"])

    assert found.exit_code == 1
    assert "needs the package 'antigravity_of_nobody'" in found.stderr


def test_another_store_is_named_for_one_command(tmp_path: Path) -> None:
    trace(1)

    assert (
        json.loads(
            genaiops(
                "--store", str(tmp_path / "other"), "traces", "list", "--format", "json"
            ).stdout
        )
        == []
    )


def test_listed_traces_are_the_newest() -> None:
    made = [trace(number) for number in range(3)]

    listed = genaiops("traces", "list", "-n", "2")

    assert [row["trace_id"] for row in rows("traces", "list")] == made[::-1]
    assert listed.stdout.count("\n") == 3
    assert "it is" not in listed.stdout
    assert "number 2?" in listed.stdout
    token = listed.stderr.split()[-1]
    assert [row["trace_id"] for row in rows("traces", "list", "--page-token", token)] == made[:1]


def test_listed_traces_can_be_chosen() -> None:
    made = [trace(number) for number in range(3)]

    assert [row["trace_id"] for row in rows("traces", "list", "-f", "latency_ms > 4")] == [made[2]]
    assert len(rows("traces", "list", "--since", "2h")) == 3
    assert rows("traces", "list", "--since", "1m") == []
    assert rows("traces", "list", "-e", "other") == []
    assert "is not an age" in genaiops("traces", "list", "--since", "soon").stderr
    assert "unknown field" in genaiops("traces", "list", "-f", "colour = 1").stderr
    assert genaiops("traces", "list", "-e", "other").stderr == "no traces match\n"


def test_an_empty_store_has_no_traces_yet() -> None:
    found = genaiops("traces", "list")

    assert (found.exit_code, found.stderr) == (0, "no traces yet\n")


def test_a_trace_is_shown_as_a_tree() -> None:
    made = trace(
        3,
        session_id="s1",
        call={
            "status": "error",
            "status_message": "quota\x1b[31m",
            "prompt_name": "qa",
            "prompt_version": 2,
        },
    )
    event(
        "assessment",
        id="a",
        trace_id=made,
        key="helpful",
        data={"value": False, "rationale": "wrong", "source_type": "human", "source_id": "me"},
    )

    shown = genaiops("traces", "show", made[:8]).stdout

    assert shown.splitlines()[0] == f"trace {made}"
    assert "· answer [chain]  6.0 ms" in shown
    assert "  ✗ chat [llm]  error  4.0 ms  at +1.0 ms  gpt-5  qa@2  3 → 2 tokens  $0.250" in shown
    assert "error  quota\\x1b[31m" in shown
    assert 'in  {"question": "number 3?"}' in shown
    assert "session s1 · team=b" in shown
    assert "helpful = false  (human me)  wrong" in shown


def test_long_values_are_cut_unless_all_is_asked_for() -> None:
    long = "word " * 100 + "end"
    made = trace(
        1,
        outputs=long,
        inputs={"a": [1, 2]},
        events=[{"name": "retry", "time_ns": 5, "attributes": {"n": 1}}],
        links=[{"trace_id": "t9", "span_id": "s9"}],
    )

    short, full = genaiops("traces", "show", made), genaiops("traces", "show", made, "--full")

    assert "end" not in short.stdout
    assert "…" in short.stdout
    assert long in full.stdout
    assert '"a": [' in full.stdout
    assert "event retry" in full.stdout
    assert "link  t9 s9" in full.stdout
    assert "attributes" in full.stdout


def test_values_stored_aside_are_shown_whole_on_demand() -> None:
    text = "x" * 70_000
    digest = current_store().put_blob(text.encode())
    made = trace(1, outputs={"$blob": digest, "bytes": 70_000, "head": "xx", "tail": "x"})

    assert text not in genaiops("traces", "show", made).stdout
    assert text in genaiops("traces", "show", made, "--full").stdout
    assert (
        json.loads(genaiops("traces", "show", made, "--format", "json").stdout)["spans"][0][
            "outputs"
        ]
        == text
    )


def test_a_trace_as_json_is_one_object() -> None:
    made = trace(1)

    found = json.loads(genaiops("traces", "show", made, "--format", "json").stdout)

    assert found["trace_id"] == made
    assert [span["name"] for span in found["spans"]] == ["answer", "chat"]
    assert found["assessments"] == []


def test_exported_traces_are_json_lines(tmp_path: Path) -> None:
    made = [trace(number) for number in range(3)]
    file = tmp_path / "traces.jsonl"

    printed = genaiops("traces", "export")
    written = genaiops("traces", "export", "-o", str(file), "-f", "latency_ms > 4")

    assert [json.loads(line)["trace_id"] for line in printed.stdout.splitlines()] == made[::-1]
    assert written.stderr == f"1 trace written to {file}\n"
    assert json.loads(file.read_text(encoding="utf-8"))["spans"][1]["attributes"]["team"] == "a"


def test_an_export_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    trace(1)

    found = genaiops("traces", "export", "-o", str(tmp_path / "no" / "such" / "file"))

    assert found.exit_code == 1
    assert "cannot be written" in found.stderr


def test_tail_shows_a_trace_when_it_begins_and_when_it_ends() -> None:
    old = trace(1)
    following = process("traces", "tail", "--format", "json", "--interval", "0.05", "--last", "1")
    try:
        assert following.stdout is not None
        assert json.loads(following.stdout.readline())["trace_id"] == old
        now = {"start_ns": time.time_ns()}
        line = {
            "k": "start",
            "trace_id": "f" * 32,
            "span_id": "1" * 16,
            "name": "slow",
            "status": "running",
            "proc": proc_id(),
        } | now
        current_store().append("spans", json.dumps(line).encode() + b"\n")
        begun = json.loads(following.stdout.readline())
        ended = line | {"k": "span", "status": "ok", "end_ns": now["start_ns"] + 10**6}
        current_store().append("spans", json.dumps(ended).encode() + b"\n")
        done = json.loads(following.stdout.readline())
    finally:
        following.terminate()
        following.communicate()

    assert (begun["name"], begun["status"]) == ("slow", "running")
    assert (done["name"], done["status"]) == ("slow", "ok")


def test_sql_prints_json_columns_as_json() -> None:
    trace(1)

    (row,) = rows(
        "sql",
        "SELECT attributes, tags FROM spans JOIN traces USING (trace_id) WHERE span_type = 'llm'",
    )

    assert row["tags"] == {"team": "b"}
    assert row["attributes"] == {"gen_ai.request.model": "gpt-5", "team": "b"}


def test_sql_can_come_from_standard_input_and_be_cut() -> None:
    for number in range(3):
        trace(number)

    found = genaiops(
        "sql",
        "-",
        "--format",
        "csv",
        "--max-rows",
        "2",
        text="SELECT trace_id FROM traces ORDER BY start_ns",
    )

    assert found.stdout.count("\n") == 3


@pytest.mark.parametrize("query", ["SELEC 1", "COPY (SELECT 1) TO 'x'", "DROP TABLE data.spans"])
def test_sql_that_is_wrong_or_writes_is_one_line(query: str, workdir: Path) -> None:
    trace(1)
    current_store().seal()
    current_store().compact()

    found = genaiops("sql", query)

    assert found.exit_code == 1
    assert found.stderr.startswith("error: ")
    assert found.stderr.count("\n") == 1
    assert not (workdir / "x").exists()


def test_sql_that_takes_too_long_is_stopped() -> None:
    found = genaiops(
        "sql",
        "--timeout",
        "0.2",
        "SELECT sum(a.i * b.i) FROM range(10000000) a(i), range(10000) b(i)",
    )

    assert found.exit_code == 1
    assert "took longer than 0.2 s" in found.stderr


def test_settings_say_where_they_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENAIOPS_EXPERIMENT", "mine")
    monkeypatch.setenv("GENAIOPS_TRACKING_TOKEN", "sk-secret")

    found = {row["setting"]: row for row in rows("config")}

    assert found["experiment"] == {
        "setting": "experiment",
        "value": "mine",
        "origin": "environment GENAIOPS_EXPERIMENT",
    }
    assert found["sample"]["origin"] == "default"
    assert found["tracking_token"]["value"] == "********"


def test_a_setting_that_is_wrong_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENAIOPS_SAMPLE", "lots")

    found = genaiops("config")

    assert found.exit_code == 1
    assert found.stderr.startswith("error: GENAIOPS_SAMPLE")


def test_a_reader_that_goes_away_is_no_error() -> None:
    for number in range(300):
        trace(number)
    exporting = process("traces", "export")
    assert exporting.stdout is not None

    exporting.stdout.readline()
    exporting.stdout.close()
    assert exporting.stderr is not None
    said = exporting.stderr.read()
    exporting.wait()
    exporting.stderr.close()

    assert said == ""
