"""`genaiops sql`: SQL over the views, read-only."""

import sys

import click

from genaiops.cli.output import Format, emit, format_option

__all__ = ["sql"]


@click.command()
@click.argument("query")
@format_option
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    help="Seconds after which the query is stopped.",
)
@click.option("--max-rows", type=click.IntRange(min=1), help="Print at most so many rows.")
def sql(query: str, format: Format, timeout_s: float, max_rows: int | None) -> None:  # noqa: A002  the option is called --format
    """Run SQL over the store, read-only.

    QUERY is one statement of DuckDB SQL, or - to read it from standard input. The views are spans,
    traces, assessments, runs, params, metrics, eval_rows, prompts and others: `SHOW TABLES` lists
    them, `DESCRIBE spans` the columns of one. The query reads the store and nothing else, and changes nothing.
    """
    from genaiops.query import sql as run

    text = sys.stdin.read() if query == "-" else query
    table = run(text, timeout_s=timeout_s, max_rows=max_rows)
    emit(table.rows, table.columns, format)
