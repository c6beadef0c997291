"""CPU, memory, disk, network and GPUs of a run that asks for them."""

import os
import subprocess
import sys
import textwrap
import threading
import time

import psutil
import pytest

import genaiops

ALWAYS = {
    "system/cpu_utilization_percentage",
    "system/disk_available_megabytes",
    "system/disk_usage_megabytes",
    "system/disk_usage_percentage",
    "system/system_memory_usage_megabytes",
    "system/system_memory_usage_percentage",
}
NETWORK = {"system/network_receive_megabytes", "system/network_transmit_megabytes"}
THREAD = "genaiops-system-metrics"


def samplers():
    return [thread for thread in threading.enumerate() if thread.name == THREAD]


def until(met):
    deadline = time.monotonic() + 60
    while not met():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def work():
    """Uses the CPU until the machine's clocks have moved."""
    before = psutil.cpu_times()
    until(lambda: sum(psutil.cpu_times()) > sum(before))


def test_a_run_samples_what_the_machine_does_and_stops_when_it_ends():
    genaiops.configure(system_metrics_interval_s=0.1)
    with genaiops.start_run(log_system_metrics=True) as run:
        (thread,) = samplers()
        run_id = run.info.run_id
        until(lambda: len(genaiops.get_metric_history(run_id, min(ALWAYS))) >= 2)

    assert not thread.is_alive()
    metrics = genaiops.get_run(run_id).data.metrics
    assert set(metrics) - NETWORK == ALWAYS
    for name, value in metrics.items():
        assert value >= 0
        assert value <= 100 or not name.endswith("percentage")
    history = genaiops.get_metric_history(run_id, "system/disk_usage_megabytes")
    assert [point.step for point in history] == list(range(len(history)))


def test_a_short_run_has_one_sample(workdir):
    with genaiops.start_run(log_system_metrics=True) as run:
        work()

    history = genaiops.get_metric_history(run.info.run_id, "system/cpu_utilization_percentage")
    assert [point.step for point in history] == [0]
    assert samplers() == []


def test_they_are_off_unless_they_are_asked_for(monkeypatch):
    with genaiops.start_run() as run:
        assert samplers() == []
    assert genaiops.get_run(run.info.run_id).data.metrics == {}

    monkeypatch.setenv("GENAIOPS_LOG_SYSTEM_METRICS", "true")
    genaiops.config.reset()
    with genaiops.start_run(log_system_metrics=False):
        assert samplers() == []
        with genaiops.start_run(nested=True) as child:
            assert len(samplers()) == 1
    assert "system/disk_usage_megabytes" in genaiops.get_run(child.info.run_id).data.metrics
    assert samplers() == []


def test_a_machine_with_gpus_has_metrics_of_each(workdir, tmp_path, monkeypatch):
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\necho '0, 25, 1024, 4096, 100.0, 400.0'\necho '1, [N/A], 0, 0, [N/A], [N/A]'\n"
        "echo 'a warning, of the driver'\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    genaiops.configure(system_metrics_interval_s=0.1)

    with genaiops.start_run(log_system_metrics=True) as run:
        key = "system/gpu_1_memory_usage_megabytes"
        until(lambda: key in genaiops.get_run(run.info.run_id).data.metrics)

    metrics = genaiops.get_run(run.info.run_id).data.metrics
    assert {key: value for key, value in metrics.items() if "gpu" in key} == {
        "system/gpu_0_utilization_percentage": 25.0,
        "system/gpu_0_memory_usage_megabytes": pytest.approx(1073.741824),
        "system/gpu_0_memory_usage_percentage": 25.0,
        "system/gpu_0_power_usage_watts": 100.0,
        "system/gpu_0_power_usage_percentage": 25.0,
        "system/gpu_1_memory_usage_megabytes": 0.0,
    }


@pytest.mark.parametrize("script", ["exit 9", "echo nonsense", "printf '\\377\\376'"])
def test_a_driver_that_fails_leaves_the_others(workdir, tmp_path, monkeypatch, script):
    from genaiops.runs import system

    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)

    assert system._gpus(str(program)) == {}
    assert system._gpus(str(tmp_path / "gone")) == {}


def test_without_psutil_it_is_one_sentence_and_no_run(monkeypatch, store_dir):
    monkeypatch.setitem(sys.modules, "psutil", None)

    with pytest.raises(genaiops.ConfigError, match=r"need psutil: pip install 'genaiops\[ml\]'"):
        genaiops.start_run(log_system_metrics=True)
    assert genaiops.active_run() is None
    assert not store_dir.exists()


@pytest.mark.parametrize("value", ["often", 0, -1, 0.05, float("nan"), None, [1]])
def test_an_interval_of_nonsense_is_refused(value):
    with pytest.raises(genaiops.ConfigError, match="system_metrics_interval_s is .*: use seconds"):
        genaiops.configure(system_metrics_interval_s=value)


def test_a_failing_measure_ends_the_run_as_ever(monkeypatch, caplog):
    from genaiops.runs import system
    from genaiops.tracing import diagnostics

    def broken():
        raise OSError("no such device")

    monkeypatch.setattr(system, "_measuring", lambda: broken)
    monkeypatch.setattr(diagnostics, "_counts", {})

    with genaiops.start_run(log_system_metrics=True) as run:
        pass

    assert genaiops.get_run(run.info.run_id).info.status == "FINISHED"
    assert "sampling system metrics failed (OSError: no such device)" in caplog.text


PROGRAM = """
    import os, genaiops
    genaiops.configure(system_metrics_interval_s=0.1)
    run = genaiops.start_run(log_system_metrics=True)
    child = os.fork()
    if child == 0:
        genaiops.log_metric("of_child", 1)
        os._exit(0)
    os.waitpid(child, 0)
    print(run.info.run_id)
"""


def test_a_program_that_forks_and_ends_nothing_still_ends_its_sampling(workdir):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM)],
        check=False, capture_output=True, text=True, cwd=workdir, env=dict(os.environ), timeout=120,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    run = genaiops.get_run(done.stdout.strip())
    assert run.info.status == "FINISHED"
    assert {"of_child", "system/disk_usage_megabytes"} <= set(run.data.metrics)
