"""`genaiops gateway keys`: virtual keys with models, budgets and limits."""

import re
import time

import click

from genaiops.cli.lazy import LazyGroup
from genaiops.cli.output import Format, emit, emit_key, format_option, message
from genaiops.cli.text import clock

__all__ = ["keys"]

_UNIT_S = {"m": 60, "h": 3_600, "d": 86_400}


def _named(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    names = tuple(name.strip() for name in (value or "").split(","))
    if value is not None and not all(names):
        raise click.BadParameter(f"{value!r} names no model somewhere: write them as a,b")
    return names if value is not None else ()


def _lifetime_ns(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    match = re.fullmatch(r"([1-9][0-9]{0,5})([mhd])", value.strip())
    if match is None:
        raise click.BadParameter(f"{value!r} is no time: write 30d, 12h or 90m")
    return int(match[1]) * _UNIT_S[match[2]] * 1_000_000_000


@click.group(cls=LazyGroup)
def keys() -> None:
    """Keys that let programs and people in, with what each may ask for and spend."""


@keys.command()
@click.argument("name")
@click.option("--models", callback=_named, help="Models it may ask for: a,b. All without.")
@click.option("--usd", type=click.FloatRange(min=0), help="USD for each --every.")
@click.option("--every", type=click.Choice(["day", "month"]), default="month", show_default=True)
@click.option("--rpm", type=click.IntRange(min=1), help="Requests in any 60 seconds.")
@click.option("--tpm", type=click.IntRange(min=1), help="Tokens in any 60 seconds.")
@click.option("--concurrent", type=click.IntRange(min=1), help="Requests at once.")
@click.option("--expires", callback=_lifetime_ns, help="Its lifetime: 30d, 12h, 90m.")
@format_option
def create(  # noqa: PLR0913  one parameter an option
    name: str,
    models: tuple[str, ...],
    usd: float | None,
    every: str,
    rpm: int | None,
    tpm: int | None,
    concurrent: int | None,
    expires: int | None,
    format: Format,  # noqa: A002  the option is called --format
) -> None:
    """Make a key called NAME and print it, the only time it is shown."""
    from genaiops.gateway import keys as ring
    from genaiops.gateway.limits import Policy

    policy = Policy(
        name=name,
        models=models,
        budget_usd=usd,
        budget_every="day" if every == "day" else "month",
        rpm=rpm,
        tpm=tpm,
        concurrent=concurrent,
        expires_ns=None if expires is None else time.time_ns() + expires,
    )
    key = ring.create(policy)
    emit_key(name, key, format)


@keys.command("list")
@format_option
def list_keys(format: Format) -> None:  # noqa: A002  the option is called --format
    """List the keys and what they may do; never the keys themselves."""
    from genaiops.gateway import keys as ring

    found = ring.every()
    if format != "table":
        emit(found, ring.Key._fields, format)
        return
    rows = [
        (
            k.name,
            f"{k.prefix}…",
            ", ".join(k.models) or "all",
            "" if k.budget_usd is None else f"{k.budget_usd:g} USD a {k.budget_every}",
            clock(k.created_ns),
            clock(k.expires_ns),
            clock(k.revoked_ns),
        )
        for k in found
    ]
    emit(rows, ("name", "key", "models", "budget", "created", "expires", "revoked"), format)


@keys.command()
@click.argument("name")
def revoke(name: str) -> None:
    """End the key called NAME."""
    from genaiops.gateway import keys as ring

    ring.revoke(name)
    message(f"revoked {name!r}; gateways that run notice within seconds")
