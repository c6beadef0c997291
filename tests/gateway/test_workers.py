"""A gateway of several processes, and one that is reloaded, while clients go on asking."""

import http.client
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.gateway.conftest import PROVIDERS
from tests.gateway.fake import STREAM, chat, streamed
from tests.gateway.test_app import BODY, only_own_spans, post, spans
from tests.gateway.test_operation import begin, listens

__all__ = ["only_own_spans"]  # a fixture, for this file too


def workers(gateway):
    """Ids of the processes that answer."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        ours = int(stat[1]) == gateway.process.pid and stat[0] != "Z"
        if ours and b"spawn_main" in command:
            found.append(int(entry.name))
    return sorted(found)


def until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_worker_that_is_killed_is_replaced_and_nobody_else_notices(provider, serve):
    gateway = serve("--workers", "2")
    until(lambda: len(workers(gateway)) == 2)
    before, done = workers(gateway), threading.Event()
    provider.say(*[chat()] * 2_000)
    statuses = []

    def ask():
        while not done.is_set():
            try:
                statuses.append(post(gateway, BODY)[0])
            except (OSError, http.client.HTTPException):  # it was with the one that died
                statuses.append(0)

    with ThreadPoolExecutor(3) as pool:
        for _ in range(3):
            pool.submit(ask)
        until(lambda: len(statuses) > 20)
        os.kill(before[0], signal.SIGKILL)
        until(lambda: len(workers(gateway)) == 2 and before[0] not in workers(gateway))
        enough = len(statuses) + 20
        until(lambda: len(statuses) > enough)
        done.set()

    assert before[1] in workers(gateway)
    assert statuses.count(200) >= len(statuses) - 3  # one for each client at the most
    assert {*statuses} <= {0, 200}
    answered = spans(gateway, statuses.count(200))
    assert [span["status"] for span in answered].count("ok") >= statuses.count(200)


def test_a_stream_of_a_worker_that_is_killed_does_not_look_complete(provider, serve):
    gateway, never = serve("--workers", "2"), threading.Event()
    provider.say(streamed(until=never))
    connection, answer = begin(gateway, BODY | {"stream": True})
    first = answer.read1()

    for pid in workers(gateway):
        os.kill(pid, signal.SIGKILL)

    assert first == STREAM[0]
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        answer.read()
    connection.close()
    never.set()
    provider.say(chat())
    until(lambda: len(workers(gateway)) == 2)
    assert post(gateway, BODY)[0] == 200


def test_all_workers_let_their_streams_finish(provider, serve):
    gateway, free = serve("--workers", "2"), threading.Event()
    provider.say(*[streamed(until=free) for _ in range(6)])
    open_now = [begin(gateway, BODY | {"stream": True}) for _ in range(6)]
    firsts = [answer.read1() for _, answer in open_now]

    gateway.process.send_signal(signal.SIGTERM)
    until(lambda: not listens(gateway.port))
    free.set()

    assert [first + answer.read() for first, (_, answer) in zip(firsts, open_now, strict=True)] == [
        b"".join(STREAM)
    ] * 6
    for connection, _ in open_now:
        connection.close()
    assert gateway.process.wait(30) == 0


def test_reloads_under_load_lose_no_request(provider, serve, workdir):
    file = workdir / "gateway.yaml"
    texts = [f"{PROVIDERS}models:\n  fast: openai/{name}\n" for name in ("one", "two")]
    file.write_text(texts[0])
    gateway, done = serve("--config", "gateway.yaml"), threading.Event()
    answers = []

    def ask(stream):
        while not done.is_set():
            answers.append(post(gateway, BODY | {"model": "fast", "stream": stream}))

    def say():
        while not done.is_set():
            if len(provider.script) < 50:
                provider.say(*[streamed()] * 50)
            time.sleep(0.005)

    provider.say(*[streamed()] * 50)
    with ThreadPoolExecutor(4) as pool:
        pool.submit(say)
        asking = [pool.submit(ask, True) for _ in range(3)]
        until(lambda: len(answers) > 5)
        for number in range(12):
            file.write_text("models: [\n" if number % 3 == 2 else texts[number % 2])
            gateway.process.send_signal(signal.SIGHUP)
            enough = len(answers) + 5
            until(lambda enough=enough: len(answers) >= enough)
        done.set()
        for future in asking:
            future.result()

    assert {status for status, _, _ in answers} == {200}
    assert {body for _, _, body in answers} == {b"".join(STREAM)}
    assert {headers["x-genaiops-model"] for _, headers, _ in answers} == {
        "openai/one",
        "openai/two",
    }
