"""`genaiops runs` and `genaiops experiments`."""

from dataclasses import asdict

import click

from genaiops.cli.output import Format, emit, format_option, message
from genaiops.cli.text import clock

__all__ = ["experiments", "runs"]

_RUN = ("run_id", "name", "experiment", "status", "started", "metrics", "params")
_ALL = (
    "run_id",
    "name",
    "experiment",
    "status",
    "start_ns",
    "end_ns",
    "parent_run_id",
    "user",
    "metrics",
    "params",
    "tags",
)


@click.group()
def runs() -> None:
    """Runs: params, metrics, comparisons."""


@runs.command("list")
@click.option("--experiment", "-e", help="Only runs of this experiment.")
@click.option("--status", help="Such as FINISHED, RUNNING, FAILED, INTERRUPTED.")
@click.option("--filter", "-f", "text", help="Such as: metrics.acc > 0.9 AND params.model = 'x'.")
@click.option("--order-by", "-o", help="Such as: metrics.acc DESC.")
@click.option("--limit", "-n", type=click.IntRange(1, 10_000), default=20, show_default=True)
@format_option
def list_runs(
    experiment: str | None,
    status: str | None,
    text: str | None,
    order_by: str | None,
    limit: int,
    format: Format,  # noqa: A002  the option is called --format
) -> None:
    """Runs, newest first, or those that a filter in MLflow's grammar finds."""
    from genaiops.query import runs as query

    if text is not None or order_by is not None:
        emit(_found(experiment, status, text, order_by, limit), _shown(format), format)
        return
    names = query.keys(experiment)
    page = query.search(
        experiment=experiment,
        status=status,
        metrics=names.metrics,
        params=names.params,
        tags=names.tags,
        limit=limit,
    )
    rows = [asdict(item) | {"started": clock(item.start_ns)} for item in page.items]
    emit(rows, _shown(format), format)
    if not rows:
        message(_why_none(experiment, status))
    if page.next_page_token is not None:
        message(f"there are more: --limit {limit * 2}")


def _shown(format: Format) -> tuple[str, ...]:  # noqa: A002  the option is called --format
    return _RUN if format == "table" else _ALL


def _found(
    experiment: str | None, status: str | None, text: str | None, order_by: str | None, limit: int
) -> list[dict[str, object]]:
    """Rows of the runs that a filter finds, in its order."""
    from genaiops.runs import search_experiments, search_runs

    names = {item.experiment_id: item.name for item in search_experiments()}
    quoted = f"status = '{status.replace(chr(39), chr(39) * 2)}'" if status else ""
    parts = [part for part in (f"({text})" if text and status else text or "", quoted) if part]
    runs = search_runs(
        None if experiment is None else [experiment],
        " AND ".join(parts),
        [order_by] if order_by else None,
        limit,
        search_all_experiments=experiment is None,
        output_format="list",
    )
    return [
        {
            **asdict(run.info),
            **asdict(run.data),
            "name": run.info.run_name,
            "experiment": names.get(run.info.experiment_id, ""),
            "started": clock(run.info.start_ns),
        }
        for run in runs
    ]


def _why_none(experiment: str | None, status: str | None) -> str:
    from genaiops.runs import get_experiment_by_name

    if experiment is not None and get_experiment_by_name(experiment) is None:
        return f"there is no experiment {experiment!r}: `genaiops experiments list` has them all"
    if experiment is None and status is None:
        return "no runs yet"
    asked = {"experiment": experiment, "status": status}
    named = " and ".join(f"{key} {value!r}" for key, value in asked.items() if value is not None)
    return f"no runs of {named}"


@runs.command()
@click.argument("run_id")
@format_option
def show(run_id: str, format: Format) -> None:  # noqa: A002  the option is called --format
    """One run: what it is and what was logged to it.

    RUN_ID is the id, or at least 4 of its first characters.
    """
    from genaiops.query.runs import get

    run = get(run_id)
    rows = [{"what": "info", "key": key, "value": value} for key, value in asdict(run.info).items()]
    for what in ("params", "metrics", "tags"):
        found = getattr(run.data, what)
        rows += [{"what": what, "key": key, "value": found[key]} for key in sorted(found)]
    emit(rows, ("what", "key", "value"), format)


@runs.command()
@click.argument("run_ids", nargs=-1, required=True)
@click.option("--all", "everything", is_flag=True, help="Equal rows too.")
@format_option
def compare(run_ids: tuple[str, ...], everything: bool, format: Format) -> None:  # noqa: A002  click's names
    """Parameters and metrics of runs side by side; rows that are equal are left out."""
    from genaiops.query.runs import get

    found = [get(run_id) for run_id in run_ids]
    rows: list[list[object]] = []
    for what in ("params", "metrics"):
        data = [getattr(run.data, what) for run in found]
        for key in sorted({key for one in data for key in one}):
            values = [one.get(key) for one in data]
            if everything or any(value != values[0] for value in values):
                rows.append([what, key, *values])
    emit(rows, ("what", "key", *run_ids), format)


@runs.command()
@click.argument("run_id")
@click.argument("path", required=False)
@click.option("--download", metavar="DIR", help="Copy them below this folder as well.")
@format_option
def artifacts(run_id: str, path: str | None, download: str | None, format: Format) -> None:  # noqa: A002  the option is called --format
    """Files of a run, at or below PATH.

    RUN_ID is the id, or at least 4 of its first characters.
    """
    from genaiops.query.runs import get
    from genaiops.runs import download_artifacts, list_artifacts

    whole = get(run_id).info.run_id
    rows = [asdict(item) for item in list_artifacts(whole, path)]
    emit(rows, ("path", "file_size"), format)
    if not rows:
        message(f"the run {whole!r} has no artifacts" + (f" at {path!r}" if path else ""))
    elif download is not None:
        download_artifacts(f"runs:/{whole}/{path or ''}", download)
        message(f"{len(rows)} files copied to {download}")


@click.group()
def experiments() -> None:
    """Experiments."""


@experiments.command("list")
@format_option
def list_experiments(format: Format) -> None:  # noqa: A002  the option is called --format
    """Experiments, newest first."""
    from genaiops.query import runs as query

    rows = [asdict(item.experiment) | {"n_runs": item.n_runs} for item in query.experiments()]
    emit(rows, ("experiment_id", "name", "state", "n_runs", "created_ns"), format)
