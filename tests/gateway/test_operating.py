"""Running a gateway: reloads, counters, the access log, and who may do what."""

import json
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner

from genaiops.cli.main import cli
from tests.gateway.conftest import PROVIDERS
from tests.gateway.fake import STREAM, Reply, chat, refusal, streamed
from tests.gateway.redis_server import redis_server
from tests.gateway.test_app import BODY, HI, MODEL, error, post, spans
from tests.gateway.test_keys import LOCAL, bearer

OPS, TEAM = "gk_ops_0123456789abcdef", "gk_team_0123456789abcdef"
KEYS = (
    "keys:\n"
    "  - {name: ops, key: '${OPS_KEY}', admin: true}\n"
    "  - {name: team, key: '${TEAM_KEY}', limits: {rpm: 3}}\n"
)
FAST = "models: {fast: openai/gpt-5-mini}\n"
OTHER = "models: {fast: anthropic/claude, slow: openai/gpt-5}\n"


@pytest.fixture(autouse=True)
def secrets(monkeypatch):
    monkeypatch.setenv("OPS_KEY", OPS)
    monkeypatch.setenv("TEAM_KEY", TEAM)


def rewrite(gateway, more):
    (gateway.folder / "gateway.yaml").write_text(f"{PROVIDERS}{more}")


def reload(gateway, **headers):
    return post(gateway, b"", "/admin/reload", **headers)


def models_of(gateway, **headers):
    return [
        m["id"] for m in json.loads(post(gateway, b"", "/v1/models", "GET", **headers)[2])["data"]
    ]


def log_of(gateway, count):
    file = gateway.folder / "access.jsonl"
    until = time.monotonic() + 20
    while len(lines := file.read_text().splitlines()) < count and time.monotonic() < until:
        time.sleep(0.01)
    return [json.loads(line) for line in lines]


def counters(gateway, **headers):
    answer = post(gateway, b"", "/metrics", "GET", **headers)
    assert answer[0] == 200
    assert answer[1]["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in answer[2].decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


# reloads


def test_a_reload_changes_what_is_served(inside, provider):
    gateway = inside(FAST)

    rewrite(gateway, OTHER)
    answer = reload(gateway)

    assert answer[0] == 200
    assert json.loads(answer[2])["models"][:2] == ["fast", "slow"]
    assert models_of(gateway) == ["fast", "slow", "offline/extractive"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("models: {fast: nobody/x}\n", "'nobody/x'"),
        ("modles: {}\n", "unknown key 'modles'"),
        ("models: {a: [}\n", "this is not YAML"),
        ("guardrails: [{judge: nonsense, when: before, action: flag}]\n", "no judge 'nonsense'"),
        ("keys: [{name: a, key: '${NOT_SET_ANYWHERE}'}]\n", "NOT_SET_ANYWHERE"),
        ("cache: {semantic: {model: nobody/e, threshold: 0.9}}\n", "nobody/e"),
    ],
)
def test_a_broken_file_keeps_what_is_in_force(inside, provider, text, told):
    gateway = inside(FAST)
    provider.say(chat())

    rewrite(gateway, text)
    answer = reload(gateway)

    assert answer[0] == 400
    assert told in error(answer)["message"]
    assert error(answer)["message"].endswith("what was in force before still is")
    assert post(gateway, BODY | {"model": "fast"})[0] == 200


def test_a_request_under_way_keeps_the_configuration_it_began_with(inside, provider):
    gateway = inside(FAST)
    provider.say(streamed(STREAM[:1], hang=True))

    with ThreadPoolExecutor() as pool:
        under_way = pool.submit(post, gateway, BODY | {"model": "fast", "stream": True})
        while not provider.requests:
            time.sleep(0.005)
        rewrite(gateway, OTHER)
        assert reload(gateway)[0] == 200
        assert not under_way.done()
        provider.let_go()
        body = under_way.result()[2]

    assert b"Hel" in body


