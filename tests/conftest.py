"""What every test starts from: an empty folder, no settings, no provider keys, loopback only."""

import errno
import importlib.util
import os
import signal
import socket
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis.database import DirectoryBasedExampleDatabase

from genaiops import config

# A suite in the background inherits SIGINT as ignored, and so would the programs it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
_OF_THE_SUITE = {"GENAIOPS_NO_SKIPS", "GENAIOPS_FAULT_KILLS"}
_SETTINGS = ("GENAIOPS_", "OTEL_", "OPENAI_", "ANTHROPIC_")
_FOLDER_MARKS = ("browser", "faults", "ml")
collect_ignore = [] if importlib.util.find_spec("torch") else ["ml"]  # `make test-ml` has it

# No test measures time, so no example has a deadline; continuous integration draws the same ones every time.
hypothesis.settings.register_profile(
    "suite",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    database=None
    if os.environ.get("CI")
    else DirectoryBasedExampleDatabase(ROOT / ".hypothesis" / "examples"),
)
hypothesis.settings.load_profile("suite")


@pytest.fixture(autouse=True)
def workdir(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """The empty current folder of the test; its store is `.genaiops` in there, made on first write."""
    for name in set(os.environ) - _OF_THE_SUITE:
        if name.startswith(_SETTINGS) or name.endswith("_API_KEY") or name == "TRACEPARENT":
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.chdir(tmp_path)
    config.reset()
    yield tmp_path
    config.reset()


@pytest.fixture
def store_dir(workdir: Path) -> Path:
    """The folder that the default store of the test is made in."""
    return workdir / ".genaiops"


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """Refuses every connection of this process to another machine, and asks no proxy for its own."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def near(sock: socket.socket, address: Any) -> bool:
        if sock.family not in (socket.AF_INET, socket.AF_INET6):
            return True
        host = str(address[0])
        return host.startswith("127.") or host in {"localhost", "::1", "0.0.0.0"}

    def guarded(sock: socket.socket, address: Any) -> None:
        if not near(sock, address):
            raise OSError(errno.ENETUNREACH, f"tests stay on loopback, not {address!r}")
        connect(sock, address)

    def guarded_ex(sock: socket.socket, address: Any) -> int:
        return connect_ex(sock, address) if near(sock, address) else errno.ENETUNREACH

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        patch.setattr(socket.socket, "connect_ex", guarded_ex)
        patch.setenv("NO_PROXY", "127.0.0.1,localhost,::1")
        patch.setenv("no_proxy", "127.0.0.1,localhost,::1")
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what lies in tests/browser, tests/faults and tests/ml by its folder."""
    for item in items:
        for mark in _FOLDER_MARKS:
            if item.path.is_relative_to(ROOT / "tests" / mark):
                item.add_marker(mark)


def _skipped(config: pytest.Config) -> dict[str, list[str]]:
    """Reason -> tests that were skipped for it."""
    reasons: dict[str, list[str]] = defaultdict(list)
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    for report in terminal.stats.get("skipped", ()) if terminal else ():
        where_and_why: Any = (
            report.longrepr
        )  # path, line, reason; a list when it comes from a worker
        reasons[str(where_and_why[2]).removeprefix("Skipped: ")].append(report.nodeid)
    return reasons


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails a run that may skip nothing and did."""
    forbidden = os.environ.get("GENAIOPS_NO_SKIPS") == "1"
    if forbidden and session.exitstatus == pytest.ExitCode.OK and _skipped(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names what this machine had to skip, and why."""
    skipped = _skipped(terminalreporter.config)
    if not skipped:
        return
    terminalreporter.section("skipped on this machine")
    for reason, tests in sorted(skipped.items()):
        terminalreporter.write_line(f"{reason}: {len(tests)}")
        for test in tests:
            terminalreporter.write_line(f"    {test}")
    if os.environ.get("GENAIOPS_NO_SKIPS") == "1":
        terminalreporter.write_line("GENAIOPS_NO_SKIPS=1: that fails the run", red=True)
