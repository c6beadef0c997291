"""`genaiops eval`: run, compare, report, label, and plan how many rows to take."""

import importlib
import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import click

from genaiops.cli.eval_report import label, report
from genaiops.cli.output import Format, emit, format_option, message

if TYPE_CHECKING:
    from genaiops.eval import Comparison, EvalResult
    from genaiops.eval.judges import Judge
    from genaiops.eval.planning import PowerTable

__all__ = ["eval_group", "judge_named"]

_SCORE_COLUMNS = (
    "score",
    "estimate",
    "low",
    "high",
    "n",
    "failed",
    "cost_usd",
    "method",
)
_CHANGE_COLUMNS = (
    "score",
    "a",
    "b",
    "difference",
    "low",
    "high",
    "p",
    "verdict",
    "rows",
    "wins",
    "ties",
    "losses",
    "method",
)

_POWER_COLUMNS = (
    "score",
    "detect",
    "rows",
    "power",
    "rows_needed",
    "detectable",
    "deviation",
    "design_effect",
)


@click.group("eval")
def eval_group() -> None:
    """Evaluate in a terminal or in CI."""


eval_group.add_command(report)
eval_group.add_command(label)


@eval_group.command()
@click.argument("file")
@click.option("--predict", metavar="PKG.MOD:FN", help="Answers the rows; else their own outputs.")
@click.option(
    "--judge",
    "judges",
    multiple=True,
    required=True,
    metavar="NAME",
    help="Such as recall_at_5, token_f1 or groundedness, or PKG.MOD:JUDGE; give it several times.",
)
@click.option("--judge-model", help="Model of judges that need one, provider/model.")
@click.option("--name", help="Name of the run.")
@click.option("--cluster", help="Column whose equal values belong together.")
@click.option(
    "--labels",
    metavar="FILE",
    help="What people say about some random rows: id, judge, value. Or human, for what is stored.",
)
@click.option(
    "--stop",
    metavar="RULE",
    help="End as soon as it is decided: 'token_f1 >= 0.4', a half-width as 0.05, or a run.",
)
@click.option(
    "--gate",
    "gates",
    multiple=True,
    metavar="CONDITION",
    help="As in 'token_f1 >= 0.4': exit status 1 when a lower bound falls short.",
)
@click.option(
    "--repeats", type=int, default=1, show_default=True, help="How often each row is answered."
)
@click.option("--budget-usd", type=float, help="Stop before more than this is spent.")
@click.option(
    "--cache",
    type=click.Choice(["on", "off", "replay"]),
    default="on",
    show_default=True,
    help="Reuse stored answers of judge models, ask anew, or ask nobody at all.",
)
@click.option("--executor", metavar="ray", help="Call the function on a Ray cluster.")
@click.option("--html", metavar="FILE", help="Also write the report, as `eval report` does.")
@format_option
def run(  # noqa: PLR0913  one argument an option
    file: str,
    predict: str | None,
    judges: tuple[str, ...],
    judge_model: str | None,
    name: str | None,
    cluster: str | None,
    labels: str | None,
    stop: str | None,
    gates: tuple[str, ...],
    repeats: int,
    budget_usd: float | None,
    cache: str,
    executor: str | None,
    html: str | None,
    format: Format,  # noqa: A002  the option is called --format
) -> None:
    """Score the rows of FILE (.jsonl, .csv or .parquet)."""
    from genaiops.eval import evaluate
    from genaiops.eval.gate import check_gates

    asked = [judge_named(text) for text in judges]
    check_gates(gates, asked)
    result = evaluate(
        file,
        None if predict is None else _imported(predict, "--predict"),
        asked,
        name=name,
        judge_model=judge_model,
        cluster=cluster,
        labels=labels,
        stop=_rule(stop),
        repeats=repeats,
        budget_usd=budget_usd,
        cache="replay" if cache == "replay" else cache == "on",
        executor=executor,
    )
    _print_result(result, format)
    if html is not None:
        message(f"report {result.html(html)}")
    tested = [result.gate(gate) for gate in gates]
    for gate in tested:
        message(str(gate))
    if not all(tested):
        sys.exit(1)


def _rule(stop: str | None) -> str | float | None:
    """A number is a half-width; the rest is read by `evaluate`."""
    try:
        return None if stop is None else float(stop)
    except ValueError:
        return stop


@eval_group.command()
@click.argument("a")
@click.argument("b")
@click.option("--margin", type=float, default=0.0, help="Difference that does not matter.")
@format_option
def compare(a: str, b: str, margin: float, format: Format) -> None:  # noqa: A002  as above
    """What run B does better and worse than run A, on the rows that both judged."""
    from genaiops.eval import load_result

    first, second = load_result(a), load_result(b)
    found = second.compare(first, margin)
    if format == "table":
        click.echo(str(found))
        return
    emit(_changes(found, first, second), _CHANGE_COLUMNS, format)


