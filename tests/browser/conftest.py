"""A served dashboard and a real Chromium in front of it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from genaiops.cli.ui import command
from tests.dashboard import seed

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_START_S = 60.0
expect.set_options(timeout=60_000)


@dataclass
class Seen:
    """What a page did that it must not do."""

    dialogs: list[str] = field(default_factory=list[str])
    foreign: list[str] = field(default_factory=list[str])
    errors: list[str] = field(default_factory=list[str])


Serve = Callable[[Path], str]


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the dashboard ended at its start"
        try:
            with opener.open(f"{address}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"no answer on {address}")


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    """Serves the dashboard of a store as `genaiops ui` does; says where."""
    running: list[subprocess.Popen[bytes]] = []

    def start(store: Path) -> str:
        port = _port()
        environment = os.environ | {"GENAIOPS_TRACKING_URI": str(store)}
        process = subprocess.Popen(
            command("127.0.0.1", port), env=environment, cwd=store.parent, stdout=sys.stderr
        )
        running.append(process)
        _wait(f"http://127.0.0.1:{port}", process)
        return f"http://127.0.0.1:{port}"

    yield start
    for process in running:
        process.terminate()
    for process in running:
        process.wait(timeout=10)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium of the system.

    No longer than a module: as long as Playwright lives, no other test can run an event loop.
    """
    if _CHROMIUM is None:
        pytest.skip("no Chromium on this machine: run `make system`")
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a bit of everything."""
    folder = tmp_path_factory.mktemp("filled") / "store"
    seed.fill(folder)
    return folder


@pytest.fixture(scope="session")
def site(serve: Serve, filled: Path) -> str:
    """The address of a dashboard over that store."""
    return serve(filled)


@pytest.fixture
def seen() -> Seen:
    """Filled while the page of the test is used."""
    return Seen()


@pytest.fixture
def page(chromium: Browser, seen: Seen) -> Iterator[Page]:
    """A fresh page, watched."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)

    def request(sent: Request) -> None:
        if not sent.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            seen.foreign.append(sent.url)

    def dialog(opened: object) -> None:
        seen.dialogs.append(str(opened))

    page.on("request", request)
    page.on("dialog", dialog)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    yield page
    context.close()
