"""SIGKILL while a better prompt is looked for: no stored answer is paid for again."""

import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import genaiops
from tests.eval.conftest import Model

KILLS = int(os.environ.get("GENAIOPS_FAULT_KILLS", "8"))
PROGRAM = Path(__file__).parent / "scripts" / "optimization.py"
MARK = re.compile(r"<\w+>")


def answer(request, number):
    """An answer that names the request; some candidates are better than others."""
    text = request["messages"][-1]["content"]
    mark = f"<{hashlib.sha256(text.encode()).hexdigest()[:16]}>"
    if text.startswith("Improve an instruction"):
        return f"```\nGive the number {mark}: {{{{question}}}}\n```"
    asked = text.split()[-1].rstrip("?")
    known = text.startswith("Give") and int(MARK.search(text)[0][1], 16) >= int(asked) % 16
    return f"{asked if known else 'nothing'} {mark}"


def start():
    """The program; its store is that of the current folder."""
    return subprocess.Popen(
        [sys.executable, str(PROGRAM)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def searched():
    """What the program printed when nobody disturbed it."""
    printed, errors = start().communicate()
    assert errors == ""
    return json.loads(printed)


def stored():
    rows = genaiops.sql("SELECT response FROM answers WHERE kind LIKE 'optimize:%'").rows
    return {MARK.search(said["text"])[0] for (said,) in rows}


def test_a_killed_search_goes_on_without_paying_twice(workdir, monkeypatch):
    generator, model = random.Random(7), Model(answer)
    monkeypatch.setenv("OPENAI_BASE_URL", model.url)
    monkeypatch.setenv("OPENAI_API_KEY", "test-key-for-loopback")
    genaiops.register_prompt("qa", "Say: {{question}}")
    kept = [set()]

    for _ in range(-(-KILLS // 2)):
        asked = len(model.requests)
        process = start()
        aim = asked + generator.randrange(1, 12)
        while process.poll() is None and len(model.requests) < aim:
            time.sleep(0.001)
        time.sleep(generator.random() * 0.02)
        process.send_signal(signal.SIGKILL)
        assert process.communicate()[1] == ""
        said = {MARK.search(answer(request, 0))[0] for request in model.requests[asked:]}
        assert not said & kept[-1], "paid for a stored answer again"
        kept.append(stored())
        assert kept[-2] <= kept[-1], "lost"
    asked = len(model.requests)
    *found, paid = searched()

    assert len(model.requests) - asked == paid == len(stored() - kept[-1])
    assert searched() == [*found, 0]
    monkeypatch.setenv("GENAIOPS_TRACKING_URI", str(workdir / "undisturbed"))
    genaiops.set_tracking_uri(str(workdir / "undisturbed"))
    genaiops.register_prompt("qa", "Say: {{question}}")
    assert searched()[:3] == found
    model.shutdown()
    model.server_close()
