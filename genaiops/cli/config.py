"""`genaiops config`: settings and where each came from."""

import click

from genaiops.cli.output import Format, emit, format_option

__all__ = ["config"]


@click.command()
@format_option
def config(format: Format) -> None:  # noqa: A002  the option is called --format
    """Effective settings, and where each came from.

    An argument beats the environment, which beats [tool.genaiops] in pyproject.toml, which beats
    the default. Secrets are masked.
    """
    from genaiops.config import describe

    emit(describe(), ("setting", "value", "origin"), format)
