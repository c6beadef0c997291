"""What is kept when a process ends in whatever way; each case is a program of its own."""

import signal
import subprocess
import sys
import textwrap
import time

import pytest

import genaiops

SETUP = """
import asyncio, multiprocessing, os, signal, sys, threading, time, warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
import genaiops
warnings.simplefilter("ignore", DeprecationWarning)  # Python's own, of fork with threads

@genaiops.trace
def leaf(question):
    return question

@genaiops.trace
def child(question):
    return question

def main():
    {}

if __name__ == "__main__":
    main()
"""


@pytest.fixture
def ends(workdir):
    """Runs a program to its end: exit status and stderr."""

    def run(body, timeout=60):
        file = workdir / "program.py"
        file.write_text(SETUP.replace("{}", textwrap.indent(textwrap.dedent(body), "    ").strip()))
        done = subprocess.run(
            [sys.executable, str(file)], cwd=workdir, capture_output=True, text=True,
            timeout=timeout, check=False,
        )  # fmt: skip
        return done.returncode, done.stderr

    return run


def kept():
    """``(spans, traces)`` of the store, and that no span has been left running."""
    ((spans, traces, running),) = genaiops.sql(
        "SELECT count(*), count(DISTINCT trace_id), count(*) FILTER (status = 'running') FROM spans"
    ).rows
    assert running == 0
    return spans, traces


def test_one_call_then_sigkill_is_kept(ends):
    assert ends('leaf("a"); os.kill(os.getpid(), signal.SIGKILL)')[0] == -signal.SIGKILL
    assert kept() == (1, 1)


def test_a_hundred_calls_then_sigkill_are_all_kept(ends):
    ends("""
        for _ in range(100):
            leaf("a")
        os.kill(os.getpid(), signal.SIGKILL)
        """)
    assert kept() == (100, 100)


@pytest.mark.parametrize("wait_s", [0.01, 0.2, 0.35])
def test_sigkill_at_a_random_moment_loses_nothing_that_was_acknowledged(workdir, wait_s):
    body = "i = 0\n    while True:\n        leaf(i); print(i, flush=True); i += 1"
    (workdir / "program.py").write_text(SETUP.replace("{}", body))
    process = subprocess.Popen(
        [sys.executable, "program.py"], cwd=workdir, stdout=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    time.sleep(wait_s)
    process.kill()
    acknowledged = 1 + sum(line.endswith("\n") for line in process.stdout)
    process.wait()
    process.stdout.close()

    ((found, distinct),) = genaiops.sql("SELECT count(*), count(DISTINCT span_id) FROM spans").rows

    assert found == distinct
    assert acknowledged <= found <= acknowledged + 1


def test_a_killed_call_is_interrupted_and_its_children_are_kept(ends):
    ends("""
        @genaiops.trace
        def outer(question):
            child(question)
            for _ in range(200):
                if genaiops.sql("SELECT 1 FROM spans WHERE name = 'outer'").rows:
                    break
                time.sleep(0.02)
            os.kill(os.getpid(), signal.SIGKILL)
        outer("a")
        """)

    rows = genaiops.sql("SELECT name, status FROM spans ORDER BY start_ns").rows
    assert rows == [("outer", "interrupted"), ("child", "ok")]
    assert genaiops.sql("SELECT status FROM traces").rows == [("interrupted",)]


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("", 0),
        ("sys.exit(3)", 3),
        ("raise RuntimeError('unhandled')", 1),
        ("os._exit(4)", 4),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(30)", -signal.SIGTERM),
        ("os.kill(os.getpid(), signal.SIGINT); time.sleep(30)", -signal.SIGINT),
    ],
)
def test_every_span_is_kept_however_the_program_ends(ends, end, status):
    code, _ = ends(f'for _ in range(5):\n    leaf("a")\n{end}')

    assert code == status
    assert kept() == (5, 5)


def test_leaving_from_inside_a_call_ends_its_span(ends):
    code, _ = ends("""
        @genaiops.trace
        def outer():
            leaf("a")
            sys.exit(3)
        outer()
        """)

    assert code == 3
    assert kept() == (2, 1)


def test_a_stream_left_open_at_exit_is_recorded_as_abandoned(ends):
    code, error = ends("""
        @genaiops.trace
        def produce():
            yield from range(5)
        global items
        items = produce()
        next(items)
        """)

    assert (code, error) == (0, "")
    rows = genaiops.sql("SELECT status, outputs FROM spans").rows
    assert rows == [("unset", "[0]")]


