"""A dashboard served over a store, and a fresh page of a headless Chromium in front of it."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from browser import chromium, free_port, fresh, served
from playwright.sync_api import Page

from genaiops.cli.ui import command

__all__ = ["browsed"]


@contextmanager
def browsed(store: Path) -> Generator[tuple[Page, str]]:
    """The page, and the address of the dashboard."""
    port = free_port()
    run = served(
        command("127.0.0.1", port), port, "/_stcore/health", store.parent,
        GENAIOPS_TRACKING_URI=str(store),
    )  # fmt: skip
    with run, chromium() as browser, fresh(browser) as page:
        yield page, f"http://127.0.0.1:{port}"
