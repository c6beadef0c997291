"""The Responses API in front of a provider that knows chat completions only."""

import asyncio
import json
from dataclasses import replace

import pytest

from genaiops.gateway.app import Gateway
from genaiops.gateway.config import Endpoint, Routes
from genaiops.gateway.providers import provider as kind
from genaiops.gateway.sse import events_of
from tests.gateway.fake import chat, streamed


def respond(provider, **more):
    """Status and body of one request to ``/v1/responses``, answered in this process."""
    chat_only = replace(kind("openai"), responses=False)
    endpoint = Endpoint(name="o", provider=chat_only, base_url=f"{provider.url}/v1", key="k")
    body = json.dumps({"model": "o/x", "input": "Hi"} | more).encode()
    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/v1/responses", "headers": headers}
    sent = []

    async def main():
        asked = [{"type": "http.request", "body": body}]

        async def receive():
            if asked:
                return asked.pop()
            return await asyncio.Future()

        async def send(message):
            sent.append(message)

        await Gateway(Routes(endpoints={"o": endpoint}))(scope, receive, send)

    asyncio.run(main())
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


def test_a_provider_without_the_responses_api_is_asked_for_a_chat(provider):
    provider.say(chat("Hello!"), streamed())

    whole = json.loads(respond(provider, instructions="Be kind.")[1])
    stream = [json.loads(e.data) for e in events_of(respond(provider, stream=True)[1])]

    assert whole["output"][0]["content"][0]["text"] == "Hello!"
    assert whole["usage"]["input_tokens_details"]["cached_tokens"] == 4
    assert (stream[0]["type"], stream[-1]["type"]) == ("response.created", "response.completed")
    assert stream[-1]["response"]["output"][0]["content"][0]["text"] == "Hello!"
    assert [request.path for request in provider.requests] == ["/v1/chat/completions"] * 2
    assert provider.requests[0].json["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
    ]


@pytest.mark.parametrize("name", ["previous_response_id", "conversation"])
def test_what_only_the_responses_api_can_answer_is_refused(provider, name):
    status, body = respond(provider, **{name: "resp_1"})

    assert (status, provider.requests) == (400, [])
    assert name in json.loads(body)["error"]["message"]
