"""`genaiops prompts pull`, `push` and `diff`: prompts as files in a repository."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from genaiops.cli.output import message
from genaiops.cli.text import printable

if TYPE_CHECKING:
    from genaiops.prompts.files import Change

__all__ = ["diff", "pull", "push"]

_FOLDER = click.Path(file_okay=False, path_type=Path)
_only = click.option("--only", "prefix", default="", help="Only names that begin so, as in: qa/")


@click.command(short_help="Write prompts into files.")
@click.argument("folder", type=_FOLDER)
@_only
@click.option("--theirs", is_flag=True, help="Where both sides changed, take the store's version.")
def pull(folder: Path, prefix: str, theirs: bool) -> None:
    """Write the newest version of each prompt into FOLDER, one Markdown file each.

    A file that was changed stays as it is; where the store has a newer version too, that is a
    conflict: it is named, and the exit status is 1.
    """
    from genaiops.prompts.files import pull_prompts

    changes = pull_prompts(folder, prefix=prefix, theirs=theirs)
    _say(changes, "nothing to pull")
    if any(change.state == "conflict" and change.done is None for change in changes):
        sys.exit(1)


@click.command(short_help="Register changed files as versions.")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@_only
@click.option("--message", "-m", "why", help="Why these versions are made.")
@click.option("--ours", is_flag=True, help="Where both sides changed, register the file.")
def push(folder: Path, prefix: str, why: str | None, ours: bool) -> None:
    """Register each changed file of FOLDER as the next version of its prompt.

    Where the store has a newer version than the file was pulled from, nothing is pushed at all.
    """
    from genaiops.prompts.files import push_prompts

    _say(push_prompts(folder, prefix=prefix, message=why, ours=ours), "nothing to push")


@click.command(short_help="Compare versions, or files and versions.")
@click.argument("what", nargs=-1, required=True)
@_only
@click.option("--check", is_flag=True, help="With a folder: exit status 1 if anything differs.")
def diff(what: tuple[str, ...], prefix: str, check: bool) -> None:
    """Differences word by word, [-taken out-]{+put in+}: A B, or NAME OLD NEW, or FOLDER.

    A and B are NAME, NAME/3 or NAME@alias. FOLDER compares its files with the newest versions.
    """
    from genaiops.prompts import load_prompt

    if len(what) == 1:
        _diff_folder(Path(what[0]), prefix, check)
        return
    if len(what) == 3:
        what = (f"{what[0]}/{what[1]}", f"{what[0]}/{what[2]}")
    if len(what) != 2:
        raise click.UsageError("give two versions, a name and two numbers, or a folder")
    old, new = (load_prompt(reference, max_age_s=0) for reference in what)
    click.echo(printable(str(old.diff(new))))


def _diff_folder(folder: Path, prefix: str, check: bool) -> None:
    from genaiops.prompts.files import diff_prompts

    if not folder.is_dir():
        raise click.UsageError(f"{str(folder)!r} is no folder: give two versions, or a folder")
    changed = [item for item in diff_prompts(folder, prefix=prefix) if item.state != "same"]
    for change in changed:
        click.echo(printable(str(change)))
        if change.diff is not None:
            click.echo(printable(str(change.diff)))
    if not changed:
        message("no differences")
    elif check:
        sys.exit(1)


def _say(changes: "list[Change]", nothing: str) -> None:
    told = [change for change in changes if change.state != "same"]
    for change in told:
        click.echo(printable(str(change)))
    if not told:
        message(nothing)
