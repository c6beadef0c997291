"""OpenAI autolog over the whole API: each kind of call is one span, and of binary data only its size."""

import base64

import openai
import pytest

import genaiops
from tests.tracing.autolog.openai_events import streamed
from tests.tracing.autolog.server import Answer, serving, whole

ROW = (
    "name, span_type, status, operation, provider, request_model, response_model, response_id, "
    "finish_reasons, input_tokens, output_tokens, inputs, outputs, attributes, ttft_ms"
)
DATA = base64.b64encode(b"\x89PNG" + b"\0" * 3_000).decode()


@pytest.fixture(scope="module")
def server():
    with serving() as made:
        yield made


@pytest.fixture(scope="module")
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="k", max_retries=1) as made:
        yield made


@pytest.fixture(autouse=True)
def autologged():
    genaiops.openai.autolog()
    yield
    genaiops.openai.autolog(disable=True)


def batch(client):
    return client.batches.create(
        input_file_id="f", endpoint="/v1/responses", completion_window="24h"
    )


TOKENS = {"usage": {"prompt_tokens": 4, "total_tokens": 4}}
IMAGE_USAGE = {"usage": {"input_tokens": 9, "output_tokens": 50, "total_tokens": 59, "input_tokens_details": {"text_tokens": 9, "image_tokens": 0}}}  # fmt: skip
FOUND = {"file_id": "f1", "filename": "a.txt", "score": 0.9, "attributes": {"lang": "en"}, "content": [{"type": "text", "text": "The paper is here."}]}  # fmt: skip
BATCH = {"id": "b1", "object": "batch", "endpoint": "/v1/responses", "input_file_id": "f", "completion_window": "24h", "status": "validating", "created_at": 1}  # fmt: skip
FILE = {"id": "f1", "object": "file", "bytes": 5, "created_at": 1, "filename": "a.jsonl", "purpose": "batch", "status": "processed"}  # fmt: skip
LIST = {"object": "list", "data": [], "has_more": False}
KINDS = {
    "completion": (
        lambda c: c.completions.create(model="m", prompt="Four and five?", max_tokens=9),
        whole({"id": "r1", "object": "text_completion", "created": 1, "model": "m-1", "choices": [{"index": 0, "text": "Nine", "finish_reason": "stop", "logprobs": None}]} | TOKENS),
        {"name": "text_completion m", "span_type": "llm", "outputs": "Nine", "finish_reasons": ["stop"], "input_tokens": 4, "inputs": {"prompt": "Four and five?"}},
    ),
    "streamed completion": (
        lambda c: list(c.completions.create(model="m", prompt="Four?", stream=True)),
        streamed([{"id": "r1", "object": "text_completion", "created": 1, "model": "m-1", "choices": [{"index": 0, "text": text, "finish_reason": reason, "logprobs": None}]} for text, reason in (("Ni", None), ("ne", "stop"))]),
        {"name": "text_completion m", "outputs": "Nine", "finish_reasons": ["stop"]},
    ),
    "embeddings": (
        lambda c: c.embeddings.create(model="m", input=["a", "b"]),
        whole({"object": "list", "model": "m-1", "data": [{"object": "embedding", "index": 0, "embedding": base64.b64encode(bytes(12)).decode()}]} | TOKENS),
        {"name": "embeddings m", "span_type": "embedding", "outputs": {"vectors": 1, "dimensions": 3}, "input_tokens": 4, "response_model": "m-1", "inputs": {"input": ["a", "b"]}},
    ),
    "image": (
        lambda c: c.images.generate(model="m", prompt="A cat"),
        whole({"created": 1, "output_format": "png", "data": [{"b64_json": DATA}]} | IMAGE_USAGE),
        {"name": "generate_content m", "span_type": "llm", "outputs": {"data": [{"b64_json": "[3004 bytes]"}], "output_format": "png"}, "input_tokens": 9, "output_tokens": 50},
    ),
    "image edit": (
        lambda c: c.images.edit(model="m", prompt="A dog", image=("in.png", b"\x89PNG", "image/png")),
        whole({"created": 1, "data": [{"url": "https://example.org/1.png"}]}),
        {"name": "generate_content m", "inputs": {"model": "m", "prompt": "A dog", "files": [{"field": "image", "name": "in.png", "kind": "image/png", "bytes": 4}]}},
    ),
    "streamed image": (
        lambda c: list(c.images.generate(model="m", prompt="A cat", stream=True)),
        streamed([{"type": "image_generation.partial_image", "b64_json": DATA}, {"type": "image_generation.completed", "b64_json": DATA, "size": "1x1"} | IMAGE_USAGE]),
        {"outputs": {"b64_json": "[3004 bytes]", "size": "1x1"}, "output_tokens": 50},
    ),
    "speech": (
        lambda c: c.audio.speech.create(model="m", voice="alloy", input="Hello").read(),
        Answer(body=bytes(4_000), kind="audio/mpeg"),
        {"name": "generate_content m", "outputs": {"kind": "audio/mpeg", "bytes": 4_000}, "inputs": {"input": "Hello", "model": "m", "voice": "alloy"}},
    ),
    "transcript": (
        lambda c: c.audio.transcriptions.create(model="m", file=("a.wav", bytes(9), "audio/wav")),
        whole({"text": "Hello.", "usage": {"type": "tokens", "input_tokens": 7, "output_tokens": 2, "total_tokens": 9, "input_token_details": {"audio_tokens": 7}}}),
        {"outputs": "Hello.", "input_tokens": 7, "output_tokens": 2},
    ),
    "transcript as text": (
        lambda c: c.audio.transcriptions.create(model="m", file=("a.wav", bytes(9)), response_format="text"),
        Answer(body=b"Hello.", kind="text/plain"),
        {"outputs": "Hello."},
    ),
    "streamed transcript": (
        lambda c: list(c.audio.transcriptions.create(model="m", file=("a.wav", bytes(9)), stream=True)),
        streamed([{"type": "transcript.text.delta", "delta": "Hel"}, {"type": "transcript.text.delta", "delta": "lo."}, {"type": "transcript.text.done", "text": "Hello."}]),
        {"outputs": "Hello.", "status": "ok"},
    ),
    "moderation": (
        lambda c: c.moderations.create(model="m", input="Hello"),
        whole({"id": "mod1", "model": "m-1", "results": [{"flagged": False, "categories": {}, "category_scores": {}, "category_applied_input_types": {}}]}),
        {"name": "moderation m", "span_type": "guardrail", "response_id": "mod1"},
    ),
    "search": (
        lambda c: c.vector_stores.search("vs1", query="Where is it?"),
        whole({"object": "vector_store.search_results.page", "search_query": ["q"], "data": [FOUND], "has_more": False, "next_page": None}),
        {"name": "retrieval", "span_type": "retriever", "outputs": [{"id": "f1", "score": 0.9, "content": "The paper is here.", "metadata": {"filename": "a.txt", "lang": "en"}}]},
    ),
    "batch": (batch, whole(BATCH), {"name": "create_batch", "span_type": "function", "outputs": BATCH}),
    "file": (
        lambda c: c.files.create(file=("a.jsonl", b"{}"), purpose="batch"),
        whole(FILE),
        {"name": "upload_file", "inputs": {"purpose": "batch", "files": [{"field": "file", "name": "a.jsonl", "bytes": 2}]}},
    ),
    "file content": (
        lambda c: c.files.content("f1").read(),
        Answer(body=bytes(70), kind="application/octet-stream"),
        {"name": "download_file", "outputs": {"kind": "application/octet-stream", "bytes": 70}},
    ),
    "list": (lambda c: list(c.files.list()), whole(LIST), {"name": "list_files", "outputs": LIST}),
    "conversation": (
        lambda c: c.conversations.create(items=[{"role": "user", "content": "Hi", "type": "message"}]),
        whole({"id": "conv_1", "object": "conversation", "created_at": 1, "metadata": {}}),
        {"name": "create_conversation", "span_type": "function", "response_id": "conv_1"},
    ),
    "counting": (
        lambda c: c.responses.input_tokens.count(model="m", input="Hi"),
        whole({"object": "response.input_tokens", "input_tokens": 11}),
        {"name": "count_tokens m", "span_type": "function", "input_tokens": None, "outputs": {"object": "response.input_tokens", "input_tokens": 11}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_call_is_one_span(server, client, spans, kind):
    ask, answer, expected = KINDS[kind]
    server.answers = [answer]

    ask(client)

    (span,) = spans(ROW)
    assert {name: span[name] for name in expected} == expected
    assert (span["status"], span["provider"]) == ("ok", "openai")
    assert span["operation"] == span["name"].split()[0]
    assert DATA[:200] not in str(span)
