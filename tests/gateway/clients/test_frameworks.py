"""LangChain, LiteLLM and the OpenAI Agents SDK, unmodified, against providers of both dialects."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

QUIET = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_TELEMETRY": "False",
    "OPENAI_AGENTS_DISABLE_TRACING": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
}
CLIENTS = [
    "langchain_openai",
    "langchain_anthropic",
    "litellm_openai",
    "litellm_anthropic",
    "agents_chat",
    "agents_responses",
]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_framework_chats_streams_and_runs_tools(url, model, client, tmp_path):
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("frameworks.py"), url, model, client],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | QUIET,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    hello = "Hello you!"
    loop = "It is 3 in Oslo and 19 in Rome."
    assert json.loads(done.stdout.splitlines()[-1]) == [hello, hello, loop, ["Oslo", "Rome"]]
