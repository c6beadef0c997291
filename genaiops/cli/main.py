"""The command `genaiops` and the table of its commands."""

import click

from genaiops import __version__
from genaiops.cli.lazy import LazyCommand, LazyGroup

__all__ = ["COMMANDS", "cli", "main"]

COMMANDS = {
    "config": LazyCommand(
        "genaiops.cli.config:config", "Effective settings, and where each came from."
    ),
    "demo": LazyCommand(
        "genaiops.cli.demo:demo", "The main job end to end on real documents, then the dashboard."
    ),
    "eval": LazyCommand("genaiops.cli.eval:eval_group", "Evaluate in a terminal or in CI."),
    "experiments": LazyCommand("genaiops.cli.runs:experiments", "Experiments."),
    "export": LazyCommand(
        "genaiops.cli.exports:export", "Write everything to a folder, as Parquet or for MLflow."
    ),
    "gateway": LazyCommand("genaiops.cli.gateway:gateway", "The gateway to model providers."),
    "import": LazyCommand("genaiops.cli.imports:imports", "Bring in what other tools recorded."),
    "prompts": LazyCommand("genaiops.cli.prompts:prompts", "Prompts, versions and aliases."),
    "runs": LazyCommand("genaiops.cli.runs:runs", "Runs: params, metrics, comparisons."),
    "server": LazyCommand(
        "genaiops.cli.server:server", "Take the spans of any program by OTLP/HTTP."
    ),
    "sql": LazyCommand("genaiops.cli.sql:sql", "Run SQL over the store, read-only."),
    "store": LazyCommand("genaiops.cli.store:store", "The store's health."),
    "traces": LazyCommand("genaiops.cli.traces:traces", "Look at traces."),
    "ui": LazyCommand("genaiops.cli.ui:ui", "Serve the dashboard on this machine."),
}


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--store", metavar="URI", help="Store to use instead of the configured one.")
@click.version_option(__version__, prog_name="genaiops")
def cli(store: str | None) -> None:
    """LLM tracing, evaluation, prompts and gateway on an embedded store."""
    if store is not None:
        from genaiops.store.url import set_tracking_uri

        set_tracking_uri(store)


def main() -> None:
    """Runs the command line of this process and exits: 0 ok, 1 failed, 2 wrong usage."""
    cli(prog_name="genaiops")
