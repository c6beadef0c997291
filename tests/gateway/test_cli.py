import json
import socket

import pytest
from click.testing import CliRunner

import genaiops
from genaiops.cli.main import cli
from genaiops.gateway.guard import is_loopback


def run(*arguments):
    return CliRunner().invoke(cli, ["gateway", *arguments])


def test_try_asks_a_model_once():
    result = run("try", "offline/extractive", "Context: Dogs bark.\nQuestion: What do dogs do?")

    assert (result.exit_code, result.stdout) == (0, "Dogs bark.\n")
    [trace_id] = genaiops.sql("SELECT trace_id FROM traces").rows[0]
    assert trace_id in result.stderr


def test_try_goes_the_way_of_a_client(workdir):
    genaiops.register_prompt("about", "Context: {{what}} bark.\nQuestion: What do {{what}} do?")
    (workdir / "gateway.yaml").write_text(
        "models: {dogs: {prompt: about, targets: [offline/extractive]}}\n"
        "keys: [{name: a, key: 'sha256:" + "0" * 64 + "'}]\n"
        "guardrails: [{judge: pii, when: before, action: reject}]\n"
    )

    asked = run("try", "dogs", "--config", "gateway.yaml", "--var", "what=Dogs")
    refused = run(
        "try", "dogs", "I am a@example.org", "--config", "gateway.yaml", "--var", "what=x"
    )
    missing = run("try", "dogs", "--config", "gateway.yaml")
    nobody = run("try", "cats", "Hi", "--config", "gateway.yaml")

    assert (asked.exit_code, asked.stdout) == (0, "Dogs bark.\n")
    assert "offline/extractive: " in asked.stderr
    assert ", 0 USD; trace " in asked.stderr
    assert [r.exit_code for r in (refused, missing, nobody)] == [1, 1, 1]
    assert "'pii' does not let this request pass" in refused.stderr
    assert "what" in missing.stderr
    assert "model 'cats' is not served" in nobody.stderr
    assert run("try", "dogs", "--var", "what").exit_code == 2


def test_models_lists_names_for_programs(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-one")

    result = run("models", "--format", "json")

    known = [{"model": "offline/extractive", "target": "offline/extractive"}]
    assert json.loads(result.stdout) == known
    assert "openai/<model>" in result.stderr


def test_check_says_what_is_wrong_in_one_line(workdir):
    (workdir / "gateway.yaml").write_text("modles: {}\n")

    result = run("check", "--config", "gateway.yaml")

    assert result.exit_code == 1
    assert result.stderr == (
        "error: gateway.yaml:1: unknown key 'modles': use one of cache, guardrails, "
        "keys, models, providers, proxy, redis\n"
    )
    assert run("check").exit_code == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
def test_start_refuses_to_be_reached_from_other_machines(host):
    result = run("start", "--host", host)

    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith(f"error: host {host!r} can be reached")


def test_start_says_when_the_port_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("start", "--port", str(port))

    assert result.exit_code == 1
    assert f"port {port} of 127.0.0.1 cannot be used" in result.stderr


def test_names_of_loopback_are_known():
    assert all(map(is_loopback, ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "localhost.example.org", ""]))
