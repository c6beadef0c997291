"""`genaiops eval` in a terminal and in CI."""

import json

import pytest
from click.testing import CliRunner

import genaiops
from genaiops.cli.main import cli
from genaiops.eval.judges import ExactMatch

ROWS = [
    {"id": str(n), "question": f"q{n}", "expected": f"Q{n}", "topic": str(n % 3)} for n in range(9)
]
PROGRAM = """
import genaiops

def shout(question):
    return question.upper()

def half(question):
    return question.upper() if int(question[1:]) % 2 else question

def counted(question):
    with open("calls", "a") as file:
        file.write(".")
    return question.upper()

@genaiops.judge
def loud(outputs):
    return outputs.isupper()
"""


@pytest.fixture
def invoke(workdir, monkeypatch):
    name = f"answers_{workdir.name.replace('-', '_')}"
    (workdir / f"{name}.py").write_text(PROGRAM)
    (workdir / "broken.py").write_text("f = unknown")
    (workdir / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    monkeypatch.syspath_prepend(str(workdir))

    def call(*args):
        return CliRunner().invoke(cli, ["eval", *(arg.replace("MOD", name) for arg in args)])

    return call


def test_run_prints_scores_with_intervals_and_gates_set_the_exit_status(invoke):
    args = ("run", "rows.jsonl", "--predict", "MOD:shout", "--judge", "exact_match")

    passed = invoke(*args, "--judge", "MOD:loud", "--gate", "exact_match >= 0.6")
    failed = invoke(*args, "--gate", "exact_match >= 0.9")

    assert passed.exit_code == 0, passed.output
    assert "exact_match  1.000     0.701 to 1.000" in passed.stdout
    assert "loud" in passed.stdout
    assert "gate 'exact_match >= 0.6' passed" in passed.stderr
    assert failed.exit_code == 1
    assert "gate 'exact_match >= 0.9' failed: the bound is 0.7" in failed.stderr


def test_run_prints_json_for_programs(invoke):
    done = invoke(
        "run", "rows.jsonl", "--predict", "MOD:half", "--judge", "exact_match",
        "--cluster", "topic", "--format", "json",
    )  # fmt: skip

    (score,) = json.loads(done.stdout)
    assert (score["score"], score["n"], score["failed"]) == ("exact_match", 9, 0)
    assert score["estimate"] == pytest.approx(4 / 9)
    assert "3 clusters" in score["method"]


def test_run_writes_a_report_and_replays_without_calling_the_function(invoke, workdir):
    args = ("run", "rows.jsonl", "--judge", "exact_match", "--predict", "MOD:counted")
    options = ("--repeats", "2", "--html", "report.html")

    first = invoke(*args, *options)
    again = invoke(*args, *options, "--cache", "replay")

    assert first.exit_code == again.exit_code == 0, again.output
    assert "report report.html" in first.stderr
    assert "<h1>Evaluation" in (workdir / "report.html").read_text("utf-8")
    assert len((workdir / "calls").read_text()) == 2 * len(ROWS)
    assert first.stdout.split("run ")[0] == again.stdout.split("run ")[0]


def test_compare_shows_what_the_second_run_does_better(invoke):
    ids = []
    for function in ("half", "shout"):
        done = invoke("run", "rows.jsonl", "--predict", f"MOD:{function}", "--judge", "exact_match")
        ids.append(done.stdout.split()[-1])

    table = invoke("compare", *ids)
    (change,) = json.loads(invoke("compare", *ids, "--format", "json").stdout)

    assert table.exit_code == 0, table.output
    assert f"run {ids[1]} minus {ids[0]}" in table.stdout
    assert change["difference"] == pytest.approx(5 / 9)
    assert (change["wins"], change["ties"], change["losses"]) == (5, 4, 0)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--judge", "kindness"), "there is no judge 'kindness'"),
        (("--judge", "mrr", "--predict", "nowhere"), "write it as package.module:name"),
        (("--judge", "mrr", "--predict", "no_such_module:f"), "cannot be imported"),
        (("--judge", "mrr", "--predict", "broken:f"), "fails when it is imported: NameError"),
        (("--judge", "token_f1", "--repeats", "0"), "repeats is 0"),
        (("--judge", "token_f1", "--budget-usd", "-1"), "budget_usd is -1"),
        (("--judge", "token_f1", "--executor", "dask"), "executor is 'dask'"),
        (("--judge", "recall_at_5"), "row 1 has no 'relevant_ids'"),
        (("--judge", "ndcg_at_0"), "k is 0"),
        (("--judge", "token_f1", "--gate", "high"), "cannot be read"),
        (("--judge", "token_f1", "--gate", "mrr >= 1"), "on no score of this evaluation: use one"),
    ],
)
def test_what_cannot_work_is_one_line_and_exit_status_1(invoke, args, says):
    done = invoke("run", "rows.jsonl", *args)

    assert done.exit_code == 1
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_comparing_an_unknown_run_says_so(invoke):
    done = invoke("compare", "abcdef", "abcdef")

    assert done.exit_code == 1
    assert "abcdef" in done.stderr


def test_power_plans_from_a_rate_or_a_run(invoke):
    run = genaiops.evaluate([row | {"answer": "Q1"} for row in ROWS], judges=[ExactMatch()])

    planned = invoke("power", "--rate", "0.8", "--rows", "200", "--detect", "0.05")
    measured = invoke("power", run.run_id, "--detect", "0.2", "--format", "json")
    tiny = invoke("power", run.run_id, "--detect", "1e-200", "--format", "json")
    wrong = invoke("power", "--rate", "0.8", "--detect", "0.05")
    wide = invoke("power", "--rate", "0.8", "--rows", "200", "--detect", "5")

    assert "rate 0.8  0.05        200   0.424  503           0.079" in planned.stdout
    (score,) = json.loads(measured.stdout)
    assert (score["score"], score["rows"], score["rows_needed"]) == ("exact_match", 9, 22)
    assert json.loads(tiny.stdout)[0]["rows_needed"] is None
    assert wrong.exit_code == 2
    assert "give RUN (and --other), or --rate and --rows" in wrong.stderr
    assert "detect is 5.0: use a difference of rates, at most 1" in wide.stderr


def test_run_takes_labels_from_a_file_and_a_rule_to_stop(invoke, workdir):
    said = [{"id": row["id"], "judge": "exact_match", "value": "no"} for row in ROWS[:4]]
    (workdir / "labels.jsonl").write_text("\n".join(map(json.dumps, said)))
    args = ("run", "rows.jsonl", "--predict", "MOD:shout", "--judge", "exact_match")

    labelled = invoke(*args, "--labels", "labels.jsonl")
    stopped = invoke(*args, "--stop", "0.05")
    refused = invoke(*args, "--stop", "f1 > 0.5")

    assert "what people say, from 4 labels; the judge is not used" in labelled.stdout
    assert "betting, holds at every look" in stopped.stdout
    assert "stop= names 'f1': use one of exact_match" in refused.stderr
