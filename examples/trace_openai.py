"""Trace calls of OpenAI's SDK; here they go to a gateway on this machine, which needs no key."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from openai import OpenAI

import genaiops

QUESTION = """Question: What does the walrus operator do?
Context: The walrus operator assigns a value inside an expression."""


@contextmanager
def gateway() -> Iterator[str]:
    """What `genaiops gateway start` in another terminal does; gives its address."""
    command = [sys.executable, "-m", "genaiops", "gateway", "start", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield re.search(r"http://\S+/v1", process.stderr.readline())[0]
        finally:
            process.terminate()


genaiops.openai.autolog()
with gateway() as address, OpenAI(base_url=address, api_key="none is checked") as client:
    reply = client.chat.completions.create(
        model="offline/extractive", messages=[{"role": "user", "content": QUESTION}]
    )
print(reply.choices[0].message.content)

trace = genaiops.get_trace(genaiops.get_last_active_trace_id())
print(trace.tree())
print(f"{trace.root.provider} {trace.root.request_model}: {trace.root.input_tokens} tokens in")