def test_answers_and_counts_outlive_a_reload_that_leaves_their_rules_alone(inside, provider):
    gateway = inside(f"cache: {{ttl_s: 60}}\n{KEYS}")
    provider.say(chat("kept"), chat("new"))
    assert post(gateway, BODY, **bearer(TEAM))[0] == 200

    rewrite(gateway, f"cache: {{ttl_s: 60}}\n{KEYS}{FAST}")
    assert reload(gateway)[0] == 200
    again = post(gateway, BODY, **bearer(TEAM))
    rewrite(gateway, f"cache: {{ttl_s: 61}}\n{KEYS}{FAST}")
    assert reload(gateway)[0] == 200
    fresh = post(gateway, BODY, **bearer(TEAM))

    assert [a[1]["x-genaiops-cache"] for a in (again, fresh)] == ["hit", "miss"]
    assert post(gateway, BODY, **bearer(TEAM))[0] == 429  # three a minute, before and after


def test_keys_come_and_go_with_the_file(inside, provider):
    gateway = inside(FAST)
    assert post(gateway, LOCAL)[0] == 200

    rewrite(gateway, KEYS)
    assert reload(gateway)[0] == 200
    with_keys = [post(gateway, LOCAL)[0], post(gateway, LOCAL, **bearer(TEAM))[0]]
    rewrite(gateway, FAST)
    assert reload(gateway)[0] == 200

    assert with_keys == [401, 200]
    assert post(gateway, LOCAL)[0] == 200


def test_reloads_and_counters_are_for_this_machine_and_admin_keys(inside, provider):
    gateway = inside(KEYS)

    for headers in (
        {"x_forwarded_for": "10.0.0.1"}, {"host": "gateway.example"}, {"via": "1.1 proxy"},
        {"x_forwarded_for": "10.0.0.1", **bearer(TEAM)},
    ):  # fmt: skip
        assert reload(gateway, **headers)[0] in (401, 403)
        assert post(gateway, b"", "/metrics", "GET", **headers)[0] in (401, 403)
    assert reload(gateway, x_forwarded_for="10.0.0.1", **bearer(OPS))[0] == 200
    assert counters(gateway, host="gateway.example", **bearer(OPS))
    cross = reload(gateway, origin="http://evil.example")
    assert cross[0] == 403


def test_sighup_reloads_a_process_and_its_log(provider, serve, workdir):
    (workdir / "gateway.yaml").write_text(f"{PROVIDERS}{FAST}")
    gateway = serve("--config", "gateway.yaml", "--access-log", "access.jsonl")
    provider.say(chat(), chat())
    assert post(gateway, BODY | {"model": "fast"})[0] == 200
    assert len(log_of(gateway, 1)) == 1

    (workdir / "access.jsonl").rename(workdir / "old.jsonl")
    (workdir / "gateway.yaml").write_text("modles: {}\n")
    gateway.process.send_signal(signal.SIGHUP)
    told = _until(gateway, "not reloaded")
    (workdir / "gateway.yaml").write_text(f"{PROVIDERS}{OTHER}")
    gateway.process.send_signal(signal.SIGHUP)
    _until(gateway, "reloaded")

    assert "unknown key 'modles'" in told
    assert "slow" in models_of(gateway)
    [line] = log_of(gateway, 1)
    assert line["path"] == "/v1/models"
    gateway.process.terminate()
    assert gateway.process.wait(30) == 0


def _until(gateway, words):
    assert gateway.process.stderr is not None
    for line in gateway.process.stderr:
        if words in line:
            return line
    raise AssertionError(words)


