"""A scripted provider, and a gateway process in front of it."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.gateway.fake import FakeProvider, fake_provider
from tests.gateway.inside import Inside, gateway_inside

KEY = "sk-test-5b2f0c9d8e7a6b5c4d3e2f1a"
PROVIDERS = """\
providers:
  openai: {api_key: "${OPENAI_API_KEY}"}
  anthropic: {api_key: "${ANTHROPIC_API_KEY}"}
"""


@dataclass(frozen=True)
class Served:
    """A running gateway process, and the folder it runs in."""

    port: int
    folder: Path
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    """A scripted provider, which the environment names as OpenAI and as Anthropic."""
    with fake_provider() as fake:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{fake.url}/v1")
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", fake.url)
        yield fake


@contextmanager
def gateway_process(folder: Path, *options: str, **environment: str) -> Iterator[Served]:
    command = [sys.executable, "-c", "from genaiops.cli.main import main; main()", "gateway"]
    process = subprocess.Popen(
        [*command, "start", "--port", "0", *options],
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=os.environ | environment,
    )
    assert process.stderr is not None
    try:
        lines = [process.stderr.readline()]
        while lines[-1] and "/v1" not in lines[-1]:  # warnings come before
            lines.append(process.stderr.readline())
        found = re.search(r":(\d+)/v1", lines[-1])
        assert found, "".join(lines)
        yield Served(int(found[1]), folder, process)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=60)
        process.stderr.close()


@pytest.fixture
def serve(workdir: Path) -> Iterator[Callable[..., Served]]:
    """Starts a gateway process with options of `genaiops gateway start`."""
    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(gateway_process(workdir, *options))


@pytest.fixture(scope="session")
def shared(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[FakeProvider, Served]]:
    """A scripted provider and a gateway in front of it, for all tests that leave it running."""
    with fake_provider() as fake:
        environment = {
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": f"{fake.url}/v1",
            "ANTHROPIC_API_KEY": KEY,
            "ANTHROPIC_BASE_URL": fake.url,
            "GENAIOPS_TRACKING_URI": "./.genaiops",
        }
        with gateway_process(tmp_path_factory.mktemp("gateway"), **environment) as served:
            yield fake, served


@pytest.fixture
def asked(shared: tuple[FakeProvider, Served]) -> FakeProvider:
    """The provider behind `gateway`, with nothing said yet."""
    fake, _ = shared
    fake.script.clear()
    fake.requests.clear()
    fake.gone.clear()
    return fake


@pytest.fixture
def gateway(asked: FakeProvider, shared: tuple[FakeProvider, Served]) -> Served:
    """The shared gateway process."""
    return shared[1]


@pytest.fixture
def inside(provider: FakeProvider, workdir: Path) -> Iterator[Callable[[str], Inside]]:
    """Starts a gateway in this process: with `provider` as both providers, and further lines."""
    with ExitStack() as stack:

        def start(more: str = "") -> Inside:
            return stack.enter_context(gateway_inside(workdir, f"{PROVIDERS}{more}"))

        yield start
