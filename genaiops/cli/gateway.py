"""`genaiops gateway`: start it, check its file, list its models, try one."""

import click

from genaiops.cli.gateway_keys import keys
from genaiops.cli.lazy import LazyGroup
from genaiops.cli.output import Format, emit, format_option, message
from genaiops.errors import ConfigError

__all__ = ["gateway"]

_config = click.option(
    "--config",
    type=click.Path(dir_okay=False),
    help="A gateway.yaml; without one, every provider whose key is in the environment is served.",
)


@click.group(cls=LazyGroup)
def gateway() -> None:
    """The gateway to model providers."""


gateway.add_command(keys)


@gateway.command()
@_config
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=4000,
    show_default=True,
    help="Port; 0 takes any that is free.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
def start(config: str | None, host: str, port: int, workers: int) -> None:
    """Serve OpenAI's chat completions, every call traced."""
    from genaiops.gateway import serve

    routes = serve.load_routes(config)
    needs_key = serve.keys_are_needed()
    if needs_key and workers > 1:
        raise ConfigError(
            "limits and budgets of keys are exact in one process only: use --workers 1"
        )
    sock = serve.listen(host, port, needs_key=needs_key)
    shown = f"[{host}]" if ":" in host else host
    message(f"gateway on http://{shown}:{sock.getsockname()[1]}/v1, serving {routes.source}:")
    for line in routes.offers():
        message(f"  {line}")
    if needs_key:
        message("every request needs a key; Ctrl+C ends it")
    else:
        message("it has no keys, so it answers on this machine only; Ctrl+C ends it")
    serve.serve(sock, host=host, config=config, workers=workers)


@gateway.command()
@_config
def check(config: str | None) -> None:
    """Check the configuration and say what it serves; no provider is called."""
    from genaiops.gateway import serve

    routes = serve.load_routes(config)
    message(f"{routes.source} is fine, it serves {', '.join(routes.offers())}")


@gateway.command()
@_config
@format_option
def models(config: str | None, format: Format) -> None:  # noqa: A002  the option is called --format
    """List the models that are known by name."""
    from genaiops.gateway import serve

    routes = serve.load_routes(config)
    rows = [(name, routes.resolve(name).name) for name in routes.names()]
    emit(rows, ("model", "target"), format)
    remote = [offer for offer in routes.offers() if offer.endswith("/<model>")]
    if remote:
        message(f"besides, any model of these providers: {', '.join(remote)}")


@gateway.command("try")
@click.argument("model")
@click.argument("text")
@_config
def try_model(model: str, text: str, config: str | None) -> None:
    """Ask MODEL the TEXT once and print what it says."""
    from genaiops.gateway import client, serve

    target = serve.load_routes(config).resolve(model)
    done = client.complete_at(target, text)
    click.echo(done.text)
    usage = done.usage
    message(
        f"{done.provider}/{done.model}: {_count(usage.input_tokens)} tokens in, "
        f"{_count(usage.output_tokens)} out; trace {done.trace_id or 'off'}"
    )


def _count(tokens: int | None) -> str:
    return "unknown" if tokens is None else str(tokens)
