"""The wheel, built from this tree and installed into an empty environment."""

import os
import re
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]

OFFLINE = re.compile(
    r"Temporary failure in name resolution|Failed to establish a new connection|"
    r"Network is unreachable|ConnectTimeout|ProxyError|No matching distribution found"
)
NOT_SHIPPED = {".pyc", ".pyo"}


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(root: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment that holds the wheel and what it requires, no extras."""
    home = tmp_path_factory.mktemp("empty")
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, capture_output=True)
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--no-input", "--retries=1"]
    core = str(root / "requirements" / "core.txt")
    got = subprocess.run(
        [*pip, "--require-hashes", "-r", core], check=False, capture_output=True, text=True
    )
    if got.returncode != 0 and OFFLINE.search(got.stdout + got.stderr):
        pytest.skip("the wheel's dependencies need a package index, and none can be reached")
    assert got.returncode == 0, got.stderr
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True, capture_output=True)
    subprocess.run([*pip[:3], "check"], check=True, capture_output=True)
    return home / "bin"


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's files, to stand before the checkout in an environment that has Streamlit."""
    folder = tmp_path_factory.mktemp("unpacked")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def run(program: Path, *arguments: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(program), *arguments],
        check=False,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_every_file_of_the_package_and_of_the_dashboard(
    root: Path, wheel: Path, tracked: list[Path]
) -> None:
    expected = {
        str(file.relative_to(root)).replace("dashboard/", "genaiops/_ui/dashboard/", 1)
        if file.is_relative_to(root / "dashboard")
        else str(file.relative_to(root))
        for file in tracked
        if file.is_relative_to(root / "genaiops") or file.is_relative_to(root / "dashboard")
    }

    names = set(zipfile.ZipFile(wheel).namelist())

    assert {name for name in names if ".dist-info/" not in name} == expected
    assert "genaiops/py.typed" in names
    assert "genaiops/_ui/dashboard/app.py" in names


def test_the_wheel_claims_no_import_name_but_its_own_and_adds_no_pth_file(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"genaiops"}
    assert not [name for name in names if name.endswith(".pth")]


def test_an_empty_environment_imports_the_wheel_and_has_no_module_named_dashboard(
    installed: Path, tmp_path: Path
) -> None:
    program = (
        "import importlib.util, pathlib, genaiops\n"
        "assert importlib.util.find_spec('dashboard') is None\n"
        "print(pathlib.Path(genaiops.__file__).parent)"
    )

    folder = Path(run(installed / "python", "-I", "-c", program, cwd=tmp_path).strip())

    assert folder.is_relative_to(installed.parent)
    assert (folder / "_ui" / "dashboard" / "app.py").is_file()


def test_the_installed_command_explains_itself(installed: Path, tmp_path: Path) -> None:
    assert "Usage:" in run(installed / "genaiops", "--help", cwd=tmp_path)


def test_three_lines_of_a_new_user_leave_a_trace_that_the_command_lists(
    installed: Path, tmp_path: Path
) -> None:
    program = "import genaiops\n@genaiops.trace\ndef hello(): return 'world'\nhello()"

    run(installed / "python", "-c", program, cwd=tmp_path)

    assert "hello" in run(installed / "genaiops", "traces", "list", cwd=tmp_path)


def test_the_wheels_dashboard_draws_its_first_page(unpacked: Path, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "from genaiops.cli.ui import app_path\n"
        "page = AppTest.from_file(str(app_path()), default_timeout=60).run()\n"
        "print(app_path(), sys.modules['dashboard'].__path__[0])\n"
        "shown = [part.proto.json for part in page.get('bidi_component')]\n"
        "print([error.message for error in page.exception], 'No traces yet' in str(shown))"
    )

    python = Path(sys.executable)
    said = run(python, "-P", "-c", program, cwd=tmp_path, PYTHONPATH=str(unpacked)).splitlines()

    dashboard = unpacked / "genaiops" / "_ui" / "dashboard"
    assert said[0] == f"{dashboard / 'app.py'} {dashboard}"
    assert said[1] == "[] True"


def test_the_wheels_dashboard_is_served(unpacked: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "genaiops", "ui", "--port", "5400"]
    environment = os.environ | {"PYTHONPATH": str(unpacked)}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    ) as serving:
        assert serving.stderr is not None
        try:
            found = re.search(r"http://\S+", serving.stderr.readline())
            assert found is not None
            with opener.open(f"{found[0]}/_stcore/health") as answer:
                status = answer.status
        finally:
            serving.terminate()

    assert (status, serving.returncode) == (200, 0)
