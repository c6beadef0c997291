"""How a provider is reached: certificates of an authority of one's own, and proxies."""

import base64
import datetime
import ipaddress
import socket
import ssl
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from genaiops.errors import ProviderError
from genaiops.gateway import complete
from tests.gateway.conftest import KEY
from tests.gateway.fake import chat
from tests.gateway.raw import raw_server, whole

ANSWER = whole(chat("Hello!").pieces[0])
ASK = """
from genaiops.errors import ProviderError
from genaiops.gateway import complete
try:
    print(complete(model="openai/x", messages="Hi", retries=0).text)
except ProviderError as error:
    print(error)
"""


def certificate(name, issuer=None, address=None):
    """A certificate and its key, signed by an issuer or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, signing = issuer or (subject, key)
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    made = x509.CertificateBuilder(
        signer, subject, key.public_key(), x509.random_serial_number(), now - day, now + day
    ).add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    if address:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        made = made.add_extension(names, critical=False)
    return made.sign(signing, hashes.SHA256()), key


def pem(found, key=None):
    shape = serialization.Encoding.PEM
    text = found.public_bytes(shape)
    if key is not None:
        form = serialization.PrivateFormat.PKCS8
        text += key.private_bytes(shape, form, serialization.NoEncryption())
    return text


@pytest.fixture
def authority(tmp_path):
    """A file of an authority, and what makes servers whose certificates it signed."""
    found, key = certificate("an authority of one's own")
    file = tmp_path / "authority.pem"
    file.write_bytes(pem(found))

    def context(address):
        leaf = tmp_path / "leaf.pem"
        leaf.write_bytes(pem(*certificate("server", (found.subject, key), address)))
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(leaf)
        return made

    return file, context


def ask(port, workdir, **environment):
    """What a process of its own is told: certificates are read once."""
    environment |= {
        "PATH": "/usr/bin",
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"https://127.0.0.1:{port}/v1",
        "GENAIOPS_TRACKING_URI": str(workdir / "store"),
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        capture_output=True,
        text=True,
        env=environment,
        cwd=workdir,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


def test_an_authority_of_ones_own_is_trusted_where_it_is_named(authority, workdir):
    file, context = authority
    with raw_server([ANSWER], context("127.0.0.1")) as server:
        assert ask(server.port, workdir, SSL_CERT_FILE=str(file)) == "Hello!"

    assert f"authorization: Bearer {KEY}" in server.heads[0]


@pytest.mark.parametrize("named", [False, True], ids=["unknown authority", "another name"])
def test_nothing_is_sent_to_who_cannot_show_who_they_are(authority, workdir, named):
    file, context = authority
    environment = {"SSL_CERT_FILE": str(file)} if named else {}
    with raw_server([ANSWER], context("127.0.0.2" if named else "127.0.0.1")) as server:
        said = ask(server.port, workdir, **environment)

    assert server.heads == []
    assert said.startswith("provider 'openai' cannot be reached (TLS: ")
    assert "check OPENAI_BASE_URL" in said
    assert len(said.splitlines()) == 1


@contextmanager
def tunnels(answer=b"HTTP/1.1 200 OK\r\n\r\n"):
    """A proxy that opens tunnels; the heads of what it was asked."""
    listening = socket.create_server(("127.0.0.1", 0))
    heads = []

    def pipe(source, sink):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)

    def serve():
        client, _ = listening.accept()
        with client:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            heads.append(head.decode())
            client.sendall(answer)
            if not answer.startswith(b"HTTP/1.1 200"):
                return
            host, _, port = head.split()[1].decode().rpartition(":")
            with socket.create_connection((host, int(port))) as server:
                back = threading.Thread(target=pipe, args=(server, client))
                back.start()
                pipe(client, server)
                back.join()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1], heads
    finally:
        thread.join(timeout=10)
        listening.close()


BASIC = f"Proxy-Authorization: Basic {base64.b64encode(b'me:p@ss').decode()}".lower()


def test_a_tunnel_through_a_proxy_ends_at_the_provider(authority, workdir):
    file, context = authority
    with raw_server([ANSWER], context("127.0.0.1")) as server, tunnels() as (port, heads):
        proxy = f"http://me:p%40ss@127.0.0.1:{port}"
        said = ask(server.port, workdir, SSL_CERT_FILE=str(file), HTTPS_PROXY=proxy)

    assert said == "Hello!"
    assert heads[0].startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n")
    assert BASIC in heads[0].lower()
    assert KEY not in heads[0]
    assert "proxy-authorization" not in server.heads[0]


@pytest.mark.parametrize("answer", [b"HTTP/1.1 407 No\r\n\r\n", b""], ids=["refuses", "leaves"])
def test_a_proxy_that_opens_no_tunnel_is_named(authority, workdir, answer):
    file, context = authority
    with raw_server([ANSWER], context("127.0.0.1")) as server, tunnels(answer) as (port, _):
        proxy = f"http://me:secret@127.0.0.1:{port}"
        said = ask(server.port, workdir, SSL_CERT_FILE=str(file), HTTPS_PROXY=proxy)

    reason = "refused with status 407" if answer else "closed the connection"
    assert f"cannot be reached (the proxy {reason})" in said
    assert "secret" not in said
    assert server.connections == 0


@pytest.fixture
def plain(monkeypatch):
    """Asks in this process, over plain HTTP."""

    def asking(url):
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        return complete(model="openai/x", messages="Hi", retries=0).text

    return asking


def test_a_proxy_for_plain_http_gets_the_whole_address(plain, monkeypatch):
    with raw_server([ANSWER]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:p%40ss@127.0.0.1:{proxy.port}")

        assert plain("http://provider.invalid:8080/v1") == "Hello!"

    [head] = proxy.heads
    assert head.startswith("POST http://provider.invalid:8080/v1/chat/completions HTTP/1.1\r\n")
    assert "\r\nhost: provider.invalid:8080\r\n" in head
    assert BASIC in head.lower()


def test_what_the_environment_exempts_is_reached_without_the_proxy(plain, monkeypatch):
    with raw_server([ANSWER]) as server:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")

        assert plain(f"http://127.0.0.1:{server.port}/v1") == "Hello!"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://"])
def test_a_proxy_that_is_none_is_told(plain, monkeypatch, proxy):
    monkeypatch.setenv("HTTP_PROXY", proxy)

    with pytest.raises(ProviderError, match="the proxy is not an http:// address"):
        plain("http://provider.invalid:8081/v1" + str(len(proxy)))
