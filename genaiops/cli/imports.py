"""`genaiops import`."""

import signal
from typing import TYPE_CHECKING

import click

from genaiops.cli.output import Format, emit, format_option, message
from genaiops.cli.progress import ProgressLine

if TYPE_CHECKING:
    from genaiops.transfer.mlflow.files import Artifacts
    from genaiops.transfer.tally import Imported

__all__ = ["imports"]

_TOLD = 20


@click.group("import")
def imports() -> None:
    """Bring in what other tools recorded."""


@imports.command()
@click.argument("source")
@click.option(
    "--artifacts",
    type=click.Choice(["copy", "link", "none"]),
    default="copy",
    show_default=True,
    help="Copy the files of runs, read them where they are, or leave them out.",
)
@format_option
def mlflow(source: str, artifacts: "Artifacts", format: Format) -> None:  # noqa: A002  the option is called --format
    """Everything that MLflow recorded, with its ids: runs, files, prompts, traces.

    SOURCE is an mlflow.db (or sqlite:/// and its path), an mlruns folder, or the http:// address
    of a tracking server. MLflow itself is not needed. A second time adds only what is new, and
    one that broke off is completed. Registered and logged models are kept as records
    (`SELECT * FROM imported_records`).
    """
    from genaiops.transfer.mlflow import import_mlflow

    told = ProgressLine()
    done = import_mlflow(source, artifacts=artifacts, progress=told)
    told.clear()
    _report(done, format)


@imports.command()
@click.argument("folder")
@click.option("--experiment", "-e", help="Experiment of the runs; the folder's name when omitted.")
@click.option("--watch", is_flag=True, help="Go on with what is written, until Ctrl-C.")
@format_option
def tensorboard(folder: str, experiment: str | None, watch: bool, format: Format) -> None:  # noqa: A002  click's names
    """Scalars, texts, images and hyperparameters of TensorBoard's event files.

    FOLDER is a log directory; each folder in it with event files becomes a run. TensorBoard
    itself is not needed. A second time adds only what is new.
    """
    from genaiops.transfer.tensorboard import import_tensorboard

    interrupted: list[int] = []
    if watch:
        signal.signal(signal.SIGINT, lambda number, _frame: interrupted.append(number))
        message(f"watching {folder}: Ctrl-C ends it")
    told = ProgressLine()
    done = import_tensorboard(
        folder,
        experiment=experiment,
        watch=(lambda: not interrupted) if watch else None,
        progress=told,
    )
    told.clear()
    _report(done, format)


@imports.command()
@click.argument("file")
@format_option
def otlp(file: str, format: Format) -> None:  # noqa: A002  the option is called --format
    """Spans of a file with OTLP trace requests.

    FILE is what a collector's file exporter writes (a JSON request a line), one JSON request, or
    one protobuf request; gzipped or not. Spans that are here already stay as they are.
    """
    from genaiops.transfer.otlp import import_otlp

    told = ProgressLine()
    done = import_otlp(file, progress=told)
    told.clear()
    _report(done, format)


def _report(done: "Imported", format: Format) -> None:  # noqa: A002  the option is called --format
    rows = [
        {"what": what, "found": count.found, "new": count.new}
        for what, count in done.counts.items()
    ]
    emit(rows, ("what", "found", "new"), format)
    runs = done.counts.get("runs")
    if runs is not None and done.checksum:
        message(
            f"{done.equal_runs} of {runs.found} runs read back equal, value by value; "
            f"SHA-256 of the source's runs: {done.checksum}"
        )
    for text in done.problems[:_TOLD]:
        message(text)
    if len(done.problems) > _TOLD:
        message(f"and {len(done.problems) - _TOLD} more problems of this kind")
