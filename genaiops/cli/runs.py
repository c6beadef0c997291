"""`genaiops runs` and `genaiops experiments`."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from genaiops.cli.output import Format, emit, format_option, message
from genaiops.cli.text import clock, compact_json, one_line
from genaiops.model.run import Run

__all__ = ["experiments", "runs"]

_RUN = ("run", "name", "experiment", "status", "started", "metrics", "params")
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
_SHORT_ID = 12
_SIDE_BY_SIDE = 30
"""Characters of a value in a table of several runs."""


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
        _listed(_found(experiment, status, text, order_by, limit), format)
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
    rows = [asdict(item) for item in page.items]
    _listed(rows, format)
    if not rows:
        message(_why_none(experiment, status))
    if page.next_page_token is not None:
        message(f"there are more: --limit {limit * 2}")


def _listed(rows: list[dict[str, Any]], format: Format) -> None:  # noqa: A002  the option is called --format
    if format != "table":
        emit(rows, _ALL, format)
        return
    short = [
        row
        | {
            "run": row["run_id"][:_SHORT_ID],
            "started": clock(row["start_ns"]).partition(".")[0],
            "metrics": _values(row["metrics"]),
            "params": _values(row["params"]),
        }
        for row in rows
    ]
    emit(short, _RUN, format)


def _values(found: Mapping[str, object]) -> str:
    return ", ".join(f"{key}={_short(found[key])}" for key in sorted(found))


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else one_line(compact_json(value), 30)


def _found(
    experiment: str | None, status: str | None, text: str | None, order_by: str | None, limit: int
) -> list[dict[str, Any]]:
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
    info = _told(run) if format == "table" else asdict(run.info)
    rows = [{"what": "info", "key": key, "value": value} for key, value in info.items()]
    for what in ("params", "metrics", "tags"):
        found = getattr(run.data, what)
        rows += [{"what": what, "key": key, "value": found[key]} for key in sorted(found)]
    emit(rows, ("what", "key", "value"), format)


def _told(run: Run) -> dict[str, object]:
    """What people read of a run: its times as times, and nothing where there is nothing."""
    info: dict[str, Any] = asdict(run.info)
    start, end = info.pop("start_ns"), info.pop("end_ns")
    info |= {"started": clock(start), "ended": clock(end)}
    if start is not None and end is not None:
        info["seconds"] = (end - start) / 1e9
    return {key: value for key, value in info.items() if value not in (None, "")}


@runs.command()
@click.argument("run_ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Equal rows too.")
@format_option
def compare(run_ids: tuple[str, ...], everything: bool, format: Format) -> None:  # noqa: A002  click's names
    """Parameters and metrics of two runs or more; rows that are equal are left out.

    RUN_IDS are ids, or at least 4 of their first characters.
    """
    from genaiops.query.runs import get

    if len(run_ids) < 2:
        raise click.UsageError("Name two runs or more: `genaiops runs list` shows their ids.")
    found = [get(run_id) for run_id in run_ids]
    rows: list[list[object]] = []
    for what in ("params", "metrics"):
        data = [getattr(run.data, what) for run in found]
        for key in sorted({key for one in data for key in one}):
            values = [one.get(key) for one in data]
            if everything or len({compact_json(value) for value in values}) > 1:
                rows.append([what, key, *values])
    if format == "table":
        _side_by_side(found, rows)
    else:
        emit(rows, ("what", "key", *run_ids), format)
    if not rows:
        message("no parameter and no metric differs: --all shows what is equal")


def _side_by_side(found: list[Run], rows: list[list[object]]) -> None:
    """Runs under their numbers, since ids and names are wider than most values."""
    ids: list[object] = [run.info.run_id[:_SHORT_ID] for run in found]
    names: list[object] = [run.info.run_name for run in found]
    texts = [["run", "id", *ids], ["run", "name", *names], *rows]
    cut = [
        [value if isinstance(value, int | float) else _cut(value) for value in row] for row in texts
    ]
    emit(cut, ("what", "key", *(f"run {number + 1}" for number in range(len(found)))), "table")


def _cut(value: object) -> str:
    return "" if value is None else one_line(compact_json(value), _SIDE_BY_SIDE)


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
    when = "created" if format == "table" else "created_ns"
    short = [row | {"created": clock(row["created_ns"]).partition(".")[0]} for row in rows]
    emit(short, ("experiment_id", "name", "state", "n_runs", when), format)
