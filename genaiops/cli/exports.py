"""`genaiops export`."""

from typing import Literal

import click

from genaiops.cli.output import emit, message
from genaiops.cli.progress import ProgressLine

__all__ = ["export"]

_TOLD = 20


@click.command()
@click.argument("folder")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["parquet", "mlflow"]),
    default="parquet",
    show_default=True,
    help="A Parquet file for each view of the store, or runs as MLflow's folder.",
)
@click.option("--artifacts/--no-artifacts", default=True, help="Files of runs too; they are.")
def export(folder: str, kind: Literal["parquet", "mlflow"], artifacts: bool) -> None:
    """Write everything to a folder, as Parquet or for MLflow.

    FOLDER must be new or empty; Parquet files are one a view of the store. With `--format mlflow` runs become FOLDER/mlruns, which MLflow reads.
    """
    from genaiops.transfer.export import export as write

    told = ProgressLine()
    done = write(folder, format=kind, artifacts=artifacts, progress=told)
    told.clear()
    emit(
        [{"what": what, "written": count} for what, count in done.counts.items()],
        ("what", "written"),
    )
    for text in done.problems[:_TOLD]:
        message(text)
    if len(done.problems) > _TOLD:
        message(f"and {len(done.problems) - _TOLD} more problems of this kind")
