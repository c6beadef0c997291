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

    QUERY is one statement of DuckDB SQL, or - to read it from standard input. The views spans,
    traces, runs, metrics, prompts and others are described in docs/sql.md; `SHOW TABLES` lists
    them. The query can read nothing but the store and change nothing.
    """
    from genaiops.query import sql as run

    text = sys.stdin.read() if query == "-" else query
    table = run(text, timeout_s=timeout_s, max_rows=max_rows)
    emit(table.rows, table.columns, format)
