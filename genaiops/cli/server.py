"""`genaiops server`: take spans by OTLP, and the keys that let programs in."""

import click

from genaiops.cli.lazy import LazyGroup
from genaiops.cli.output import Format, emit, emit_key, format_option, message
from genaiops.cli.text import clock

__all__ = ["server"]


@click.group(cls=LazyGroup, invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=5000,
    show_default=True,
    help="Port; 0 takes any that is free.",
)
@click.option(
    "--require-key",
    is_flag=True,
    help="Ask for a key on loopback too, for a proxy in front. Other addresses always ask.",
)
@click.pass_context
def server(context: click.Context, host: str, port: int, require_key: bool) -> None:
    """Take the spans of any program by OTLP/HTTP.

    Point programs at it with OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:5000. On an address that
    other machines can reach it needs a key: see `genaiops server keys`.
    """
    if context.invoked_subcommand is not None:
        return
    from genaiops.gateway.guard import is_loopback
    from genaiops.query.store import uri
    from genaiops.server import serve

    needs_key = require_key or not is_loopback(host)
    sock = serve.listen(host, port, needs_key=needs_key)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{sock.getsockname()[1]}"
    message(f"server on {address}, writing to {uri()}")
    message(f"  programs: OTEL_EXPORTER_OTLP_ENDPOINT={address}")
    if needs_key:
        message('  with a key: OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20KEY"')
    else:
        message("  no key is asked for, so it answers on this machine only")
    message("Ctrl+C ends it")
    serve.serve(sock, host=host, needs_key=needs_key)


@server.group(cls=LazyGroup)
def keys() -> None:
    """Keys that let programs and browsers in."""


@keys.command()
@click.argument("name")
@format_option
def create(name: str, format: Format) -> None:  # noqa: A002  the option is called --format
    """Make a key called NAME and print it, the only time it is shown."""
    from genaiops.server import keys as ring

    key = ring.create(name)
    emit_key(name, key, format)


@keys.command("list")
@format_option
def list_keys(format: Format) -> None:  # noqa: A002  the option is called --format
    """List the keys; never the keys themselves."""
    from genaiops.server import keys as ring

    found = ring.every()
    if format != "table":
        emit(found, ("name", "prefix", "role", "created_ns", "revoked_ns"), format)
        return
    rows = [(k.name, f"{k.prefix}…", clock(k.created_ns), clock(k.revoked_ns)) for k in found]
    emit(rows, ("name", "key", "created", "revoked"), format)


@keys.command()
@click.argument("name")
def revoke(name: str) -> None:
    """End the key called NAME at once."""
    from genaiops.server import keys as ring

    ring.revoke(name)
    message(f"revoked {name!r}; servers that run notice within a second")
