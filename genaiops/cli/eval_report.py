"""`genaiops eval report` and `label`."""

from typing import TYPE_CHECKING, Any

import click

from genaiops.cli.output import message
from genaiops.cli.text import printable

if TYPE_CHECKING:
    from genaiops.eval import EvalResult

__all__ = ["label", "report"]

_SHOWN = 4_000  # characters of a text that is to be labelled


@click.command()
@click.argument("run")
@click.option("--out", metavar="FILE", help="Where to; else report-RUN.html.")
@click.option("--against", metavar="RUN", help="Also name the rows that got worse since this run.")
@click.option("--dashboard", metavar="URL", help="Address of the dashboard, for links to traces.")
def report(run: str, out: str | None, against: str | None, dashboard: str | None) -> None:
    """Write one HTML file about RUN: scores, intervals, every row with its verdicts."""
    from genaiops.eval import load_result

    result = load_result(run)
    path = out or f"report-{result.run_id[:8]}.html"
    result.html(path, against=against, dashboard=dashboard)
    click.echo(path)


@click.command()
@click.argument("run")
@click.option("--judge", help="Which score to label; needed where RUN has several.")
@click.option("-n", "--rows", type=click.IntRange(1), default=30, help="How many rows.")
@click.option("--seed", type=int, default=0, help="Which random rows.")
def label(run: str, judge: str | None, rows: int, seed: int) -> None:
    """Label random rows of RUN by hand; the judge's own verdicts are not shown.

    Each row is shown with a question; answer y, n, a number, s to skip or q to quit. Every answer
    is stored at once, and `genaiops eval run --labels human` counts it.
    """
    from genaiops.errors import EvalError
    from genaiops.eval import Case, load_result
    from genaiops.eval.stored import stored_cases
    from genaiops.tracing import log_feedback

    result = load_result(run)
    if judge is None and len(result.scores) > 1:
        raise EvalError(f"the run has several scores: name one of {', '.join(result.scores)}")
    name = judge or next(iter(result.scores))
    scale = result[name].scale
    cases, waiting = stored_cases(result.run_id), _waiting(result, name, rows, seed)
    done = 0
    for place, (row_id, trace_id) in enumerate(waiting, start=1):
        case = cases.get(row_id) or Case()
        click.echo(f"\n[{place} of {len(waiting)}] row {printable(row_id)}")
        click.echo(f"inputs:  {_text(case.inputs)}")
        for number, context in enumerate(case.contexts or (), start=1):
            click.echo(f"context {number}: {_text(context)}")
        click.echo(f"outputs: {_text(case.outputs)}")
        said = _asked(name, scale)
        if said == "quit":
            break
        if said != "skip":
            log_feedback(trace_id, name, said, source="human")
            done += 1
    message(f"{done} labels stored")


def _waiting(result: "EvalResult", judge: str, n: int, seed: int) -> list[tuple[str, str]]:
    """Random rows that nobody has labelled for this judge, each with its trace."""
    from genaiops.eval.labels import HUMAN, labels_of

    labels = labels_of(HUMAN, {judge: result[judge].scale})
    traces = {row.row_id: row.trace_id for row in result.rows}
    found: list[tuple[str, str]] = []
    for row_id in result.to_label(len(traces), seed=seed):
        trace_id = traces[row_id]
        if trace_id is not None and labels.of(judge, row_id, trace_id) is None:
            found.append((row_id, trace_id))
    return found[:n]


def _asked(name: str, scale: tuple[float, float] | None) -> bool | float | str:
    """One answer of the person: yes or no, a number on the scale, ``skip`` or ``quit``."""
    low, high = scale or (float("-inf"), float("inf"))
    words: dict[str, Any] = {"y": True, "n": False, "s": "skip", "q": "quit"}
    while True:
        said = click.prompt(f"{name}? [y/n/number/s/q]", type=str).strip().casefold()
        if said[:1] in words and said in ("y", "n", "s", "q", "yes", "no", "skip", "quit"):
            return words[said[0]]
        try:
            value = float(said)
        except ValueError:
            message("answer y, n, a number, s or q")
            continue
        if low <= value <= high:
            return value
        message(f"{value:g} is outside {low:g} to {high:g}")


def _text(value: object) -> str:
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return printable(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
