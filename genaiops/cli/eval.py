"""`genaiops eval`: run and compare."""

import importlib
import sys
from typing import Any

import click

from genaiops.cli.output import Format, emit, format_option, message

__all__ = ["eval_group"]


@click.group("eval")
def eval_group() -> None:
    """Evaluate in a terminal or in CI."""


@eval_group.command()
@click.argument("file")
@click.option("--predict", metavar="PKG.MOD:FN", help="Answers the rows; else their own outputs.")
@click.option(
    "--judge",
    "judges",
    multiple=True,
    required=True,
    metavar="NAME",
    help="Such as recall_at_5, token_f1 or groundedness; give it several times.",
)
@click.option("--judge-model", help="Model of judges that need one, provider/model.")
@click.option("--name", help="Name of the run.")
@click.option(
    "--gate",
    "gates",
    multiple=True,
    metavar="CONDITION",
    help="As in 'token_f1 >= 0.4': exit status 1 when a lower bound falls short.",
)
def run(
    file: str,
    predict: str | None,
    judges: tuple[str, ...],
    judge_model: str | None,
    name: str | None,
    gates: tuple[str, ...],
) -> None:
    """Score the rows of FILE (.jsonl, .csv or .parquet)."""
    from genaiops.eval import evaluate

    result = evaluate(
        file,
        None if predict is None else _imported(predict),
        [_judge(text) for text in judges],
        name=name,
        judge_model=judge_model,
    )
    click.echo(str(result))
    failed = [gate for gate in gates if not result.gate(gate)]
    for gate in failed:
        message(f"the gate {gate!r} does not hold")
    if failed:
        sys.exit(1)


@eval_group.command()
@click.argument("a")
@click.argument("b")
@format_option
def compare(a: str, b: str, format: Format) -> None:  # noqa: A002  the option is called --format
    """Scores of two runs, and on how many rows B wins, ties and loses against A."""
    from genaiops.query.evals import side_by_side

    found = side_by_side(a, b)
    left = {score.name: score for score in found.a.scores}
    tallies = {tally.judge: tally for tally in found.tallies}
    rows = []
    for score in found.b.scores:
        other = left.get(score.name)
        tally = tallies.get(score.name)
        rows.append(
            {
                "score": score.name,
                "a": None if other is None else other.estimate,
                "a_low": None if other is None else other.low,
                "a_high": None if other is None else other.high,
                "b": score.estimate,
                "b_low": score.low,
                "b_high": score.high,
                "wins": None if tally is None else tally.win,
                "ties": None if tally is None else tally.tie,
                "losses": None if tally is None else tally.loss,
            }
        )
    columns = ("score", "a", "a_low", "a_high", "b", "b_low", "b_high", "wins", "ties", "losses")
    emit(rows, columns, format)


def _imported(path: str) -> Any:  # any callable
    from genaiops.errors import ConfigError

    module, colon, name = path.partition(":")
    if not colon:
        raise ConfigError(f"--predict is {path!r}: write it as package.module:function")
    sys.path.insert(0, "")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"--predict {path!r} cannot be imported: {error}") from error


def _judge(text: str) -> Any:  # a judge of any class
    """A built-in judge by the name of its score."""
    from genaiops.errors import ConfigError
    from genaiops.eval import judges

    plain = {
        "mrr": judges.MRR,
        "exact_match": judges.ExactMatch,
        "contains": judges.Contains,
        "token_f1": judges.TokenF1,
        "context_overlap": judges.ContextOverlap,
        "groundedness": judges.Groundedness,
    }
    at_k = {"recall_at": judges.RecallAtK, "precision_at": judges.PrecisionAtK, "ndcg": judges.NDCG}
    name, _, k = text.rpartition("_")
    if text in plain:
        return plain[text]()
    if name.removesuffix("_at") in ("ndcg",) and k.isdecimal():
        return judges.NDCG(int(k))
    if name in at_k and k.isdecimal():
        return at_k[name](int(k))
    known = ", ".join([*sorted(plain), "recall_at_K", "precision_at_K", "ndcg_K"])
    raise ConfigError(f"there is no judge {text!r}: use one of {known}")
