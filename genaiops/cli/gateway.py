"""`genaiops gateway`: start it, check its file, list its models, try one."""

import signal

import click

from genaiops.cli.gateway_keys import keys
from genaiops.cli.lazy import LazyGroup
from genaiops.cli.output import Format, emit, format_option, message

__all__ = ["gateway"]

_config = click.option(
    "--config",
    type=click.Path(dir_okay=False),
    help="A gateway.yaml; without one, every provider whose key is in the environment is served.",
)

_AWAY = "redis does not answer now ({}); until it does, see when_away"


def _pairs(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    for value in values:
        if not value.partition("=")[1] or value.startswith("="):
            raise click.BadParameter(f"{value!r} is no variable: write NAME=VALUE")
    return dict(value.split("=", 1) for value in values)


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
@click.option(
    "--access-log",
    metavar="FILE",
    help="Append a line of JSON for each request, without content; - is standard output.",
)
def start(config: str | None, host: str, port: int, workers: int, access_log: str | None) -> None:
    """Serve clients of OpenAI and Anthropic, every call traced; SIGHUP reads the file again."""
    from genaiops.gateway import hosting, serve
    from genaiops.gateway.accesslog import AccessLog
    from genaiops.gateway.reloading import check_reach, check_sharing

    routes = serve.load_routes(config)
    needs_key = serve.open_access(routes).needed
    check_reach(routes, needs_key=needs_key, host=host, workers=workers)
    away = check_sharing(routes)
    if access_log:
        AccessLog(access_log)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the server listens to it
    sock = hosting.bind(host, port)
    shown = f"[{host}]" if ":" in host else host
    message(f"gateway on http://{shown}:{sock.getsockname()[1]}/v1, serving {routes.source}:")
    for line in routes.offers():
        message(f"  {line}")
    if away:
        message(_AWAY.format(away))
    if needs_key:
        message("every request needs a key; Ctrl+C ends it")
    else:
        message("it has no keys, so it answers on this machine only; Ctrl+C ends it")
    serve.serve(sock, host=host, config=config, workers=workers, log=access_log)


@gateway.command()
@_config
def check(config: str | None) -> None:
    """Check the configuration and say what it serves; Redis is asked, but no provider."""
    from genaiops.gateway import serve
    from genaiops.gateway.reloading import check_sharing

    routes = serve.load_routes(config)
    away = check_sharing(routes)
    if away:
        message(_AWAY.format(away))
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
@click.argument("text", default="")
@_config
@click.option(
    "--var",
    "variables",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_pairs,
    help="Value of a variable, of a model that is a prompt; may be repeated.",
)
def try_model(model: str, text: str, config: str | None, variables: dict[str, str]) -> None:
    """Ask MODEL the TEXT once, as a client would, and print what it says."""
    from genaiops.gateway import serve, trying
    from genaiops.gateway.summary import of_completion

    tried = trying.ask_once(serve.load_routes(config), model, text, variables)
    click.echo(tried.text)
    usage = of_completion(tried.completion).usage
    trace = tried.headers.get("x-genaiops-trace-id", "off")
    cost = tried.headers.get("x-genaiops-cost-usd")
    message(
        f"{tried.headers['x-genaiops-model']}: {_count(usage.input_tokens)} tokens in, "
        f"{_count(usage.output_tokens)} out, {'cost unknown' if cost is None else f'{cost} USD'}; "
        f"trace {trace}"
    )


def _count(tokens: int | None) -> str:
    return "unknown" if tokens is None else str(tokens)
