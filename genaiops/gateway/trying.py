"""One request to a gateway that nobody has started: the same way as a client's, without a socket."""

import asyncio
import json
from collections.abc import Mapping, MutableMapping
from typing import Any, NamedTuple

from genaiops.errors import NotFoundError, ProviderError
from genaiops.gateway.app import Gateway
from genaiops.gateway.config import Routes

__all__ = ["Tried", "ask_once"]

_Json = dict[str, Any]


class Tried(NamedTuple):
    """What a model answered: the completion, OpenAI-shaped, and the headers of the answer."""

    completion: _Json
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        """What it says; of a call of tools, the call."""
        message: _Json = self.completion["choices"][0]["message"]
        return str(message.get("content") or json.dumps(message.get("tool_calls") or message))


def ask_once(
    routes: Routes, model: str, text: str, variables: Mapping[str, str] | None = None
) -> Tried:
    """Asks a model as a client would: targets, prompt, guardrails and all, but without a key.

    Args:
        routes: What is served.
        model: As clients name it.
        text: What the user says; empty for nothing, where a prompt says enough.
        variables: Of the prompt that the model is.

    Raises: GenaiopsError with the sentence that a client would get.
    """
    body: _Json = {
        "model": model,
        "messages": [{"role": "user", "content": text}] if text else [],
    }
    if variables:
        body["prompt_variables"] = variables
    status, headers, said = asyncio.run(_request(Gateway(routes), json.dumps(body).encode()))
    answer: _Json = json.loads(said)
    if status == 404:
        raise NotFoundError(answer["error"]["message"])
    if status != 200:
        raise ProviderError(answer["error"]["message"], status=status)
    return Tried(answer, headers)


async def _request(gateway: Gateway, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
    sent: list[MutableMapping[str, Any]] = []
    asked = asyncio.Event()

    async def receive() -> MutableMapping[str, Any]:
        if asked.is_set():
            await asyncio.Event().wait()  # the client stays
        asked.set()
        return {"type": "http.request", "body": body}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    path = "/v1/chat/completions"
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    await gateway(scope, receive, send)
    found = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent)
