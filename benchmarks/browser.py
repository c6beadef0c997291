"""A headless Chromium for benchmarks of pages, and servers that are started and ended around it."""

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

__all__ = ["Traffic", "chromium", "free_port", "fresh", "percentile", "served", "waited"]

_START_S = 240.0


class Traffic:
    """Bytes that a page loaded, as they came over the wire."""

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", self._data)
        session.on("Network.webSocketFrameReceived", self._frame)

    def _data(self, event: dict[str, int]) -> None:
        self.bytes += event["encodedDataLength"]

    def _frame(self, event: dict[str, dict[str, str]]) -> None:
        self.bytes += len(event["response"]["payloadData"])


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        sys.exit("no Chromium on this machine: run `make system`")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server"]
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()


@contextlib.contextmanager
def fresh(browser: Browser) -> Iterator[Page]:
    """A page of a browser that has loaded nothing yet."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(120_000)
    yield page
    context.close()


@contextlib.contextmanager
def served(
    command: list[str], port: int, health: str, folder: Path, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A server, from its first answer until it is ended."""
    with (folder / f"server-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | environment, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + _START_S
            while not answers(port, health):
                if process.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"the server did not start: see {log.name}")
                time.sleep(0.01)
            yield process
        finally:  # also where a time limit ends the benchmark
            os.killpg(process.pid, 15)
            process.wait(timeout=60)


def answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def waited(act: Callable[[], object], seen: Callable[[], object]) -> float:
    """Milliseconds from the act until what it brings is seen."""
    began = time.perf_counter()
    act()
    seen()
    return (time.perf_counter() - began) * 1e3


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]
