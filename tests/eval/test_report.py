"""Reports: one HTML file, the terminal's commands, and evaluations as tests of pytest."""

import json
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner

import genaiops
from genaiops.cli.main import cli
from genaiops.eval import load_result
from genaiops.eval.judges import ExactMatch, Groundedness, Pairwise

HOSTILE = "<script>alert('x')</script>\"'&"
ROWS = [
    {"id": f"r{n}", "question": f"{HOSTILE} {n}", "expected": str(n), "contexts": ["Zero is 0."]}
    for n in range(4)
]


def answer(question):
    return question.split()[-1]


class Seen(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def results():
    worse = genaiops.evaluate(ROWS, lambda question: "0", judges=[ExactMatch()])
    return genaiops.evaluate(ROWS, answer, judges=[ExactMatch()]), worse


def test_the_file_stands_alone_and_shows_every_row_with_its_verdicts(model, workdir):
    claims = [{"claim": "a", "quote": "Fire is hot.", "reason": "r", "supported": "yes"}]
    model.answers = lambda request, number: json.dumps({"claims": claims})
    judges = [ExactMatch(), Groundedness(model="openai/judge")]
    result = genaiops.evaluate(ROWS, answer, judges=judges)

    path = result.html(workdir / "report.html")
    seen = Seen(path.read_text("utf-8"))

    assert seen.tags.count("details") == len(ROWS)
    assert seen.tags.count("script") == 1
    assert "<script>alert('x')</script>" in seen.text
    assert "not in contexts" in seen.text
    assert result.rows[0].trace_id in seen.text
    assert not [value for name, value in seen.attributes if name in ("src", "href")]
    assert ("http-equiv", "Content-Security-Policy") in seen.attributes
    assert "Evaluation of answer" in seen.text
    assert "cost USD" in seen.text


def test_the_report_names_the_rows_that_got_worse_and_links_the_traces(results, workdir):
    good, worse = results

    path = worse.html(workdir / "r.html", against=good, dashboard="http://127.0.0.1:5000/")
    seen = Seen(path.read_text("utf-8"))
    links = [value for name, value in seen.attributes if name == "href"]

    assert {"#r1", "#r2", "#r3"} <= set(links)
    assert f"http://127.0.0.1:5000/trace?id={worse.rows[0].trace_id}" in links


def test_failed_rows_and_those_with_the_lowest_numbers_come_first(workdir):
    def sometimes(question):
        if question.endswith("2"):
            raise ValueError("no two")
        return "3"

    result = genaiops.evaluate(ROWS, sometimes, judges=[ExactMatch()])

    seen = Seen(result.html(workdir / "r.html").read_text("utf-8"))
    ids = [value for name, value in seen.attributes if name == "id" and value.startswith("r")]
    assert (ids[0], ids[-1]) == ("r2", "r3")
    assert "no two" in seen.text


def test_the_worst_verdicts_are_at_hand(results):
    _, worse = results

    assert [row.number for row in worse.worst(2)] == [0.0, 0.0]
    assert "look first at r1, r2, r3; more in result.worst()" in str(worse)


def test_the_rows_to_look_at_first_are_bad_for_all_judges_and_none_is_named_without_need(results):
    good, _ = results

    @genaiops.judge(scale=(0, 10), higher_is_better=False)
    def slow(outputs, row_id):
        return {"r1": 9, "r3": 2}.get(row_id, 0)

    mixed = genaiops.evaluate(
        ROWS, lambda question: "0" if question[-1] in "12" else answer(question),
        judges=[ExactMatch(), slow],
    )  # fmt: skip

    assert "look first at r1, r2, r3;" in str(mixed)
    assert "look first" not in str(good)


def test_the_flip_rate_of_pairs_stands_in_the_table(model):
    model.answers = lambda request, number: '{"rationale": "r", "verdict": "first"}'

    result = genaiops.evaluate(ROWS, answer, judges=[Pairwise(model="openai/judge")])

    assert "pairwise: opinions about a row differ from its verdict by 100.0%" in str(result)


def test_repeats_that_differ_are_counted():
    turns = {}

    def moody(question):
        turns[question] = turns.get(question, -1) + 1
        return str(turns[question]) if question.endswith("0") else answer(question)

    result = genaiops.evaluate(ROWS, moody, judges=[ExactMatch()], repeats=2, concurrency=1)

    assert "exact_match: repeats differ in 1 of 4 rows" in str(result)


def run(*words, said=None):
    return CliRunner().invoke(cli, ["eval", *words], input=said)


def test_a_stored_run_is_reported_from_the_terminal(results, workdir):
    good, worse = results

    done = run("report", worse.run_id[:8], "--out", "out.html", "--against", good.run_id)
    seen = Seen((workdir / "out.html").read_text("utf-8"))

    assert (done.exit_code, done.stdout) == (0, "out.html\n")
    assert "<script>alert('x')</script>" in seen.text
    assert "#r1" in [value for name, value in seen.attributes if name == "href"]


def test_people_label_random_rows_in_the_terminal(results):
    _, worse = results

    first = run("label", worse.run_id, "-n", "3", said="y\nperhaps\n7\n0.25\ns\n")
    again = run("label", worse.run_id, said="n\nq\n")
    labels = genaiops.sql("SELECT number FROM assessments WHERE source_type = 'human'").rows

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "2 labels stored" in first.stderr
    assert "[1 of 2]" in again.stdout
    assert "outside 0 to 1" in first.stderr
    assert sorted(number for (number,) in labels) == [0.0, 0.25, 1.0]
    assert load_result(worse.run_id).with_labels("human").labels is not None


@genaiops.judge(name="length", scale=(0, 1))
def is_long(outputs):
    return len(outputs) > 10


def test_people_see_the_contexts_and_the_whole_answer_that_they_label(workdir):
    rows = [{"question": "Where?", "contexts": ["It is in Paris.", "Since 1889."]}]
    result = genaiops.evaluate(rows, lambda question: "x" * 3_000 + "end", judges=[is_long])

    shown = run("label", result.run_id, said="y\n").stdout
    report = load_result(result.run_id).html("whole.html").read_text("utf-8")

    assert "context 1: It is in Paris.\ncontext 2: Since 1889." in shown
    assert ("xend" in shown, "xend" in report) == (True, True)
    assert "[1] It is in Paris." in report


def test_a_row_prints_what_one_looks_for(results):
    failing = genaiops.evaluate(
        [{"id": "r", "question": "0", "expected": "0"}],
        lambda question: 1 / 0,
        judges=[ExactMatch()],
    )

    assert repr(results[1].worst(1)) == (
        f"[RowResult({results[1].worst(1)[0].row_id!r}, 'exact_match', value=False, "
        f"inputs={results[1].worst(1)[0].case.inputs!r}, outputs='0', "
        f"expected={results[1].worst(1)[0].case.expected!r})]"
    )
    assert "error='predict_fn raised ZeroDivisionError: division by zero'" in repr(failing.rows)


TESTS = """
from genaiops.eval.judges import ExactMatch

ROWS = [{"id": f"r{n}", "question": str(n), "expected": "0"} for n in range(%d)]

def test_good(genaiops_evaluate):
    result = genaiops_evaluate(ROWS, lambda question: "0", judges=[ExactMatch()],
                               gates=["exact_match >= 0.5"])
    assert result["exact_match"].n == len(ROWS)

def test_bad(genaiops_evaluate):
    genaiops_evaluate(ROWS, lambda question: "1", judges=[ExactMatch()],
                      gates=["exact_match >= 0.5"])
"""


@pytest.mark.parametrize("processes", [(), ("-n", "2")])
def test_an_evaluation_is_a_test_that_a_gate_fails(workdir, processes):
    (workdir / "test_it.py").write_text(TESTS % 20)
    others = ["cacheprovider", "hypothesispytest", "langsmith_plugin", "anyio"]  # slow to begin
    options = [*(f"-pno:{name}" for name in others), "-q", *processes]  # ours has an entry point

    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--genaiops-report", "reports", "test_it.py"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "1 failed, 1 passed" in done.stdout
    assert "gate 'exact_match >= 0.5' failed" in done.stdout
    assert done.stdout.count("evaluation of test_it.py::test_good") == 1
    assert done.stdout.count("evaluation of test_it.py::test_bad") == 1
    assert len(list((workdir / "reports").glob("*.html"))) == 2
