"""What the machine does while a run goes on: CPU, memory, disk, network and GPUs, under MLflow's names."""

import importlib
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

from genaiops.config import settings
from genaiops.errors import ConfigError
from genaiops.runs.journal import write
from genaiops.runs.lines import metric_line
from genaiops.tracing import diagnostics

__all__ = ["begin", "end", "wanted"]

_MB = 1e6
_FAREWELL_S = 1.0
_GPU_TIMEOUT_S = 5.0
_GPU_FIELDS = "index,utilization.gpu,memory.used,memory.total,power.draw,power.limit"
_at_work: dict[str, "_Sampler"] = {}


def wanted(asked: bool | None) -> bool:
    """Whether a run is to have them: as it was asked for, else as the settings say.

    Raises: ConfigError when psutil is missing.
    """
    if not (settings().log_system_metrics if asked is None else asked) or settings().disabled:
        return False
    try:
        importlib.import_module("psutil")
    except ImportError:
        raise ConfigError("system metrics need psutil: pip install 'genaiops[ml]'") from None
    return True


def begin(run_id: str) -> None:
    """Samples from now on, in a thread of its own, until `end`."""
    if run_id not in _at_work:
        sampler = _at_work[run_id] = _Sampler(run_id)
        sampler.start()


def end(run_id: str) -> None:
    """A last sample, and no more; nothing for a run that has none."""
    sampler = _at_work.pop(run_id, None)
    if sampler is not None:
        sampler.stop()


class _Sampler(threading.Thread):
    def __init__(self, run_id: str) -> None:
        super().__init__(name="genaiops-system-metrics", daemon=True)
        self._run_id = run_id
        self._step = 0
        self._over = threading.Event()
        self._writing = threading.Lock()
        self._measure = _measuring()
        self._gpus = shutil.which("nvidia-smi")

    def run(self) -> None:
        try:
            while not self._over.wait(settings().system_metrics_interval_s):
                found = self._measure() | (_gpus(self._gpus) if self._gpus else {})
                with self._writing:
                    if not self._over.is_set():
                        self._log(found)
        except Exception as error:  # noqa: BLE001  a full disk, a machine that tells nothing
            diagnostics.note("sampling system metrics", error)

    def stop(self) -> None:
        with self._writing:
            self._over.set()
        self.join(_FAREWELL_S)
        try:
            self._log(self._measure())
        except Exception as error:  # noqa: BLE001  the run ends all the same
            diagnostics.note("sampling system metrics", error)

    def _log(self, found: dict[str, float]) -> None:
        now = time.time_ns()
        write(
            *(
                metric_line(self._run_id, f"system/{key}", value, self._step, now)
                for key, value in found.items()
            )
        )
        self._step += 1


def _measuring() -> Callable[[], dict[str, float]]:
    """What measures: the CPU since the last time, the network since now."""
    psutil: Any = importlib.import_module("psutil")
    before = psutil.net_io_counters()
    busy, total = _cpu(psutil)

    def measure() -> dict[str, float]:
        nonlocal busy, total
        (was_busy, was_total), (busy, total) = (busy, total), _cpu(psutil)
        memory, disk = psutil.virtual_memory(), psutil.disk_usage("/")
        found = {
            "system_memory_usage_megabytes": memory.used / _MB,
            "system_memory_usage_percentage": memory.percent,
            "disk_usage_megabytes": disk.used / _MB,
            "disk_usage_percentage": disk.percent,
            "disk_available_megabytes": disk.free / _MB,
        }
        if total > was_total:
            share = (busy - was_busy) / (total - was_total)
            found["cpu_utilization_percentage"] = 100 * min(max(share, 0.0), 1.0)
        now = psutil.net_io_counters()
        if before is not None and now is not None:  # a machine without network has none
            found["network_receive_megabytes"] = (now.bytes_recv - before.bytes_recv) / _MB
            found["network_transmit_megabytes"] = (now.bytes_sent - before.bytes_sent) / _MB
        return found

    return measure


def _cpu(psutil: Any) -> tuple[float, float]:
    """Busy and all seconds of the CPUs; psutil's own percentage is the program's to ask for."""
    times = psutil.cpu_times()
    counted = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return counted - times.idle - getattr(times, "iowait", 0.0), counted


def _gpus(program: str) -> dict[str, float]:
    """What nvidia-smi says; nothing where it says nothing that can be read."""
    try:
        told = subprocess.run(  # noqa: S603  a program found on the path, with constant arguments
            [program, f"--query-gpu={_GPU_FIELDS}", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=_GPU_TIMEOUT_S,
            check=True,
            stdin=subprocess.DEVNULL,
        ).stdout
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return {}
    found: dict[str, float] = {}
    for line in told.splitlines():
        fields = [_number(text) for text in line.split(",")]
        if len(fields) == len(_GPU_FIELDS.split(",")) and fields[0] is not None:
            found |= _of_gpu(int(fields[0]), *fields[1:])
    return found


def _of_gpu(
    index: int,
    busy: float | None,
    used: float | None,
    memory: float | None,
    watts: float | None,
    limit: float | None,
) -> dict[str, float]:
    """Of one GPU; nvidia-smi counts memory in units of 2**20 bytes."""
    values = {
        "utilization_percentage": busy,
        "memory_usage_megabytes": None if used is None else used * 2**20 / _MB,
        "memory_usage_percentage": None if used is None or not memory else 100 * used / memory,
        "power_usage_watts": watts,
        "power_usage_percentage": None if watts is None or not limit else 100 * watts / limit,
    }
    return {f"gpu_{index}_{key}": value for key, value in values.items() if value is not None}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:  # such as [N/A]
        return None
