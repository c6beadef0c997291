"""Who may speak to the server, and the keys that let programs in."""

import base64
import json
import subprocess
import sys
import time

import pytest

import genaiops
from genaiops.errors import ConfigError, ConflictError, NotFoundError
from genaiops.server import keys
from genaiops.server.app import Server
from genaiops.server.guard import PUBLIC, Guard, Refused
from genaiops.server.keys import Keyring
from genaiops.server.serve import listen
from tests.server.conftest import JSON
from tests.tracing.otlp_messages import request, span

HOST = (b"host", b"server.example:5000")


def cli(*arguments):
    command = [sys.executable, "-c", "from genaiops.cli.main import main; main()", "server"]
    return subprocess.run(
        [*command, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def basic(password):
    return "Basic " + base64.b64encode(f"any:{password}".encode()).decode()


def test_health_is_told_to_everybody_and_unknown_paths_are_named(shared):
    assert shared.ask("GET", "/health/live")[0::2] == (200, b'{"live":true}')
    assert shared.ask("GET", "/health/ready")[0::2] == (200, b'{"ready":true}')
    assert shared.ask("GET", "/nowhere")[0] == 404
    assert shared.ask("GET", "/v1/traces")[0] == 405


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1:5000@evil.example"}, 400),
        ({"host": "a b"}, 400),
        ({"origin": "http://evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"host": "localhost:5000"}, 200),
    ],
)
def test_pages_of_a_browser_cannot_write_on_loopback(shared, headers, status):
    assert shared.ask("POST", "/v1/traces", b"{}", JSON | headers)[0] == status


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_another_address_without_a_key_does_not_start_and_says_how(host):
    with pytest.raises(ConfigError, match="genaiops server keys create"):
        listen(host, 0, needs_key=True)


def test_the_command_refuses_another_address_in_one_sentence():
    done = cli("--host", "0.0.0.0", "--port", "0")

    assert done.returncode == 1
    assert "genaiops server keys create" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_route_but_health_needs_a_key():
    key = keys.create("team")
    ring = Keyring()
    ring.refresh()
    guard = Guard(host="0.0.0.0", keyring=ring)
    server = Server(guard, None, ready=lambda: True)

    for method, path in server.routes:
        if path in PUBLIC:
            guard.check(method, path, [HOST])
            continue
        with pytest.raises(Refused, match="needs a key") as refused:
            guard.check(method, path, [HOST])
        assert refused.value.status == 401
        for shown in (f"Bearer {key}", f"bearer  {key}", basic(key)):
            guard.check(method, path, [HOST, (b"authorization", shown.encode())])
        for shown in (
            "Bearer ",
            "Bearer x",
            key,
            basic("x"),
            "Basic !",
            "Basic aaaa",
            "Digest x",
            f"Bearer {key}x",
        ):
            with pytest.raises(Refused):
                guard.check(method, path, [HOST, (b"authorization", shown.encode())])


def test_a_key_twice_is_no_key():
    key = keys.create("team")
    ring = Keyring()
    ring.refresh()
    twice = [HOST, (b"authorization", f"Bearer {key}".encode()), (b"authorization", b"Bearer x")]

    with pytest.raises(Refused):
        Guard(host="0.0.0.0", keyring=ring).check("POST", "/v1/traces", twice)


def test_a_page_of_another_origin_cannot_use_the_key_that_a_browser_remembers():
    key = keys.create("team")
    ring = Keyring()
    ring.refresh()
    headers = [HOST, (b"authorization", basic(key).encode()), (b"origin", b"http://evil.example")]

    with pytest.raises(Refused, match="another origin"):
        Guard(host="0.0.0.0", keyring=ring).check("POST", "/v1/traces", headers)


def test_only_a_digest_is_stored_and_a_running_server_notices_new_and_revoked_keys(
    serve, store_dir
):
    first = keys.create("first")
    served = serve("--require-key")
    bearer = {"authorization": f"Bearer {first}"}
    status, headers, _ = served.send(request(span()))
    assert (status, "Bearer" in headers["www-authenticate"]) == (401, True)
    assert served.send(request(span()), bearer)[0] == 200

    second = keys.create("second")
    keys.revoke("first")
    deadline = time.monotonic() + 20
    while served.send(request(span()), bearer)[0] == 200 and time.monotonic() < deadline:
        time.sleep(0.05)

    assert served.send(request(span()), bearer)[0] == 401
    assert served.send(request(span()), {"authorization": basic(second)})[0] == 200
    assert not [
        p for p in store_dir.rglob("*") if p.is_file() and second.encode() in p.read_bytes()
    ]


def test_keys_on_the_command_line():
    made = cli("keys", "create", "ci", "--format", "json")
    known = json.loads(made.stdout)
    listed = json.loads(cli("keys", "list", "--format", "json").stdout)
    table = cli("keys", "list").stdout
    ended = cli("keys", "revoke", "ci")

    assert known["name"] == "ci"
    assert known["key"].startswith(listed[0]["prefix"])
    assert known["key"] not in table
    assert "ci" in table
    assert ended.returncode == 0
    assert json.loads(cli("keys", "list", "--format", "json").stdout)[0]["revoked_ns"]


def test_names_of_keys_are_checked():
    keys.create("a")
    with pytest.raises(ConflictError, match="'a'"):
        keys.create("a")
    with pytest.raises(ConfigError, match="no name"):
        keys.create("../x")
    with pytest.raises(NotFoundError, match="keys list"):
        keys.revoke("b")
    assert [key.name for key in keys.every()] == ["a"]
    assert genaiops.sql("SELECT name, role FROM server_keys").rows == [("a", "all")]
