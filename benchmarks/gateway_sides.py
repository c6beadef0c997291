"""Gateways for the benchmarks, each in a process of its own before the same upstream.

Ours asks for a key and records every call; LiteLLM asks for a key, too. Load and upstream run on
the first core, gateways on the second, where there are two.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
_TICKS, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
_CORES = sorted(os.sched_getaffinity(0))
_LITELLM = """
model_list:
  - model_name: openai/mock-1
    litellm_params: {{model: openai/mock-1, api_base: "http://127.0.0.1:{upstream}/v1", api_key: sk-mock}}
litellm_settings: {{telemetry: false}}
general_settings: {{master_key: sk-1234}}
"""
_MLFLOW = """
endpoints:
  - name: mock-1
    endpoint_type: llm/v1/chat
    model:
      provider: openai
      name: mock-1
      config: {{openai_api_key: sk-mock, openai_api_base: "http://127.0.0.1:{upstream}/v1"}}
"""


@dataclass(frozen=True, slots=True)
class Side:
    """A gateway that listens."""

    name: str
    port: int
    pid: int
    key: str = "sk-1234"
    model: str = "openai/mock-1"

    @property
    def headers(self) -> tuple[str, ...]:
        return (f"authorization: Bearer {self.key}",)

    @property
    def cpu_s(self) -> float:
        """Seconds of CPU so far, those of its worker."""
        return cpu_s(self.pid)

    @property
    def rss_mb(self) -> float:
        """Resident memory in megabytes."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE / 1e6


def cpu_s(pid: int) -> float:
    """User and system seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def children(pid: int) -> list[int]:
    """The processes that a process has started, and theirs."""
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found += [int(stat.parent.name), *children(int(stat.parent.name))]
    return found


def on_core(number: int) -> None:
    """Keeps this process on one core, where there are several."""
    os.sched_setaffinity(0, {_CORES[min(number, len(_CORES) - 1)]})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(
    command: list[str], port: int, folder: str, core: int = 1, **environment: str
) -> Generator[int]:
    """A process that listens on a port; the id of the process."""
    log = (Path(folder) / f"{port}.txt").open("w+")
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | environment,
        stdout=log,
        stderr=log,
        preexec_fn=lambda: on_core(core),  # noqa: PLW1509  no threads here
        start_new_session=True,
    )
    try:
        _wait_for(port, process, log.name)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not listens(port):
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"nothing listens on {port}: {Path(log).read_text()[-1000:]}")
        time.sleep(0.02)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def upstream(folder: str) -> Generator[Side]:
    """The provider; as a side it is the way without a gateway."""
    port = free_port()
    command = [sys.executable, str(HERE / "gateway_upstream.py"), str(port)]
    with running(command, port, folder, core=0) as pid:
        yield Side("direct", port, pid)


@contextlib.contextmanager
def floor(folder: str, provider: int) -> Generator[Side]:
    """Two bare protocols."""
    port = free_port()
    command = [sys.executable, str(HERE / "gateway_floor.py"), str(port), str(provider)]
    with running(command, port, folder) as pid:
        yield Side("floor", port, pid)


def environment_of(folder: str, provider: int) -> dict[str, str]:
    """What our gateway finds in its environment."""
    return {
        "GENAIOPS_TRACKING_URI": str(Path(folder) / "store"),
        "OPENAI_BASE_URL": f"http://127.0.0.1:{provider}/v1",
        "OPENAI_API_KEY": "sk-mock",
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{provider}",
        "ANTHROPIC_API_KEY": "sk-mock",
    }


def make_key(folder: str, environment: Mapping[str, str], *options: str) -> str:
    """A key of our gateway's store."""
    command = [sys.executable, "-m", "genaiops", "gateway", "keys", "create", "bench", *options]
    made = subprocess.run(
        [*command, "--format", "json"],
        env=os.environ | environment,
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return str(json.loads(made.stdout)["key"])


@contextlib.contextmanager
def ours(
    folder: str, provider: int, *, name: str = "genaiops", key: str = "", **more: str
) -> Generator[Side]:
    """Our gateway in a folder of its own, with a key unless one is given."""
    own = Path(folder) / name
    own.mkdir(exist_ok=True)
    environment = environment_of(str(own), provider) | more
    key = key or make_key(folder, environment)
    port = free_port()
    command = [sys.executable, "-m", "genaiops", "gateway", "start", "--port", str(port)]
    if (own / "gateway.yaml").exists():
        command += ["--config", "gateway.yaml"]
    with running(command, port, str(own), **environment) as pid:
        yield Side(name, port, pid, key)


@contextlib.contextmanager
def litellm(folder: str, provider: int, python: str) -> Generator[Side]:
    """LiteLLM's proxy without a database, one worker."""
    port, file = free_port(), Path(folder) / "litellm.yaml"
    file.write_text(_LITELLM.format(upstream=provider))
    program = str(Path(python).absolute().parent / "litellm")
    command = [program, "--config", str(file), "--host", "127.0.0.1", "--port", str(port)]
    quiet = {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOG": "ERROR",
        "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
    }
    with running([*command, "--num_workers", "1"], port, folder, **quiet) as pid:
        yield Side("litellm", port, pid)


@contextlib.contextmanager
def mlflow(folder: str, provider: int, python: str) -> Generator[Side]:
    """``mlflow gateway start``, one worker."""
    port, file = free_port(), Path(folder) / "mlflow.yaml"
    file.write_text(_MLFLOW.format(upstream=provider))
    bin_folder = Path(python).absolute().parent
    command = [str(bin_folder / "mlflow"), "gateway", "start", "--config-path", str(file)]
    quiet = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
    }
    with running([*command, "--port", str(port), "--workers", "1"], port, folder, **quiet) as pid:
        yield Side("mlflow", port, _worker_of(pid), model="mock-1")


def _worker_of(pid: int) -> int:
    """The process that answers: the one that has used the most of the CPU."""
    time.sleep(3.0)  # it starts after the port listens
    return max([pid, *children(pid)], key=cpu_s)
