"""The pytest plugin: evaluations as tests, with their tables at the end of the run.

    def test_answers_stay_grounded(genaiops_evaluate):
        genaiops_evaluate(rows, answer, judges=[...], gates=["groundedness >= 0.8"])

``--genaiops-report FOLDER`` also writes an HTML file for each evaluation. Tables travel as
properties of the test, so they are there with pytest-xdist and in a JUnit file too.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from genaiops.eval import EvalResult

__all__ = ["genaiops_evaluate", "pytest_addoption", "pytest_terminal_summary"]

_TABLE = "genaiops evaluation"
"""The property of a test that holds the table of one of its evaluations."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option for reports."""
    group = parser.getgroup("genaiops", "evaluations")
    group.addoption(
        "--genaiops-report",
        metavar="FOLDER",
        help="write an HTML report of each evaluation into this folder",
    )


@pytest.fixture
def genaiops_evaluate(request: pytest.FixtureRequest) -> Callable[..., "EvalResult"]:
    """`genaiops.evaluate`, which also fails the test when one of ``gates=[...]`` does."""

    def run(
        data: object,
        predict_fn: Callable[..., Any] | None = None,
        judges: Sequence[object] = (),
        *,
        gates: Sequence[str] = (),
        **options: Any,  # the other arguments of `evaluate`
    ) -> "EvalResult":
        from genaiops.eval import evaluate
        from genaiops.eval.gate import check_gates

        check_gates(gates, judges)
        options.setdefault("name", request.node.name)
        result = evaluate(data, predict_fn, judges, **options)
        said = request.node.user_properties
        said.append((_TABLE, str(result)))
        folder = request.config.getoption("--genaiops-report")
        if folder is not None:
            number = sum(name == _TABLE for name, _ in said)
            file = Path(folder) / f"{_file_name(request.node.nodeid)}-{number}.html"
            file.parent.mkdir(parents=True, exist_ok=True)
            result.html(file)
        failed = [str(gate) for gate in map(result.gate, gates) if not gate]
        if failed:
            pytest.fail("\n".join([*failed, str(result)]), pytrace=False)
        return result

    return run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table of each evaluation."""
    reports = [report for several in terminalreporter.stats.values() for report in several]
    tables = {  # each of a test's reports (setup, call, teardown) has its properties
        (report.nodeid, value): None
        for report in reports
        if isinstance(report, pytest.TestReport)
        for name, value in report.user_properties
        if name == _TABLE
    }
    for nodeid, table in tables:
        terminalreporter.section(f"evaluation of {nodeid}")
        terminalreporter.write_line(str(table))


def _file_name(nodeid: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in nodeid).strip("-")[-100:]
