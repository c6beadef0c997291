"""`genaiops prompts` as somebody types it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import genaiops
from genaiops.cli.main import cli


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["prompts", *arguments])


@pytest.fixture
def library(workdir: Path) -> Path:
    """A prompt with two versions and an alias."""
    genaiops.register_prompt("qa/answer", "Be brief: {{question}}", commit_message="start")
    genaiops.register_prompt("qa/answer", "Be kind: {{question}}")
    genaiops.set_prompt_alias("qa/answer", "production", 1)
    return workdir


def test_list_shows_names_versions_and_aliases(library: Path):
    table = run("list")
    data = json.loads(run("list", "--format", "json").stdout)

    assert table.exit_code == 0
    assert "production→1" in table.stdout
    assert [(row["name"], row["n_versions"]) for row in data] == [("qa/answer", 2)]
    assert data[0]["aliases"] == [{"alias": "production", "version": 1, "weight": 1.0}]
    assert run("list", "--format", "csv").stdout.startswith("name,folder,kind,")


def test_list_without_prompts_is_empty(workdir: Path):
    assert run("list", "--format", "json").stdout == "[]\n"
    assert "no prompts yet" in run("list").stderr
    assert "no prompts match" in run("list", "--filter", "kind = 'chat'").stderr


def test_show_prints_the_template_alone_on_stdout(library: Path):
    shown = run("show", "qa/answer@production")
    facts = json.loads(run("show", "qa/answer@production", "--format", "json").stdout)

    assert shown.stdout == "Be brief: {{question}}\n"
    assert "version 1" in shown.stderr
    assert "“start”" in shown.stderr
    assert (facts["version"], facts["alias"], facts["variables"]) == (1, "production", ["question"])


def test_show_prints_chat_messages_as_json(library: Path):
    messages = [{"role": "user", "content": "{{q}}"}]
    genaiops.register_prompt("chat", messages)

    assert json.loads(run("show", "chat").stdout) == messages


def test_what_could_steer_a_terminal_is_printed_as_an_escape(workdir: Path):
    genaiops.register_prompt("odd", "\x1b[31mred\x1b[0m", commit_message="\x1b]0;x\x07")

    shown = run("show", "odd")

    assert "\x1b" not in shown.output
    assert "\\x1b[31mred" in shown.stdout


def test_diff_marks_words(library: Path):
    assert "Be [-brief-]{+kind+}: {{question}}" in run("diff", "qa/answer", "1", "2").stdout


def test_register_takes_text_or_messages_from_a_file(library: Path):
    (library / "text.md").write_text("Be {{how}}.", encoding="utf-8")
    (library / "chat.json").write_text('[{"role": "user", "content": "x"}]', encoding="utf-8")

    assert run("register", "qa/answer", "text.md", "-m", "why").stdout == "prompts:/qa/answer/3\n"
    assert "nothing new" in run("register", "qa/answer", "text.md").stderr
    assert run("register", "chat", "chat.json").stdout == "prompts:/chat/1\n"
    assert genaiops.load_prompt("qa/answer").commit_message == "why"


def test_a_file_that_is_no_template_fails_with_one_line(library: Path):
    (library / "bad.json").write_text("{", encoding="utf-8")
    (library / "bad.txt").write_bytes(b"\xff")

    for name in ("bad.json", "bad.txt"):
        failed = run("register", "x", name)
        assert failed.exit_code == 1
        assert "cannot be read" in failed.stderr
        assert len(failed.stderr.splitlines()) == 1


def test_an_alias_is_moved_and_rolled_back(library: Path):
    moved = run("alias", "qa/answer", "production", "2", "--reason", "better")
    back = run("rollback", "qa/answer", "production", "--reason", "worse")
    history = json.loads(run("history", "qa/answer", "--format", "json").stdout)

    assert "version 2 now" in moved.stderr
    assert "version 1 now" in back.stderr
    assert [row["reason"] for row in history] == ["worse", "better", None, None, "start"]


def test_what_is_not_there_is_one_line_and_exit_status_1(workdir: Path):
    failed = run("show", "nothing")

    assert failed.exit_code == 1
    assert failed.stderr.startswith("error: no prompt 'nothing'")
    assert run("alias", "nothing", "production", "1").exit_code == 1
    assert run("alias", "nothing", "production", "x").exit_code == 2
