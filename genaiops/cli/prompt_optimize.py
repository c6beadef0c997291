"""`genaiops prompts optimize`: a better version of a prompt, from the terminal."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from genaiops.cli.eval import judge_named
from genaiops.cli.output import message, plain
from genaiops.cli.text import money

if TYPE_CHECKING:
    from genaiops.eval import Optimized

__all__ = ["optimize"]


@click.command(short_help="Look for a better version of a prompt.")
@click.argument("reference")
@click.argument("file")
@click.option(
    "--judge",
    "judges",
    multiple=True,
    required=True,
    metavar="NAME",
    help="As for `eval run`; give it several times.",
)
@click.option("--model", help="Answers, provider/model; else the version's own.")
@click.option("--reflection-model", help="Proposes texts; else the model that answers.")
@click.option("--judge-model", help="Model of judges that need one.")
@click.option("--cluster", help="Column whose equal values stay in one half.")
@click.option(
    "--max-calls",
    type=int,
    default=200,
    show_default=True,
    help="Of both models, the comparison included.",
)
@click.option("--budget", "budget_usd", type=float, help="USD that all of it may cost.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of split and search.")
@click.option(
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
)
def optimize(  # noqa: PLR0913  one argument an option
    reference: str,
    file: str,
    judges: tuple[str, ...],
    model: str | None,
    reflection_model: str | None,
    judge_model: str | None,
    cluster: str | None,
    max_calls: int,
    budget_usd: float | None,
    seed: int,
    format: str,  # noqa: A002  the option is called --format
) -> None:
    """Look for a better version of a prompt on the rows of FILE (.jsonl, .csv or .parquet).

    Half of the rows choose, the other half say how much better the choice is. Candidates become
    versions; no alias is moved. Needs the extra optimize.
    """
    from genaiops.eval import optimize_prompt

    found = optimize_prompt(
        reference,
        file,
        [judge_named(text) for text in judges],
        model=model,
        reflection_model=reflection_model,
        judge_model=judge_model,
        cluster=cluster,
        max_calls=max_calls,
        budget_usd=budget_usd,
        seed=seed,
    )
    if format == "json":
        click.echo(json.dumps(plain(_facts(found)), indent=1))
        return
    click.echo(str(found))
    message(f"{found.n_paid} calls paid, {money(found.cost_usd)}")
    if found.comparison is not None:
        name, version = found.prompt.name, found.prompt.version
        message(
            f"to use it: genaiops prompts alias {name} production {version} "
            f"--if-eval {found.comparison.run_id}"
        )


def _facts(found: "Optimized") -> dict[str, Any]:
    return {
        "base": found.base.version,
        "version": found.prompt.version,
        "improved": found.improved,
        "comparison": found.comparison
        and {name: asdict(change) for name, change in found.comparison.items()},
        "candidates": [
            {"version": item.prompt.version, "score": item.score} for item in found.candidates
        ],
        "n_refused": found.n_refused,
        "calls": found.calls,
        "n_paid": found.n_paid,
        "cost_usd": found.cost_usd,
    }
