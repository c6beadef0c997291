"""What tracing installs in a process, on its first use."""

from genaiops.tracing import provider, threads

__all__ = ["install"]

_done = False


def install() -> None:
    """Threads carry the context, and the user's tracer provider is joined. Once."""
    global _done
    if not _done:
        _done = True
        threads.install()
        provider.install()
