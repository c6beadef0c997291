"""The pytest plugin: evaluations as tests, with their tables at the end of the run.

    def test_answers_stay_grounded(genaiops_evaluate):
        genaiops_evaluate(rows, answer, judges=[...], gates=["groundedness >= 0.8"])

``--genaiops-report FOLDER`` also writes an HTML file for each evaluation.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from genaiops.eval import EvalResult

__all__ = ["genaiops_evaluate", "pytest_addoption", "pytest_terminal_summary"]

_TABLES: pytest.StashKey[list[tuple[str, str]]] = pytest.StashKey()


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
        tables = request.config.stash.setdefault(_TABLES, [])
        tables.append((request.node.nodeid, str(result)))
        folder = request.config.getoption("--genaiops-report")
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
            result.html(Path(folder) / f"{_file_name(request.node.nodeid)}-{len(tables)}.html")
        failed = [str(gate) for gate in map(result.gate, gates) if not gate]
        if failed:
            pytest.fail("\n".join([*failed, str(result)]), pytrace=False)
        return result

    return run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table of each evaluation."""
    tables = terminalreporter.config.stash.get(_TABLES, None)
    for nodeid, table in tables or ():
        terminalreporter.section(f"evaluation of {nodeid}")
        terminalreporter.write_line(table)


def _file_name(nodeid: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in nodeid).strip("-")[-100:]
