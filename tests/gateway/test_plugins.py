"""A provider that an installed package brings, by the entry points ``genaiops.providers``."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.gateway.conftest import gateway_process
from tests.gateway.fake import FakeProvider, chat
from tests.gateway.test_app import HI, post

MODULE = """
from genaiops.gateway.target import Provider

ACME = Provider(
    name="acme",
    system="acme",
    dialect="openai",
    base_url_env="ACME_BASE_URL",
    key_env="ACME_API_KEY",
    headers=lambda key: {"x-acme-key": key},
)
NOTHING = 1
"""
FILES = {
    "acme_llm.py": MODULE,
    "acme_llm-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme-llm\nVersion: 1.0\n",
    "acme_llm-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "acme_llm-1.0.dist-info/entry_points.txt": (
        "[genaiops.providers]\nacme = acme_llm:ACME\nopenai = acme_llm:ACME\nodd = acme_llm:NOTHING\n"
        "gone = acme_gone:ACME\n"
    ),
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the wheel of that package."""
    folder = tmp_path_factory.mktemp("plugin")
    wheel = folder / "acme_llm-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
        record = "".join(f"{name},,\n" for name in [*FILES, "acme_llm-1.0.dist-info/RECORD"])
        archive.writestr("acme_llm-1.0.dist-info/RECORD", record)
    options = ["--no-index", "--no-deps", "--disable-pip-version-check", "--target"]
    command = [sys.executable, "-m", "pip", "install", *options, str(folder / "site"), str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "site"


def test_a_package_adds_a_provider_and_replaces_none(
    installed: Path, workdir: Path, provider: FakeProvider
) -> None:
    environment = {
        "PYTHONPATH": str(installed),
        "ACME_API_KEY": "acme-secret",
        "ACME_BASE_URL": f"{provider.url}/acme",
    }
    provider.say(chat("From Acme"), chat())

    with gateway_process(workdir, **environment) as gateway:
        answers = [
            post(gateway, {"model": model, "messages": HI})
            for model in ("acme/one", "openai/gpt-5-mini")
        ]

    assert [status for status, _, _ in answers] == [200, 200]
    acme, openai = provider.requests
    assert (acme.path, acme.headers["x-acme-key"]) == ("/acme/chat/completions", "acme-secret")
    assert "x-acme-key" not in openai.headers


def test_an_entry_that_is_no_provider_is_named_with_its_package(
    installed: Path, workdir: Path
) -> None:
    program = [sys.executable, "-c", "from genaiops.cli.main import main; main()"]
    said: list[str] = []

    for name in ("odd", "gone"):
        (workdir / "gateway.yaml").write_text(f"providers:\n  {name}: {{api_key: x}}\n")
        done = subprocess.run(
            [*program, "gateway", "check", "--config", "gateway.yaml"],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": str(installed)},
        )
        assert done.returncode == 1
        said.append(done.stderr)

    assert (
        "gateway.yaml:2: provider 'odd' is registered as 'acme_llm:NOTHING', which is " in said[0]
    )
    assert "(ModuleNotFoundError: No module named 'acme_gone'): update or remove" in said[1]
