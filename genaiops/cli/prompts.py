"""`genaiops prompts`: list, show, diff, register, alias, rollback."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from genaiops.cli.output import Format, emit, format_option, message
from genaiops.cli.text import clock

__all__ = ["prompts"]


@click.group()
def prompts() -> None:
    """Prompts, versions and aliases."""


@prompts.command("list")
@click.option("--filter", "-f", "text", help="As in: name LIKE 'qa/%' AND alias = 'production'")
@format_option
def list_prompts(text: str | None, format: Format) -> None:  # noqa: A002  the option is called --format
    """Prompts by name."""
    from genaiops.prompts import search_prompts

    rows = [asdict(item) for item in search_prompts(text)]
    emit(rows, tuple(rows[0]) if rows else ("name",), format)
    if not rows:
        message("no prompts yet")


@prompts.command()
@click.argument("reference")
@click.option("--format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def show(reference: str, format: str) -> None:  # noqa: A002  the option is called --format
    """One version: NAME, NAME/3 or NAME@alias."""
    from genaiops.prompts import load_prompt

    prompt = load_prompt(reference)
    template = prompt.template
    if format == "json":
        facts = {"name": prompt.name, "version": prompt.version, "template": template}
        facts |= {"variables": list(prompt.variables), "model_config": prompt.model_config}
        click.echo(json.dumps(facts, ensure_ascii=True, default=str, indent=1))
        return
    message(f"{prompt.name}, version {prompt.version}, variables: {', '.join(prompt.variables)}")
    click.echo(template if isinstance(template, str) else json.dumps(template, indent=1))


@prompts.command()
@click.argument("name")
@click.argument("old", type=int)
@click.argument("new", type=int)
def diff(name: str, old: int, new: int) -> None:
    """Two versions word by word: [-taken out-]{+put in+}."""
    from genaiops.prompts import load_prompt

    click.echo(str(load_prompt(f"{name}/{old}").diff(load_prompt(f"{name}/{new}"))))


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
def rollback(name: str, alias: str) -> None:
    """Point ALIAS of NAME at the version it had before."""
    from genaiops.prompts import rollback_prompt_alias

    message(f"{name}@{alias} is version {rollback_prompt_alias(name, alias)} now")


@prompts.command()
@click.argument("name")
@format_option
def history(name: str, format: Format) -> None:  # noqa: A002  the option is called --format
    """What happened to NAME: versions and moves of aliases."""
    from genaiops.prompts import prompt_history

    rows = [asdict(event) | {"at": clock(event.at_ns)} for event in prompt_history(name)]
    emit(rows, ("at", "kind", "version", "alias", "author", "reason"), format)
