"""Serving the dashboard on this machine."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from genaiops.cli.main import cli
from genaiops.cli.ui import app_path, command, free_port
from genaiops.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com", "::"])
@pytest.mark.parametrize("name", ["ui", "demo"])
def test_another_host_than_this_machine_is_refused(host: str, name: str) -> None:
    found = CliRunner().invoke(cli, [name, "--host", host])

    assert found.exit_code == 1
    assert found.stderr.startswith("error: the dashboard has no keys yet")


def test_the_next_free_port_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert free_port("127.0.0.1", port) > port


def test_no_free_port_is_a_clear_error() -> None:
    with pytest.raises(ConfigError, match="no free port"):
        free_port("203.0.113.7", 5000)


def test_the_dashboard_is_started_in_safe_path_mode() -> None:
    started = command("127.0.0.1", 5001)

    file = str(app_path().with_name("serve.py"))
    assert started == [sys.executable, "-P", file, "127.0.0.1", "5001"]
    assert command("127.0.0.1", 5001, "/a/store")[3:] == ["127.0.0.1", "5001", "/a/store"]


@pytest.mark.slow
def test_the_dashboard_answers_and_ends_with_its_command(workdir: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (workdir / "dashboard").mkdir()
    (workdir / "dashboard" / "__init__.py").write_text("raise SystemExit('shadowed')")

    serving = subprocess.Popen(
        [sys.executable, "-m", "genaiops", "ui", "--port", str(port)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        assert serving.stderr is not None
        said = ""
        for line in serving.stderr:
            said = line
            if "dashboard of" in line:
                break
        assert "http://127.0.0.1:" in said
        address = said.split()[4]
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{address}/_stcore/health") as answer:
            assert answer.status == 200
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.communicate()

    assert serving.returncode == 0
    with socket.socket() as gone:
        assert gone.connect_ex(("127.0.0.1", int(address.rsplit(":", 1)[1]))) != 0