@eval_group.command("power")
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--detect", type=float, required=True, help="The true difference to be found.")
@click.option("--other", metavar="RUN", help="A second run, to measure how rows go together.")
@click.option("--rate", type=float, help="Without RUN: the pass rate that is expected.")
@click.option("--rows", type=int, help="Without RUN: the number of rows.")
@click.option(
    "--correlation",
    type=float,
    default=0.5,
    show_default=True,
    help="Of a row's scores in two runs, where --other does not tell it.",
)
@click.option(
    "--power", "wanted", type=float, default=0.8, show_default=True, help="Chance to find it."
)
@format_option
def power_command(
    run_id: str | None,
    detect: float,
    other: str | None,
    rate: float | None,
    rows: int | None,
    correlation: float,
    wanted: float,
    format: Format,  # noqa: A002  the option is called --format
) -> None:
    """How many rows it takes to see a difference between two runs.

    Takes the spread of the scores from RUN, or plans for a pass rate before anything was run, as
    in: genaiops eval power --rate 0.8 --rows 200 --detect 0.05
    """
    from genaiops.eval import load_result
    from genaiops.eval.planning import plan_power

    if run_id is not None and rate is None and rows is None:
        found = load_result(run_id).power(
            detect, other=other, correlation=correlation, power=wanted
        )
    elif run_id is None and other is None and rate is not None and rows is not None:
        found = plan_power(rate=rate, detect=detect, n=rows, correlation=correlation, power=wanted)
    else:
        raise click.UsageError("give RUN (and --other), or --rate and --rows")
    if format == "table":
        click.echo(str(found))
        return
    emit(_powers(found), _POWER_COLUMNS, format)


def _powers(found: "PowerTable") -> list[tuple[Any, ...]]:  # cells of several types
    return [
        (
            score.name,
            score.detect,
            score.n,
            score.power,
            math.ceil(score.rows) if math.isfinite(score.rows) else None,
            score.detectable,
            score.deviation,
            score.design,
        )
        for score in found.values()
    ]


def _print_result(result: "EvalResult", format: Format) -> None:  # noqa: A002  as above
    if format == "table":
        click.echo(str(result))
        return
    rows = [
        (
            score.name,
            score.estimate,
            score.low,
            score.high,
            score.n,
            score.n_failed,
            score.cost_usd,
            score.method,
        )
        for score in result.scores.values()
    ]
    emit(rows, _SCORE_COLUMNS, format)
    message(f"run {result.run_id}")


def _changes(
    found: "Comparison", first: "EvalResult", second: "EvalResult"
) -> list[tuple[Any, ...]]:  # cells of several types
    return [
        (
            change.name,
            first[change.name].estimate,
            second[change.name].estimate,
            change.estimate,
            change.low,
            change.high,
            change.p_holm,
            change.verdict,
            change.n,
            change.wins,
            change.ties,
            change.losses,
            change.method,
        )
        for change in found.values()
    ]


def _imported(path: str, option: str) -> Any:  # any object
    from genaiops.errors import ConfigError

    module, colon, name = path.partition(":")
    if not colon:
        raise ConfigError(f"{option} is {path!r}: write it as package.module:name")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"{option} {path!r} cannot be imported: {error}") from error
    except Exception as error:  # whatever a module of the user raises when it is run
        said = f"{type(error).__name__}: {error}"
        raise ConfigError(f"{option} {path!r} fails when it is imported: {said}") from error


def judge_named(text: str) -> "Judge":
    """A built-in judge by the name of its score, or one of the user's by where it is."""
    from genaiops.errors import ConfigError
    from genaiops.eval import judges

    if ":" in text:
        return cast("Judge", _imported(text, "--judge"))
    plain: dict[str, Callable[[], Judge]] = {
        "answer_relevance": judges.AnswerRelevance,
        "context_precision": judges.ContextPrecision,
        "context_recall": judges.ContextRecall,
        "context_relevance": judges.ContextRelevance,
        "correctness": judges.Correctness,
        "cost_usd": judges.Cost,
        "latency_ms": judges.Latency,
        "pairwise": judges.Pairwise,
        "pii": judges.PII,
        "safety": judges.Safety,
        "tool_call_correctness": judges.ToolCallCorrectness,
        "mrr": judges.MRR,
        "exact_match": judges.ExactMatch,
        "contains": judges.Contains,
        "token_f1": judges.TokenF1,
        "context_overlap": judges.ContextOverlap,
        "groundedness": judges.Groundedness,
    }
    at_k: dict[str, Callable[[int], Judge]] = {
        "recall": judges.RecallAtK,
        "precision": judges.PrecisionAtK,
        "ndcg": judges.NDCG,
    }
    if text in plain:
        return plain[text]()
    name, at, k = text.partition("_at_")
    if at and name in at_k and k.isdecimal():
        return at_k[name](int(k))
    known = ", ".join([*sorted(plain), *(f"{name}_at_K" for name in at_k)])
    raise ConfigError(f"there is no judge {text!r}: use one of {known}, or PKG.MOD:JUDGE")
