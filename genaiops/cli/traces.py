"""`genaiops traces`: list, show, export, tail."""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import click

from genaiops.cli.lazy import Failure
from genaiops.cli.output import Format, emit, format_option, message, plain
from genaiops.cli.text import clock, money, one_line, pad
from genaiops.errors import ConfigError
from genaiops.model.span import TraceSummary

__all__ = ["traces"]

_COLUMNS = (
    "trace_id",
    "name",
    "status",
    "start_ns",
    "end_ns",
    "duration_ms",
    "n_spans",
    "n_errors",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "models",
    "session_id",
    "user_id",
    "experiment",
    "run_id",
    "tags",
    "metadata",
    "inputs_preview",
    "outputs_preview",
)
_TABLE = ("started", "trace", "name", "status", "ms", "spans", "tokens", "cost", "input")
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@click.group()
def traces() -> None:
    """Look at traces."""


def _filter_options(function: Callable[..., Any]) -> Callable[..., Any]:  # any command
    """The options that choose traces, the same everywhere."""
    options = (
        click.option(
            "--filter",
            "-f",
            default="",
            help="As in: name = 'x' AND latency_ms > 500 AND status = 'error' AND tags.team = 'a'",
        ),
        click.option("--experiment", "-e", help="Only traces of this experiment."),
        click.option("--since", metavar="AGE", help="Only newer ones, as in 30m, 12h, 7d."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@traces.command("list")
@_filter_options
@click.option("--limit", "-n", type=click.IntRange(1, 10_000), default=20, show_default=True)
@click.option("--order-by", default="start_ns DESC", show_default=True, help="COLUMN [ASC|DESC]")
@click.option("--page-token", help="Continues a listing: the token that the page before printed.")
@format_option
def list_traces(
    filter: str,  # noqa: A002  the option is called --filter
    experiment: str | None,
    since: str | None,
    limit: int,
    order_by: str,
    page_token: str | None,
    format: Format,  # noqa: A002  the option is called --format
) -> None:
    """Traces, newest first."""
    from genaiops.query.traces import search

    page = search(
        filter,
        experiment=experiment,
        since_ns=_since_ns(since),
        limit=limit,
        order_by=order_by,
        page_token=page_token,
    )
    if format == "table":
        emit([_row(item) for item in page.items], _TABLE, format)
    else:
        emit([_dict(item) for item in page.items], _COLUMNS, format)
    if not page.items:
        message("no traces" + (" match" if filter or experiment or since else " yet"))
    if page.next_page_token is not None:
        message(f"there are more: --page-token {page.next_page_token}")


@traces.command()
@click.argument("trace_id")
@click.option("--full", is_flag=True, help="Inputs, outputs and attributes whole.")
@click.option("--format", type=click.Choice(["tree", "json"]), default="tree", show_default=True)
def show(trace_id: str, full: bool, format: str) -> None:  # noqa: A002  click's names
    """One trace as a tree.

    TRACE_ID is the id, or at least 4 of its first characters.
    """
    from genaiops.cli.tree import trace_dict, trace_lines
    from genaiops.query.traces import get, whole_trace

    trace = get(trace_id)
    if full or format == "json":
        trace = whole_trace(trace)
    if format == "json":
        _write_json(trace_dict(trace))
        return
    for line in trace_lines(trace, full=full):
        click.echo(line)


@traces.command()
@_filter_options
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="File to write, standard output when omitted.",
)
def export(
    filter: str,  # noqa: A002  the option is called --filter
    experiment: str | None,
    since: str | None,
    output: Path | None,
) -> None:
    """Whole traces as JSON lines, one trace a line, newest first."""
    from genaiops.query.traces import export as exported

    found = exported(filter, experiment=experiment, since_ns=_since_ns(since))
    if output is None:
        _export(found, sys.stdout)
        return
    try:
        with output.open("w", encoding="utf-8") as file:
            written = _export(found, file)
    except OSError as error:
        raise Failure(f"{str(output)!r} cannot be written: {error.strerror}") from error
    message(f"{written} trace{'' if written == 1 else 's'} written to {output}")


@traces.command()
@_filter_options
@click.option(
    "--last",
    type=click.IntRange(0, 1_000),
    default=10,
    show_default=True,
    help="Traces of the past to begin with.",
)
@click.option(
    "--interval",
    "interval_s",
    type=click.FloatRange(0.05),
    default=1.0,
    show_default=True,
    help="Seconds between two looks.",
)
@click.option(
    "--format",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="JSON is one object a line.",
)
def tail(
    filter: str,  # noqa: A002  the option is called --filter
    experiment: str | None,
    since: str | None,
    last: int,
    interval_s: float,
    format: str,  # noqa: A002  the option is called --format
) -> None:
    """New traces as they happen, until interrupted.

    A trace is printed when it is first seen, and again when it ends.
    """
    for item in _follow(filter, experiment, _since_ns(since), last=last, interval_s=interval_s):
        if format == "json":
            click.echo(json.dumps(plain(_dict(item)), ensure_ascii=True))
            continue
        row = _row(item)
        sizes = zip(_TABLE, (23, 12, 24, 11, 9, 5, 13, 9, 0), strict=True)
        cells = (
            pad(one_line("" if row[name] is None else str(row[name]), size or 80), size)
            for name, size in sizes
        )
        click.echo("  ".join(cells).rstrip())


def _follow(
    text: str,
    experiment: str | None,
    since_ns: int | None,
    *,
    last: int,
    interval_s: float,
) -> Iterator[TraceSummary]:
    """Traces oldest first, each when it appears and when its status changes."""
    from genaiops.query.traces import search

    seen: dict[str, tuple[str, int]] = {}
    now_ns = time.time_ns()
    page = search(text, experiment=experiment, since_ns=since_ns, limit=max(last, 1))
    found = list(page.items)[:last]
    floor = min([item.start_ns for item in found], default=now_ns)
    while True:
        for item in sorted(found, key=lambda trace: (trace.start_ns, trace.trace_id)):
            if seen.get(item.trace_id, ("", 0))[0] != item.status:
                seen[item.trace_id] = (item.status, item.start_ns)
                yield item
        running = [start for status, start in seen.values() if status == "running"]
        # A trace becomes visible a little after its start, so each look goes back a minute.
        floor = min([*running, max(floor, time.time_ns() - 60 * 10**9)])
        seen = {key: value for key, value in seen.items() if value[1] >= floor}
        time.sleep(interval_s)
        found = list(search(text, experiment=experiment, since_ns=floor, limit=1_000).items)


def _export(found: Iterator[Any], file: IO[str]) -> int:  # traces; imported on use only
    from genaiops.cli.tree import trace_dict

    written = 0
    for trace in found:
        file.write(json.dumps(plain(trace_dict(trace)), ensure_ascii=False) + "\n")
        written += 1
    return written


def _write_json(value: dict[str, Any]) -> None:
    click.echo(json.dumps(plain(value), ensure_ascii=True, indent=2))


def _dict(item: TraceSummary) -> dict[str, Any]:
    return asdict(item) | {"duration_ms": item.duration_ms}


def _row(item: TraceSummary) -> dict[str, Any]:
    """What fits on a line."""
    tokens = [count for count in (item.input_tokens, item.output_tokens) if count is not None]
    return {
        "started": clock(item.start_ns),
        "trace": item.trace_id[:12],
        "name": one_line(item.name, 40),
        "status": item.status,
        "ms": None if item.duration_ms is None else round(item.duration_ms, 1),
        "spans": item.n_spans,
        "tokens": sum(tokens) if tokens else None,
        "cost": money(item.cost_usd),
        "input": one_line(item.inputs_preview or "", 60),
    }


def _since_ns(age: str | None) -> int | None:
    """``7d`` as the moment seven days ago. Raises ConfigError when it is no age."""
    if age is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", age.strip())
    if match is None:
        raise ConfigError(f"--since {age!r} is not an age: use a number and s, m, h, d or w")
    return time.time_ns() - int(float(match[1]) * _UNITS_S[match[2]] * 1e9)
