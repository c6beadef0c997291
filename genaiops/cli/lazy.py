"""A command group that imports a command only when it is used."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import click

from genaiops.errors import GenaiopsError

__all__ = ["Failure", "LazyCommand", "LazyGroup"]


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """Where a command is, and its line in the help, which a test compares with the command's."""

    where: str
    help: str


class Failure(click.ClickException):
    """An error of genaiops: one line on stderr, exit status 1."""

    def show(self, file: Any = None) -> None:  # a text stream, as click types it
        """Prints ``error: …``."""
        click.echo(f"error: {self.format_message()}", file=file, err=file is None)


class LazyGroup(click.Group):
    """Commands by name, imported on use; every GenaiopsError becomes one line."""

    def __init__(
        self,
        *args: Any,  # passed through to click
        lazy: Mapping[str, LazyCommand] | None = None,
        **kwargs: Any,  # passed through to click
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = dict(lazy or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, sorted."""
        return sorted({*super().list_commands(ctx), *self.lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        entry = self.lazy.get(cmd_name)
        if entry is None:
            return super().get_command(ctx, cmd_name)
        module, _, name = entry.where.partition(":")
        try:
            found: click.Command = getattr(importlib.import_module(module), name)
        except ImportError as error:
            self._missing(cmd_name, error)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing one."""
        rows: list[tuple[str, str]] = []
        for name in self.list_commands(ctx):
            entry = self.lazy.get(name)
            command = None if entry is not None else self.get_command(ctx, name)
            if entry is not None:
                rows.append((name, entry.help))
            elif command is not None and not command.hidden:
                rows.append((name, command.get_short_help_str(limit=80)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:  # whatever the command returns
        """Runs the command; errors of genaiops end it with one line."""
        try:
            return super().invoke(ctx)
        except GenaiopsError as error:
            raise Failure(str(error)) from error

    def _missing(self, command: str, error: ImportError) -> NoReturn:
        """Says which extra a command needs; a module of our own that is missing is a defect."""
        package = (error.name or "").partition(".")[0]
        if not package or package == "genaiops":
            raise error
        raise Failure(
            f"`genaiops {command}` needs the package {package!r}: "
            "install it with `pip install 'genaiops[all]'`"
        ) from error
