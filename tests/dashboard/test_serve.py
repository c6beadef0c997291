"""The ASGI application around the pages: who may ask, and what every answer forbids."""

import ast
import asyncio
import contextlib
import http.client
import os
import re
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit import config

from dashboard.parts import menu, urls
from dashboard.serve import Shield, make_app, serve, settings
from genaiops import config as genaiops_config
from genaiops.cli.ui import command

DASHBOARD = Path(__file__).resolve().parents[2] / "dashboard"


def ask(path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str]]:
    """Status and headers of one request through the shield."""
    sent: list[Any] = []

    async def inside(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"inside"})

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    named = {"host": "127.0.0.1:5000"} | headers
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": raw}
    asyncio.run(Shield(inside, "127.0.0.1")(scope, receive, send))
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_every_answer_lets_the_browser_load_from_this_origin_only() -> None:
    for path in ("/", "/traces", "/_stcore/agent/mcp"):
        _, headers = ask(path)

        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert "connect-src" not in policy  # default-src stands for it
        assert not re.search(r"https?:|\*", headers["content-security-policy"])
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("status", "asked"),
    [
        (200, {"path": "/"}),
        (403, {"path": "/", "host": "evil.example"}),
        (400, {"path": "/", "host": "127.0.0.1@evil.example"}),
        (403, {"path": "/x", "method": "POST", "origin": "http://evil.example"}),
        (403, {"path": "/x", "method": "POST", "sec_fetch_site": "cross-site"}),
        (404, {"path": "/_stcore/agent/interact"}),
        (404, {"path": "/_stcore/metrics"}),
    ],
)
def test_foreign_hosts_origins_and_routes_without_use_are_refused(
    status: int, asked: dict[str, str]
) -> None:
    assert ask(**asked)[0] == status


def test_the_application_runs_the_entry_of_the_dashboard() -> None:
    assert make_app().script_path == DASHBOARD / "app.py"


def test_no_folder_of_a_user_opens_the_dashboard_to_others(tmp_path: Path) -> None:
    opened = tmp_path / ".streamlit"
    opened.mkdir()
    (opened / "config.toml").write_text(
        '[server]\naddress = "0.0.0.0"\nallowedHosts = ["*"]\nenableXsrfProtection = false\n'
        '[client]\nshowErrorDetails = "full"\ntoolbarMode = "developer"\n'
        "[browser]\ngatherUsageStats = true\n"
    )
    (tmp_path / "streamlit.py").write_text("raise SystemExit('a stranger')")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environment = os.environ | {"GENAIOPS_TRACKING_URI": str(tmp_path / "store")}
    process = subprocess.Popen(command("127.0.0.1", port), cwd=tmp_path, env=environment)
    try:
        while True:
            assert process.poll() is None
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        asked.request("GET", "/_stcore/health", headers={"Host": "evil.example"})
        assert asked.getresponse().status == 403
        asked.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), 5)
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_the_dashboard_keeps_where_its_settings_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[dict[str, Any]] = []

    def run(*, config: dict[str, Any]) -> None:
        served.append(config)

    def make(_host: str) -> SimpleNamespace:
        return SimpleNamespace(run=run)

    monkeypatch.setattr("dashboard.serve.make_app", make)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENAIOPS_DISABLED", "1")
    origins: list[dict[str, tuple[str, str]]] = []
    for store in ("", str(tmp_path / "given")):
        genaiops_config.reset()
        serve("127.0.0.1", 5000, store)
        rows = genaiops_config.describe()
        origins.append({name: (value, origin) for name, value, origin in rows})

    assert origins[0]["tracking_uri"] == ("./.genaiops", "default")
    assert origins[1]["tracking_uri"] == (str(tmp_path / "given"), "argument")
    assert origins[0]["disabled"] == ("False", "argument")
    assert origins[0]["sample"] == ("1.0", "default")
    assert served == [settings("127.0.0.1", 5000)] * 2


def test_what_the_launcher_overrides_is_known_to_streamlit() -> None:
    for name in settings("127.0.0.1", 5000):
        config.get_option(name)
    ours = settings("127.0.0.1", 5000)
    assert ours["client.showErrorDetails"] == "none"
    assert ours["browser.gatherUsageStats"] is False
    assert ours["client.disableDataExport"] is True
    assert ours["server.maxUploadSize"] == 1


def test_every_page_of_the_menu_has_its_file_and_its_place() -> None:
    assert all((DASHBOARD / entry.file).is_file() for entry in menu.MENU)
    assert len({entry.path for entry in menu.MENU}) == len(menu.MENU)
    files = {f"screens/{file.name}" for file in (DASHBOARD / "screens").glob("[a-z]*.py")}
    assert files == {entry.file for entry in menu.MENU}


def test_links_lead_to_pages_of_the_menu_only() -> None:
    with pytest.raises(KeyError):
        urls.link("nowhere", {})
    for file in DASHBOARD.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "link":
                page = node.args[0]
                assert not isinstance(page, ast.Constant) or page.value in menu.PAGES, file
