"""`genaiops import`."""

from dataclasses import asdict

import click

from genaiops.cli.output import Format, emit, format_option

__all__ = ["imports"]


@click.group("import")
def imports() -> None:
    """Bring in what other tools recorded."""


@imports.command()
@click.argument("source")
@format_option
def mlflow(source: str, format: Format) -> None:  # noqa: A002  the option is called --format
    """Runs of an MLflow database, with their ids and the whole history of their metrics.

    SOURCE is an mlflow.db, or sqlite:/// and its path. A second time changes nothing. Artifacts,
    traces, prompts and models stay where they are, and so do deleted runs.
    """
    from genaiops.runs.from_mlflow import import_mlflow

    done = asdict(import_mlflow(source))
    if format == "json":
        emit([done], tuple(done), format)
    else:
        rows = [{"what": key.replace("_", " "), "value": value} for key, value in done.items()]
        emit(rows, ("what", "value"), format)
