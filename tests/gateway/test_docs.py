"""docs/gateway.md does what it says: every file is served, every command and every client runs."""

import re
import shlex
from contextlib import ExitStack
from pathlib import Path

from tests.gateway.conftest import gateway_process
from tests.gateway.fake import STREAM, Reply, chat, streamed
from tests.gateway.redis_server import redis_server
from tests.gateway.test_caching import embedding
from tests.prompts.test_docs import shell

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "gateway.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:4000"


class Obliging(list):
    """A script that never ends: what fits the request."""

    def __init__(self, provider):
        super().__init__()
        self._provider = provider

    def pop(self, _index=-1):
        request = self._provider.requests[-1]
        if request.path.endswith("/embeddings"):
            return embedding(1.0, 0.0)
        if request.path.endswith("/images/generations"):
            return Reply(pieces=[b'{"data": [{"url": "u"}]}'])
        return streamed(STREAM) if request.json.get("stream") else chat("Hello!")


def test_every_block_of_the_page_runs(provider, workdir, monkeypatch, capsys, tmp_path_factory):
    provider.script = Obliging(provider)
    names, url = {}, None
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server(tmp_path_factory.mktemp("redis")))
        running = stack.enter_context(ExitStack())
        blocks = BLOCK.findall(PAGE.read_text("utf-8"))
        for language, source in blocks:
            source = source.replace("redis://127.0.0.1:6379", redis.url)
            if language == "yaml":
                (workdir / "gateway.yaml").write_text(source)
                monkeypatch.setenv("TEAM_A_KEY", "gk_a-long-secret-of-team-a")
                monkeypatch.setenv("OPS_KEY", "gk_a-long-secret-of-ops")
                shell("genaiops gateway check --config gateway.yaml", workdir)
            elif language == "sh":
                shell(source, workdir)
            elif language == "bash":
                running.close()
                for line in source.splitlines():
                    if line.startswith("export "):
                        monkeypatch.setenv(*line.removeprefix("export ").split("=", 1))
                    else:
                        options = shlex.split(line.removeprefix("genaiops gateway start"))
                        url = running.enter_context(gateway_process(workdir, *options)).url
            else:
                assert url is not None
                exec(compile(source.replace(ADDRESS, url), str(PAGE), "exec"), names)
        names["local"].close()

    assert {language for language, _ in blocks} == {"bash", "python", "sh", "yaml"}
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["Hello!", "Hello!"]
    assert said[2:5] == ["miss", "hit", "off"]
    assert said[5] == "['fast']"
    [asked] = [r.json for r in provider.requests if b"people who use" in r.body]
    assert asked["messages"][0]["content"] == "You help people who use the lamp."
    assert asked["temperature"] == 0.2
    assert (workdir / "access.jsonl").stat().st_size > 0
