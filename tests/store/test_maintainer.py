"""The maintainer that serves ends with its parent, whenever that died."""

import subprocess
import sys
import time
from pathlib import Path


def test_a_maintainer_whose_parent_died_before_it_had_started_ends(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    done = subprocess.run(
        [sys.executable, "-m", "genaiops.store.maintainer", tmp_path, "--serve", str(gone.pid)],
        check=False,
        timeout=60,
    )

    assert done.returncode == 0


def test_a_serving_maintainer_ends_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys, genaiops.store.maintainer as m;"
        "child = m.start_child(pathlib.Path(sys.argv[1])); print(child.pid, flush=True);"
        "sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())

    parent.kill()
    parent.communicate()

    assert _ended(child)


def _ended(pid: int) -> bool:
    """Whether the process is gone within a minute."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":  # nobody has asked for its status yet
            return True
        time.sleep(0.05)
    return False