def test_workers_reload_together_and_count_together(provider, serve, workdir, tmp_path_factory):
    with redis_server(tmp_path_factory.mktemp("redis")) as redis:
        rules = f"redis: {redis.url}\n"
        (workdir / "gateway.yaml").write_text(f"{PROVIDERS}{FAST}{rules}")
        gateway = serve("--config", "gateway.yaml", "--workers", "2")
        provider.say(*[chat()] * 12)
        with ThreadPoolExecutor(4) as pool:
            ask = BODY | {"model": "fast"}
            assert {a[0] for a in pool.map(lambda _: post(gateway, ask), range(12))} == {200}
        counted = 'genaiops_gateway_requests_total{target="openai/gpt-5-mini",status="200"}'
        until = time.monotonic() + 20
        while counters(gateway).get(counted) != 12 and time.monotonic() < until:
            time.sleep(0.02)
        assert counters(gateway)[counted] == 12

        (workdir / "gateway.yaml").write_text(f"{PROVIDERS}{OTHER}{rules}")
        assert reload(gateway)[0] == 200
        in_a_row = 0
        until = time.monotonic() + 30
        while in_a_row < 20 and time.monotonic() < until:
            in_a_row = in_a_row + 1 if "slow" in models_of(gateway) else 0

        assert in_a_row == 20
        gateway.process.terminate()
        assert gateway.process.wait(30) == 0


# counters and the log


def test_every_request_is_counted_for_prometheus(inside, provider):
    gateway = inside("cache: {}\nguardrails: [{judge: pii, when: before, action: mask}]\n")
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "cost": 0.25}
    provider.say(chat(usage=usage), streamed(), refusal(400, "no"))
    mail = {"model": MODEL, "messages": [{"role": "user", "content": "a@example.org"}]}

    post(gateway, mail)
    post(gateway, mail)
    post(gateway, BODY | {"stream": True})
    post(gateway, BODY | {"seed": 1})
    post(gateway, BODY | {"model": "nobody/x"})
    post(gateway, b"", "/nowhere")
    found = counters(gateway)

    name, label = "genaiops_gateway_requests_total", f'target="{MODEL}"'
    assert found[f'{name}{{{label},status="200"}}'] == 3
    assert found[f'{name}{{{label},status="400"}}'] == 1
    assert found[f'{name}{{target="",status="404"}}'] == 2
    assert found[f'genaiops_gateway_tokens_total{{{label},type="input"}}'] == 22
    assert found[f"genaiops_gateway_cost_usd_total{{{label}}}"] == 0.25
    assert found['genaiops_gateway_cache_total{outcome="hit"}'] == 1
    assert found['genaiops_gateway_cache_total{outcome="miss"}'] == 3
    assert found['genaiops_gateway_guardrails_total{guardrail="pii",action="mask"}'] == 2
    assert found[f"gen_ai_server_time_to_first_token_seconds_count{{{label}}}"] == 1
    assert found["genaiops_gateway_in_flight"] == 1
    assert found["genaiops_gateway_cache_bytes"] > 0


def test_a_target_that_is_left_alone_is_seen(inside, provider):
    gateway = inside(
        "models: {two: {targets: [openai/a], fallback: [b], cooldown: {failures: 1, seconds: 60},"
        " retries: 0}, b: openai/b}\n"
    )
    provider.say(refusal(500, "no"), chat())

    assert post(gateway, BODY | {"model": "two"})[0] == 200

    assert counters(gateway)['genaiops_gateway_target_cooling_down{target="openai/a"}'] == 1


def test_the_access_log_says_who_asked_whom_and_nothing_of_what(inside, provider):
    gateway = inside(KEYS + FAST)
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "cost": 0.25}
    provider.say(chat("a secret answer", usage=usage), streamed(), refusal(400, "a secret reason"))
    said = {"model": "fast", "messages": [{"role": "user", "content": "a secret question"}]}

    answer = post(gateway, said, "/v1/chat/completions?secret=1", **bearer(OPS))
    post(gateway, said | {"stream": True}, **bearer(OPS))
    post(gateway, said, **bearer(OPS))
    post(gateway, said, **bearer("gk_wrong"))
    post(gateway, b"", "/health/live", "GET")
    lines = log_of(gateway, 4)

    assert "secret" not in json.dumps(lines)
    assert "gk_" not in json.dumps(lines)
    first, second, third, fourth = lines
    times = {name: first.pop(name) for name in ("time", "ms", "overhead_ms")}
    assert times["time"].endswith("+00:00")
    assert 0 <= times["overhead_ms"] <= times["ms"]
    assert first == {
        "client": "127.0.0.1", "method": "POST", "path": "/v1/chat/completions", "status": 200,
        "key": "ops", "model": "fast", "target": MODEL, "attempts": 1,
        "input_tokens": 10, "output_tokens": 5, "cost_usd": 0.25,
        "trace_id": answer[1]["x-genaiops-trace-id"],
    }  # fmt: skip
    assert (second["stream"], second["output_tokens"]) == (True, 2)
    assert (third["status"], third["error"]) == (400, "400")
    assert (fourth["status"], fourth["error"], fourth.get("key")) == (401, "key_invalid", None)


