"""`genaiops prompts`: list, show, diff, register, aliases, files, better versions."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genaiops.cli.output import Format, emit, format_option, json_text, message
from genaiops.cli.prompt_figures import BRIEF, FIGURES, brief, figures, figures_line
from genaiops.cli.prompt_files import diff, pull, push
from genaiops.cli.prompt_optimize import optimize
from genaiops.cli.text import clock, printable

if TYPE_CHECKING:
    from genaiops.prompts import PromptEvent
    from genaiops.query.prompts import PromptName

__all__ = ["prompts"]


_TABLE = ("name", "kind", "versions", "updated", "aliases")
_EVENTS = ("at", "kind", "version", "alias", "from", "author", "reason")
_COLUMNS = (
    "name",
    "folder",
    "kind",
    "tags",
    "created_ns",
    "n_versions",
    "latest_version",
    "updated_ns",
    "aliases",
)


@click.group()
def prompts() -> None:
    """Prompts, versions and aliases."""


@prompts.command("list")
@click.option("--filter", "-f", "text", help="As in: name LIKE 'qa/%' AND alias = 'production'")
@format_option
def list_prompts(text: str | None, format: Format) -> None:  # noqa: A002  the option is called --format
    """Prompts by name."""
    from genaiops.prompts import search_prompts

    found = search_prompts(text)
    if format == "table":
        emit([_row(item) for item in found], _TABLE, format)
    else:
        emit([asdict(item) for item in found], _COLUMNS, format)
    if not found:
        message("no prompts" + (" match" if text else " yet"))


@prompts.command(short_help="One version with its figures, or all of them.")
@click.argument("reference")
@click.option("--versions", "every", is_flag=True, help="A table of all versions of NAME.")
@click.option(
    "--format",
    type=click.Choice(["text", "table", "json", "csv"]),
    default="text",
    show_default=True,
    help="Table and CSV only with --versions.",
)
def show(reference: str, every: bool, format: str) -> None:  # noqa: A002  the option is called --format
    """One version: NAME, NAME/3 or NAME@alias, with its calls and scores; or all versions."""
    from genaiops.errors import PromptError
    from genaiops.prompts import load_prompt
    from genaiops.prompts.names import parse_reference
    from genaiops.query import prompts as query

    if every:
        name = parse_reference(reference).name
        found = query.versions(name)
        if format in ("text", "table"):
            emit(map(brief, found), BRIEF)
        else:
            emit(map(figures, found), FIGURES, format)
        return
    if format in ("table", "csv"):
        raise PromptError("one version is no table: use --format json, or --versions")
    prompt = load_prompt(reference, max_age_s=0)
    stats = query.version(prompt.name, prompt.version)
    if format == "json":
        facts = asdict(prompt.stored) | {"alias": prompt.alias, "variables": prompt.variables}
        facts["figures"] = figures(stats)
        click.echo(json_text(facts, indent=1))
        return
    facts = [f"{prompt.name}, version {prompt.version}, {clock(prompt.stored.created_ns)}"]
    facts += [f"by {prompt.stored.author}"] if prompt.stored.author else []
    facts += [f"“{prompt.commit_message}”"] if prompt.commit_message else []
    facts += [f"variables: {', '.join(prompt.variables) or 'none'}"]
    message(printable(", ".join(facts)))
    message(printable(figures_line(stats)))
    template = prompt.template
    click.echo(printable(template) if isinstance(template, str) else json_text(template, indent=1))


@prompts.command(short_help="Register a file as the next version.")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--message", "-m", "why", help="Why this version is made.")
@click.option(
    "--syntax",
    type=click.Choice(["mustache", "jinja2", "f-string"]),
    default="mustache",
    show_default=True,
    help="How variables look; an f-string is turned into mustache.",
)
def register(name: str, file: Path, why: str | None, syntax: str) -> None:
    """Register the text of FILE as the next version of NAME; a .json file holds chat messages."""
    from genaiops.errors import PromptError
    from genaiops.prompts import register_prompt

    try:
        text = file.read_text(encoding="utf-8")
        template = json.loads(text) if file.suffix == ".json" else text
    except ValueError as error:
        raise PromptError(f"{str(file)!r} cannot be read: {error}") from error
    prompt = register_prompt(name, template, commit_message=why, syntax=syntax)
    click.echo(prompt.uri)
    if not prompt.created:
        message("nothing new: the newest version has this content already")


@prompts.command()
@click.argument("name")
@click.argument("alias")
@click.argument("version", type=int)
@click.option("--reason", help="Why it is moved.")
@click.option(
    "--if-eval",
    help="Only if an evaluation allows it: 'groundedness >= 0.8', or the id of an evaluation.",
)
def alias(name: str, alias: str, version: int, reason: str | None, if_eval: str | None) -> None:
    """Point ALIAS of NAME at VERSION."""
    from genaiops.prompts import set_prompt_alias

    set_prompt_alias(name, alias, version, reason=reason, if_eval=if_eval)
    message(f"{name}@{alias} is version {version} now")


@prompts.command(short_help="Share an alias between versions.")
@click.argument("name")
@click.argument("alias")
@click.argument("shares", nargs=-1, required=True)
@click.option("--reason", help="Why.")
@click.option("--if-eval", help="Only if each version meets a condition: 'groundedness >= 0.8'.")
def split(
    name: str, alias: str, shares: tuple[str, ...], reason: str | None, if_eval: str | None
) -> None:
    """Let ALIAS of NAME mean several versions, each with a share: 3=0.9 4=0.1."""
    from genaiops.prompts import split_prompt_alias

    split_prompt_alias(name, alias, dict(map(_share, shares)), reason=reason, if_eval=if_eval)
    message(f"{name}@{alias} is split now: {', '.join(shares)}")


@prompts.command(short_help="Lock an alias, or guard its moves.")
@click.argument("name")
@click.argument("alias")
@click.option("--if-eval", help="A condition that every move has to meet; without, it is locked.")
@click.option("--reason", help="Why.")
def protect(name: str, alias: str, if_eval: str | None, reason: str | None) -> None:
    """Lock ALIAS of NAME, or let it move only by a condition on an evaluation."""
    from genaiops.prompts import protect_prompt_alias

    protect_prompt_alias(name, alias, if_eval=if_eval, reason=reason)
    message(f"{name}@{alias} {f'moves only if {if_eval}' if if_eval else 'is locked'} now")


@prompts.command()
@click.argument("name")
@click.argument("alias")
@click.option("--reason", help="Why.")
def unprotect(name: str, alias: str, reason: str | None) -> None:
    """Lift the protection of ALIAS of NAME."""
    from genaiops.prompts import unprotect_prompt_alias

    unprotect_prompt_alias(name, alias, reason=reason)
    message(f"{name}@{alias} is free to move now")


@prompts.command()
@click.argument("name")
@click.argument("alias")
@click.option("--reason", help="Why it is taken away.")
def unalias(name: str, alias: str, reason: str | None) -> None:
    """Take ALIAS of NAME away; `rollback` brings it back."""
    from genaiops.prompts import delete_prompt_alias

    delete_prompt_alias(name, alias, reason=reason)
    message(f"{name}@{alias} is gone")


@prompts.command()
@click.argument("name")
@click.argument("alias")
@click.option("--reason", help="Why it is moved back.")
def rollback(name: str, alias: str, reason: str | None) -> None:
    """Point ALIAS of NAME at the version it had before."""
    from genaiops.prompts import rollback_prompt_alias

    version = rollback_prompt_alias(name, alias, reason=reason)
    message(f"{name}@{alias} is version {version} now")


@prompts.command()
@click.argument("name")
@format_option
def history(name: str, format: Format) -> None:  # noqa: A002  the option is called --format
    """What happened to NAME: versions and moves of aliases."""
    from genaiops.prompts import prompt_history

    rows = [_event(event) for event in prompt_history(name)]
    if format == "table":
        emit([row | {"what": _what(row)} for row in rows], ("at", "what", "author", "reason"))
    else:
        emit(rows, _EVENTS, format)


for command in (diff, optimize, pull, push):
    prompts.add_command(command)


def _event(event: "PromptEvent") -> dict[str, Any]:
    split = len(event.shares) > 1
    return asdict(event) | {
        "at": clock(event.at_ns),
        "version": _shown(event.shares) if split else event.version,
        "from": _shown(event.before) or None,
    }


def _what(row: Mapping[str, Any]) -> str:
    """An event in few words: ``version 3``, ``production 1 → 2``."""
    if row["kind"] == "version":
        return f"version {row['version']}"
    before = "" if row["from"] is None else f"{row['from']} "
    return f"{row['alias']} {before}→ {row['version'] or 'nothing'}"


def _shown(shares: Mapping[int, float]) -> str:
    if len(shares) == 1:
        return str(next(iter(shares)))
    return ", ".join(f"{version} {share:.0%}" for version, share in shares.items())


def _share(text: str) -> tuple[int, float]:
    version, sign, share = text.partition("=")
    try:
        return int(version), float(share if sign else "")
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no share of a version: write it as 3=0.9") from error


def _row(item: "PromptName") -> dict[str, Any]:
    """What fits on a line."""
    return {
        "name": item.name,
        "kind": item.kind,
        "versions": item.n_versions,
        "aliases": ", ".join(
            f"{one.alias}→{one.version}{'' if one.weight >= 1 else f' {one.weight:.0%}'}"
            for one in item.aliases
        ),
        "updated": clock(item.updated_ns),
    }