def test_a_forked_child_keeps_its_spans_and_ends(ends):
    code, error = ends("""
        leaf("a")
        pid = os.fork()
        if pid == 0:
            for _ in range(3):
                child("c")
            sys.exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        """)

    assert (code, error) == (0, "")
    assert kept() == (4, 4)


def test_a_child_forked_inside_a_call_is_in_its_trace_and_does_not_end_the_parents_span(ends):
    code, error = ends("""
        @genaiops.trace
        def outer():
            pid = os.fork()
            if pid == 0:
                child("c")
                return "child"
            os.waitpid(pid, 0)
            time.sleep(0.4)
            return "parent"
        outer()
        """)

    assert (code, error) == (0, "")
    rows = genaiops.sql("SELECT name, outputs FROM spans ORDER BY start_ns").rows
    assert rows == [("outer", '"parent"'), ("child", '"c"')]
    assert kept() == (2, 1)


def test_a_forked_childs_running_span_is_seen_and_its_ids_are_its_own(ends):
    code, error = ends("""
        with genaiops.start_span("warm"):
            time.sleep(0.3)
        pids = [os.fork() for _ in range(1)]
        if pids[0] == 0:
            with genaiops.start_span("slow"):
                for _ in range(200):
                    if genaiops.sql("SELECT 1 FROM spans WHERE name = 'slow'").rows:
                        os._exit(7)
                    time.sleep(0.02)
            os._exit(1)
        leaf("parent")
        assert os.waitstatus_to_exitcode(os.waitpid(pids[0], 0)[1]) == 7
        """)

    assert (code, error) == (0, "")
    rows = genaiops.sql("SELECT name, status FROM spans ORDER BY name").rows
    assert rows == [("leaf", "ok"), ("slow", "interrupted"), ("warm", "ok")]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_keeps_the_spans_of_its_processes(ends, method):
    code, error = ends(f"""
        leaf("a")
        context = multiprocessing.get_context({method!r})
        processes = [context.Process(target=child, args=("c",)) for _ in range(3)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
            assert process.exitcode == 0
        """)

    assert (code, error) == (0, "")
    assert kept() == (4, 4)


def test_a_process_pool_keeps_the_spans_of_its_workers_and_continues_a_trace_by_headers(ends):
    code, error = ends("""
        with genaiops.start_span("outer"), ProcessPoolExecutor(2) as pool:
            assert list(pool.map(child, "abc")) == ["a", "b", "c"]
        """)

    assert (code, error) == (0, "")
    assert kept()[0] == 4


def test_many_threads_lose_and_misplace_nothing(ends):
    code, error = ends("""
        @genaiops.trace
        def outer(n):
            return [leaf(n) for _ in range(20)]
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(outer, range(64)))
        """)

    assert (code, error) == (0, "")
    assert kept() == (64 * 21, 64)
    misplaced = genaiops.sql(
        "SELECT count(*) FROM spans AS s JOIN spans AS p ON p.span_id = s.parent_span_id "
        "WHERE s.outputs <> p.inputs->>'n' OR s.trace_id <> p.trace_id"
    )
    assert misplaced.rows == [(0,)]


def test_a_thousand_concurrent_tasks_lose_and_misplace_nothing(ends):
    code, error = ends("""
        @genaiops.trace
        async def inner(n):
            await asyncio.sleep(0)
            return n
        @genaiops.trace
        async def outer(n):
            await asyncio.sleep(0)
            return await inner(n)
        async def run():
            await asyncio.gather(*(outer(n) for n in range(1000)))
        asyncio.run(run())
        """)

    assert (code, error) == (0, "")
    assert kept() == (2000, 1000)
    misplaced = genaiops.sql(
        "SELECT count(*) FROM spans AS s JOIN spans AS p ON p.span_id = s.parent_span_id "
        "WHERE s.inputs <> p.inputs OR s.trace_id <> p.trace_id"
    )
    assert misplaced.rows == [(0,)]


def test_a_sink_that_cannot_be_written_never_reaches_the_application(ends, workdir):
    (workdir / ".genaiops").write_text("a file where the store should be")

    code, _ = ends('assert leaf("a") == "a"; assert list(map(leaf, "bc")) == ["b", "c"]')

    assert code == 0
    assert (workdir / ".genaiops").is_file()
