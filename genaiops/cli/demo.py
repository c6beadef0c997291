"""`genaiops demo`: the main job end to end."""

import click

__all__ = ["demo"]


@click.command()
@click.option("--no-ui", is_flag=True, help="Print the summary and exit.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65_535), default=5000, show_default=True)
def demo(no_ui: bool, host: str, port: int) -> None:
    """The main job end to end on real documents, then the dashboard.

    A traced RAG application answers questions about the Python language with two versions of a
    prompt, both are evaluated, and the dashboard shows what came out. Runs offline; with
    OPENAI_API_KEY or ANTHROPIC_API_KEY a real model answers and judges.
    """
    if not no_ui:
        from genaiops.cli.ui import check

        check(host)
    from genaiops.demo.tour import run_demo

    run_demo(click.echo)
    if not no_ui:
        from genaiops.cli.ui import serve

        serve(host, port)
