"""`python -m genaiops.cli.docs [FILE]` writes docs/cli.md from the commands."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from genaiops.cli.main import cli

__all__ = ["main", "reference"]

_HEAD = """# Command line

Written by `python -m genaiops.cli.docs` from the commands themselves; do not edit.
"""


def reference() -> str:
    """The help of every command, as Markdown."""
    return "\n".join([_HEAD, *_pages(cli, None, "genaiops")])


def main(arguments: list[str]) -> None:
    """Writes the reference to a file, docs/cli.md when none is named."""
    path = Path(arguments[0]) if arguments else Path("docs") / "cli.md"
    path.write_text(reference(), encoding="utf-8")


def _pages(command: click.Command, parent: click.Context | None, name: str) -> Iterator[str]:
    context = click.Context(
        command,
        info_name=name,
        parent=parent,
        terminal_width=100,
        max_content_width=100,
        help_option_names=cli.context_settings["help_option_names"],
    )
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None and not found.hidden:
                yield from _pages(found, context, child)


if __name__ == "__main__":
    main(sys.argv[1:])
