"""`genaiops prompts` as somebody types it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import genaiops
from genaiops.cli.main import cli
from tests.query import seeding


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
    messages = [{"role": "user", "content": "你好 {{q}} \u202e\x9b"}]
    genaiops.register_prompt("chat", messages)

    shown = run("show", "chat").stdout

    assert json.loads(shown) == messages
    assert '"你好 {{q}} \\u202e\\u009b"' in shown


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


@pytest.fixture
def used(library: Path) -> str:
    """Calls and an evaluation of version 1; the id of the evaluation."""
    call = {"prompt_name": "qa/answer", "prompt_version": 1}
    traces = [
        seeding.trace(number, call=call | {"status": "error" if number == 3 else "ok"})
        for number in range(4)
    ]
    seeding.run("the-run", number=9)
    for row, trace_id in enumerate(traces):
        seeding.verdict("the-run", f"row-{row}", 1.0, trace_id=trace_id)
    for key, value in (("good", 0.9), ("good.low", 0.8), ("good.high", 0.95)):
        seeding.event("metric", run_id="the-run", key=key, value=value, step=0, ts_ns=1)
    return "the-run"


def test_show_tells_how_a_version_does(used: str):
    shown = run("show", "qa/answer/1")
    unused = run("show", "qa/answer/2")
    facts = json.loads(run("show", "qa/answer/1", "--format", "json").stdout)

    assert "4 calls, 25.0% failed, p50 " in shown.stderr
    assert "$0.250 a call" in shown.stderr
    assert "scores of run the-run: good 0.900 [0.800, 0.950]" in shown.stderr
    assert "no calls yet" in unused.stderr
    assert (facts["figures"]["calls"], facts["figures"]["eval_run_id"]) == (4, used)


def test_show_lists_all_versions_with_their_figures(used: str):
    table = run("show", "qa/answer", "--versions")
    rows = json.loads(run("show", "qa/answer", "--versions", "--format", "json").stdout)

    assert table.stdout == run("show", "qa/answer", "--versions", "--format", "table").stdout
    assert "good 0.900 [0.800, 0.950]" in table.stdout[: table.stdout.index("production")]
    assert "25.0%" in table.stdout
    assert [(row["version"], row["calls"], row["error_rate"]) for row in rows] == [
        (2, 0, None),
        (1, 4, 0.25),
    ]
    assert run("show", "qa/answer", "--format", "csv").exit_code == 1


def test_a_move_can_be_guarded_split_and_protected(used: str):
    refused = run("alias", "qa/answer", "production", "2", "--if-eval", "good >= 0.5")
    allowed = run("alias", "qa/answer", "staging", "1", "--if-eval", "good >= 0.5")
    split = run("split", "qa/answer", "canary", "1=0.9", "2=0.1")
    locked = run("protect", "qa/answer", "staging")
    stays = run("alias", "qa/answer", "staging", "2")
    free = run("unprotect", "qa/answer", "staging")
    history = json.loads(run("history", "qa/answer", "--format", "json").stdout)

    assert (refused.exit_code, stays.exit_code) == (1, 1)
    assert "no finished evaluation" in refused.stderr
    assert "is protected (is locked)" in stays.stderr
    assert [done.exit_code for done in (allowed, split, locked, free)] == [0, 0, 0, 0]
    assert "canary→1 90%, canary→2 10%" in run("list").stdout
    assert history[2]["version"] == "1 90%, 2 10%"
    assert run("split", "qa/answer", "canary", "1").exit_code == 2


def test_a_split_can_be_guarded_and_an_alias_taken_away(used: str):
    refused = run("split", "qa/answer", "canary", "1=1", "2=1", "--if-eval", "good >= 0.5")
    run("alias", "qa/answer", "staging", "2")
    gone = run("unalias", "qa/answer", "staging", "--reason", "not yet")
    told = run("history", "qa/answer").stdout.splitlines()

    assert refused.exit_code == 1
    assert "'qa/answer/2' has no finished evaluation" in refused.stderr
    assert (gone.exit_code, "is gone" in gone.stderr) == (0, True)
    assert told[0].split() == ["AT", "WHAT", "AUTHOR", "REASON"]
    assert "staging 2 → nothing" in told[1]
    assert told[1].endswith("not yet")
    assert "staging → 2" in told[2]
    assert run("unalias", "qa/answer", "staging").exit_code == 1


def test_diff_takes_two_references(library: Path):
    assert "{+kind+}" in run("diff", "qa/answer@production", "qa/answer").stdout


def test_register_takes_other_syntaxes(library: Path):
    (library / "f.txt").write_text("Hello {name}", encoding="utf-8")

    assert run("register", "f", "f.txt", "--syntax", "f-string").exit_code == 0
    assert genaiops.load_prompt("f").template == "Hello {{name}}"