def test_a_client_that_left_is_in_the_log_as_such(inside, provider):
    gateway = inside()
    provider.say(Reply(hang=True))
    data = json.dumps(BODY).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(data)}"
    with socket.create_connection(("127.0.0.1", gateway.port)) as leaving:
        leaving.sendall(f"{head}\r\ncontent-type: application/json\r\n\r\n".encode() + data)
        while not provider.requests:
            time.sleep(0.005)

    [line] = log_of(gateway, 1)
    assert line["status"] == 499


def test_a_log_that_cannot_be_written_is_told_before_anything_starts(workdir):
    result = CliRunner().invoke(
        cli, ["gateway", "start", "--port", "0", "--access-log", "no/such/folder/x"]
    )

    assert result.exit_code == 1
    assert "the access log 'no/such/folder/x' cannot be written" in result.stderr


def test_a_trace_is_continued(inside, provider):
    gateway = inside()
    provider.say(chat())
    parent = "00-" + "c" * 32 + "-" + "d" * 16 + "-01"

    answer = post(gateway, {"model": MODEL, "messages": HI}, traceparent=parent)

    assert answer[1]["x-genaiops-trace-id"] == "c" * 32
    [span] = spans(gateway)
    assert (span["trace_id"], span["parent_span_id"]) == ("c" * 32, "d" * 16)


def test_overhead_is_told_on_every_answer(inside, provider):
    gateway = inside()
    provider.say(chat(), streamed())

    answers = [post(gateway, BODY | {"stream": stream}) for stream in (False, True)]

    assert all(float(a[1]["x-genaiops-overhead-ms"]) < 10_000 for a in answers)
    assert os.sep not in answers[0][1]["x-genaiops-trace-id"]


@pytest.mark.parametrize(
    "line",
    [
        b"authorization: Bearer \xff\xfe", b"authorization: Bearer", b"authorization: \t",
        b"x-api-key: " + b"k" * 9000, b"x-goog-api-key: \xc3\x28", b"authorization: Digest a=b",
    ],
)  # fmt: skip
def test_odd_keys_are_wrong_keys(inside, provider, line):
    gateway = inside(KEYS)
    for path in (b"/v1/models", b"/proxy/openai/v1/x", b"/v1/models/x"):
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as raw:
            raw.sendall(b"GET %b HTTP/1.1\r\nhost: localhost\r\n%b\r\n\r\n" % (path, line))
            assert raw.recv(65_536).startswith(b"HTTP/1.1 401 ")
    assert provider.requests == []


def test_odd_headers_do_not_matter(inside, provider):
    gateway = inside("cache: {}\n")
    body = json.dumps(BODY).encode()
    odd = (
        b"x-genaiops-cache: \xff",
        b"traceparent: 00-zz",
        b"baggage: \xff=;,",
        b"anthropic-beta: \xe9",
    )
    provider.say(*[chat()] * len(odd))
    for path in (b"/v1/chat/completions", b"/v1/messages"):
        for line in odd:
            head = b"POST %b HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n%b\r\n" % (
                path,
                len(body),
                line,
            )
            with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as raw:
                raw.sendall(head + b"content-type: application/json\r\n\r\n" + body)
                assert raw.recv(65_536).startswith(b"HTTP/1.1 200 ")
