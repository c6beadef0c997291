"""`genaiops prompts`: list, show, diff, register, alias, rollback."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genaiops.cli.output import Format, emit, format_option, message, plain
from genaiops.cli.text import clock, printable

if TYPE_CHECKING:
    from genaiops.query.prompts import PromptName

__all__ = ["prompts"]


_TABLE = ("name", "kind", "versions", "aliases", "updated")
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


@prompts.command()
@click.argument("reference")
@click.option("--format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def show(reference: str, format: str) -> None:  # noqa: A002  the option is called --format
    """One version: NAME, NAME/3 or NAME@alias."""
    from genaiops.prompts import load_prompt

    prompt = load_prompt(reference)
    if format == "json":
        facts = asdict(prompt.stored) | {"alias": prompt.alias, "variables": prompt.variables}
        click.echo(json.dumps(plain(facts), ensure_ascii=True, indent=1))
        return
    facts = [f"{prompt.name}, version {prompt.version}, {clock(prompt.stored.created_ns)}"]
    facts += [f"by {prompt.stored.author}"] if prompt.stored.author else []
    facts += [f"“{prompt.commit_message}”"] if prompt.commit_message else []
    facts += [f"variables: {', '.join(prompt.variables) or 'none'}"]
    message(printable(", ".join(facts)))
    template = prompt.template
    text = template if isinstance(template, str) else json.dumps(template, indent=1)
    click.echo(printable(text))


@prompts.command()
@click.argument("name")
@click.argument("old", type=int)
@click.argument("new", type=int)
def diff(name: str, old: int, new: int) -> None:
    """Two versions word by word: [-taken out-]{+put in+}."""
    from genaiops.prompts import load_prompt

    found = load_prompt(f"{name}/{old}").diff(load_prompt(f"{name}/{new}"))
    click.echo(printable(str(found)))


@prompts.command()
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--message", "-m", "why", help="Why this version is made.")
def register(name: str, file: Path, why: str | None) -> None:
    """Register the text of FILE as the next version of NAME; a .json file holds chat messages."""
    from genaiops.errors import PromptError
    from genaiops.prompts import register_prompt

    try:
        text = file.read_text(encoding="utf-8")
        template = json.loads(text) if file.suffix == ".json" else text
    except ValueError as error:
        raise PromptError(f"{str(file)!r} cannot be read: {error}") from error
    prompt = register_prompt(name, template, commit_message=why)
    click.echo(prompt.uri)
    if not prompt.created:
        message("nothing new: the newest version has this content already")


@prompts.command()
@click.argument("name")
@click.argument("alias")
@click.argument("version", type=int)
@click.option("--reason", help="Why it is moved.")
def alias(name: str, alias: str, version: int, reason: str | None) -> None:
    """Point ALIAS of NAME at VERSION."""
    from genaiops.prompts import set_prompt_alias

    set_prompt_alias(name, alias, version, reason=reason)
    message(f"{name}@{alias} is version {version} now")


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

    rows = [asdict(event) | {"at": clock(event.at_ns)} for event in prompt_history(name)]
    emit(rows, ("at", "kind", "version", "alias", "author", "reason"), format)


def _row(item: "PromptName") -> dict[str, Any]:
    """What fits on a line."""
    return {
        "name": item.name,
        "kind": item.kind,
        "versions": item.n_versions,
        "aliases": ", ".join(f"{one.alias}→{one.version}" for one in item.aliases),
        "updated": clock(item.updated_ns),
    }
