"""`genaiops store`: info, compact, vacuum, backup, doctor, retain."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from genaiops.cli.output import Format, emit, format_option, message

__all__ = ["store"]


@click.group()
def store() -> None:
    """The store's health."""


@store.command()
@format_option
def info(format: Format) -> None:  # noqa: A002  the option is called --format
    """What is in the store and how large it is."""
    from genaiops.store import current_store
    from genaiops.store.doctor import examine

    facts = examine(current_store()).facts
    emit(list(facts.items()), ("fact", "value"), format)


@store.command()
def compact() -> None:
    """Move everything that is sealed in the journal into the database now."""
    from genaiops.store import current_store

    total = 0
    while (stats := current_store().compact()).segments:
        total += stats.rows
    message(f"{total} rows moved into the database")


@store.command()
def vacuum() -> None:
    """Rewrite the database file without free space."""
    from genaiops.store import current_store
    from genaiops.store.vacuum import vacuum as rewrite

    done = rewrite(current_store().folder)
    message(f"{done.bytes_before:,} bytes before, {done.bytes_after:,} after")


@store.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def backup(folder: Path | None) -> None:
    """Copy the store to FOLDER and read the copy back; programs keep writing meanwhile."""
    from genaiops.store import current_store
    from genaiops.store.backup import backup as copy

    done = copy(current_store(), folder)
    message(f"{done.spans} spans, {done.traces} traces, {done.runs} runs, {done.bytes:,} bytes")
    click.echo(done.path)


@store.command()
@click.option("--deep", is_flag=True, help="Read every value.")
@click.option("--fix", is_flag=True, help="Mend what can be mended; damaged files are kept aside.")
def doctor(deep: bool, fix: bool) -> None:
    """Look for problems; exit status 1 when there are any."""
    from genaiops.store import current_store
    from genaiops.store.doctor import examine
    from genaiops.store.repair import repair

    if fix:
        done = repair(current_store())
        for line in (*done.done, *(f"lost: {item}" for item in done.lost)):
            click.echo(line)
        if done.kept_in is not None:
            click.echo(f"the damaged files are in {done.kept_in}")
    problems = examine(current_store(), deep=deep).problems
    for problem in problems:
        click.echo(problem)
    if problems:
        sys.exit(1)
    message("no problems found")


@store.command()
@click.option("--days", type=click.FloatRange(min=0), help="Traces that ended longer ago go.")
@click.option("--max-bytes", type=click.IntRange(min=0), help="The oldest go until that is left.")
@click.option("--experiment", help="Only traces of this experiment.")
@click.option("--dry-run", is_flag=True, help="Say what would go; delete nothing.")
@format_option
def retain(
    days: float | None,
    max_bytes: int | None,
    experiment: str | None,
    dry_run: bool,
    format: Format,  # noqa: A002  the option is called --format
) -> None:
    """Delete old traces with what belongs to them."""
    from genaiops.store import current_store
    from genaiops.store.retain import Retention, retain as apply

    policy = Retention(days=days, max_bytes=max_bytes, experiment=experiment)
    done = asdict(apply(current_store(), policy, dry_run=dry_run))
    emit([done], tuple(done), format)
