"""Properties of the translation: round trips, any split of the bytes, and the SDKs as oracles."""

import itertools
import json

import msgspec
import pydantic
import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import RawMessageStreamEvent
from hypothesis import given, settings, strategies as st
from openai import omit
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent

from genaiops.errors import BadRequestError, ProviderError
from genaiops.gateway.dialects import anthropic, chat_requests, chat_streams, openai_responses
from genaiops.gateway.dialects.form import (
    Answer,
    Image,
    Redacted,
    Request,
    Text,
    Thinking,
    Tokens,
    Tool,
    ToolCall,
    ToolResult,
    events_of_answer,
    fold,
)
from genaiops.gateway.dialects.openai_chat import fold as fold_chunks
from genaiops.gateway.dialects.readers import Outgoing, write_completion
from genaiops.gateway.sse import DONE, Splitter, write_event

ANTHROPIC_EVENT = pydantic.TypeAdapter(RawMessageStreamEvent)
RESPONSE_EVENT = pydantic.TypeAdapter(ResponseStreamEvent)

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
names = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
counts = st.integers(0, 10**6)
arguments = st.dictionaries(texts, st.integers(0, 9) | texts, max_size=3).map(
    lambda value: msgspec.json.encode(value).decode()
)
signed = st.lists(
    st.builds(Thinking, texts, texts) | st.builds(Redacted, texts), min_size=0, max_size=3
)
thoughts = signed | st.lists(st.builds(Thinking, texts), max_size=1)
ids = st.integers(0, 99).map("call_{}".format)


@st.composite
def answers(draw):
    one = st.builds(ToolCall, ids, names, arguments)
    calls = draw(st.lists(one, max_size=3, unique_by=lambda call: call.id))
    parts = [*draw(thoughts), *draw(st.lists(st.builds(Text, texts), max_size=1)), *calls]
    stops = ["tool_use"] if calls else ["end_turn", "max_tokens"]
    usage = Tokens(draw(counts) + 200, draw(counts), draw(st.integers(0, 99)), 7, None)
    stop = draw(st.sampled_from(stops))
    return Answer(id="resp_1", model="m", parts=parts, stop=stop, usage=usage)


@st.composite
def requests(draw):
    request = Request(model="m", system=draw(st.lists(st.builds(Text, texts), max_size=1)))
    image = st.sampled_from([Image("image/png", "aGk="), Image(url="https://h/x.png")])
    said = st.lists(st.builds(Text, texts) | image, min_size=1, max_size=3)
    request.add("user", draw(said))
    for number in range(draw(st.integers(0, 2))):
        calls = [ToolCall(f"c{number}_{i}", draw(names), draw(arguments)) for i in range(2)]
        request.add("assistant", [*draw(signed), Text(draw(texts)), *calls])
        request.add("user", [ToolResult(call.id, (Text(draw(texts)),)) for call in calls])
    request.tools = draw(
        st.lists(st.builds(Tool, name=names, schema=st.just({"type": "object"})), max_size=2)
    )
    request.choice = draw(st.sampled_from([None, "auto", "none", "any", "tool:x"]))
    request.max_tokens = draw(st.integers(1, 9))
    request.temperature = draw(st.none() | st.floats(0, 1))
    request.stream = draw(st.sampled_from([None, True]))
    request.effort = draw(st.sampled_from([None, "low", "high"]))
    schema = {"name": "answer", "schema": {"type": "object"}, "strict": True}
    request.format = draw(st.sampled_from([None, schema]))
    return request


def chat_bytes(events):
    writer = chat_streams.ChunkWriter()
    chunks = [chunk for event in events for chunk in writer.feed(event)]
    return b"".join(write_event(json.dumps(c).encode()) for c in chunks) + write_event(DONE)


def native_bytes(module):
    def written(events):
        writer = module.EventWriter()
        return b"".join(map(writer.feed, events))

    return written


WRITERS = {
    "openai": chat_bytes,
    "responses": native_bytes(openai_responses),
    "anthropic": native_bytes(anthropic),
}
READERS = {"openai": chat_streams, "responses": openai_responses, "anthropic": anthropic}
DIALECTS = list(WRITERS)


def read(dialect, pieces):
    """The events in the pieces of a stream."""
    splitter, reader = Splitter(), READERS[dialect].EventReader()
    events = []
    for event in [event for piece in pieces for event in splitter.feed(piece)]:
        if event.data == DONE:
            events += reader.finish()
        else:
            events += reader.feed(json.loads(event.data))
    return events


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(deadline=None)
@given(answer=answers(), cuts=st.lists(st.integers(0, 4000), max_size=12))
def test_a_folded_stream_is_the_whole_answer_however_its_bytes_are_split(dialect, answer, cuts):
    whole = WRITERS[dialect](events_of_answer(answer))
    places = sorted({0, *(cut for cut in cuts if cut < len(whole)), len(whole)})
    pieces = [whole[a:b] for a, b in itertools.pairwise(places)]

    folded = fold(read(dialect, pieces))

    assert folded == READERS[dialect].read_response(READERS[dialect].write_response(answer))
    assert folded.parts == answer.parts
    assert (folded.stop, folded.usage.output) == (answer.stop, answer.usage.output)
    assert folded.usage.input == answer.usage.input


@pytest.mark.parametrize("client", DIALECTS)
@settings(deadline=None)
@given(answer=answers())
def test_a_client_gets_the_same_from_a_stream_and_from_a_whole_answer(client, answer):
    writer = chat_streams.ChunkWriter()
    chunks = [chunk for event in events_of_answer(answer) for chunk in writer.feed(event)]
    outgoing = Outgoing(client)

    streamed = b"".join(map(outgoing.feed, chunks)) + outgoing.finish()

    whole = json.loads(write_completion(client, fold_chunks(chunks)))
    assert fold(read(client, [streamed])) == READERS[client].read_response(whole)


@settings(deadline=None)
@given(answer=answers())
def test_openais_accumulator_agrees(answer):
    writer, state = chat_streams.ChunkWriter(), ChatCompletionStreamState()

    for event in events_of_answer(answer):
        for chunk in writer.feed(event):
            state.handle_chunk(ChatCompletionChunk.model_validate(chunk))

    made = state.current_completion_snapshot.model_dump(exclude_none=True)
    assert chat_streams.read_response(made).parts == answer.parts


@settings(deadline=None)
@given(answer=answers())
def test_anthropics_accumulator_agrees(answer):
    whole = WRITERS["anthropic"](events_of_answer(answer))
    snapshot, buffers = None, {}

    for event in Splitter().feed(whole):
        value = json.loads(event.data)
        if value["type"] == "ping":
            continue
        typed = ANTHROPIC_EVENT.validate_python(value)
        snapshot = accumulate_event(event=typed, current_snapshot=snapshot, json_bufs=buffers)

    made = snapshot.to_dict()
    assert anthropic.read_response(made).parts == answer.parts
    assert made["stop_reason"] == anthropic.write_response(answer)["stop_reason"]
    assert made["usage"]["output_tokens"] == answer.usage.output


@settings(deadline=None)
@given(answer=answers())
def test_the_accumulator_of_the_responses_api_agrees(answer):
    whole = WRITERS["responses"](events_of_answer(answer))
    state = ResponseStreamState(input_tools=omit, text_format=omit)
    final = None

    for event in Splitter().feed(whole):
        for told in state.handle_event(RESPONSE_EVENT.validate_json(event.data)):
            final = getattr(told, "response", final)

    assert openai_responses.read_response(final.to_dict()).parts == answer.parts


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
@settings(deadline=None)
@given(request_=requests())
def test_a_request_survives_its_dialect(dialect, request_):
    if dialect == "openai":
        body, dropped = chat_requests.write_request(request_, extended=True)
        found = chat_requests.read_request(json.loads(json.dumps(body)))
    else:
        body, dropped = anthropic.write_request(request_)
        found = anthropic.read_request(json.loads(json.dumps(body)))

    assert dropped == []
    assert found == request_


@settings(deadline=None)
@given(request_=requests())
def test_a_request_survives_the_responses_api(request_):
    body, _ = openai_responses.write_request(request_)
    found = openai_responses.read_request(json.loads(json.dumps(body)))

    def tools(request):
        return [(t.name, t.description, t.schema, bool(t.strict)) for t in request.tools]

    assert tools(found) == tools(request_)
    assert (found.messages, found.system) == (request_.messages, request_.system)
    assert (found.choice, found.format) == (request_.choice, request_.format)


def test_fragments_of_parallel_calls_that_alternate_become_whole_calls():
    def piece(index, text, **more):
        call = {"index": index, "function": {"arguments": text, **more}}
        return {"choices": [{"index": 0, "delta": {"tool_calls": [call | {"id": f"c{index}"}]}}]}

    chunks = [
        piece(0, "", name="a"), piece(1, "", name="b"), piece(0, '{"x":'), piece(1, '{"y":'),
        piece(0, "1}"), piece(1, "2}"),
    ]  # fmt: skip
    reader = chat_streams.EventReader()

    events = [event for chunk in chunks for event in reader.feed(chunk)] + reader.finish()

    answer = fold(events)
    assert answer.parts == [ToolCall("c0", "a", '{"x":1}'), ToolCall("c1", "b", '{"y":2}')]
    assert answer.stop == "tool_use"
    indices = [event.index for event in events if hasattr(event, "index")]
    assert indices == sorted(indices)


def test_cache_control_and_cache_tokens_cross_to_anthropic():
    cache = {"type": "ephemeral"}
    text = [{"type": "text", "text": "long", "cache_control": cache}]
    body, dropped = anthropic.write_request(
        chat_requests.read_request(
            {
                "model": "m",
                "messages": [
                    {"role": "system", "content": text},
                    {"role": "user", "content": text},
                ],
            }
        )
    )

    assert body["system"] == body["messages"][0]["content"] == text
    assert dropped == []


def test_what_openai_has_no_word_for_is_named():
    body = {
        "model": "m",
        "max_tokens": 5,
        "top_k": 3,
        "container": "c",
        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
        "messages": [
            {
                "role": "assistant",
                "content": [{"type": "thinking", "thinking": "x", "signature": "s"}],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "t", "content": "no", "is_error": True},
                    {"type": "search_result", "source": "x"},
                    {"type": "text", "text": "x", "citations": [{"cited_text": "y"}]},
                ],
            },
        ],
    }

    _, dropped = chat_requests.write_request(anthropic.read_request(body))

    assert dropped == [
        "container",
        "is_error",
        "messages.citations",
        "messages.search_result",
        "messages.thinking",
        "tools.web_search_20250305",
        "top_k",
    ]


def test_what_the_responses_api_says_alone_is_named():
    body = {
        "model": "m",
        "input": "x",
        "text": {"format": {"type": "text"}, "verbosity": "low"},
        "reasoning": {"effort": "low", "summary": "auto", "generate_summary": "auto"},
        "truncation": "auto",
    }

    assert openai_responses.read_request(body).dropped == [
        "truncation",
        "reasoning.generate_summary",
        "text.verbosity",
    ]


@pytest.mark.parametrize(
    ("module", "body"),
    [
        (anthropic, {"model": "m", "messages": [{"role": "user"}]}),
        (anthropic, {"model": "m", "messages": [{"role": "robot", "content": "x"}]}),
        (openai_responses, {"model": "m", "input": "x", "previous_response_id": "r"}),
        (openai_responses, {"model": "m", "input": [{"type": "item_reference", "id": "i"}]}),
        (chat_requests, {"model": "m", "messages": [], "n": 2}),
        (chat_requests, {"model": "m", "messages": [{"role": "user", "content": 7}]}),
        (chat_requests, {"model": "m", "messages": [], "tool_choice": "sometimes"}),
    ],
)
def test_a_request_that_cannot_cross_is_refused(module, body):
    with pytest.raises(BadRequestError):
        module.read_request(body)


@pytest.mark.parametrize(
    ("dialect", "event"),
    [
        ("anthropic", {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}),
        ("responses", {"type": "error", "message": "busy", "code": None}),
        ("responses", {"type": "response.failed", "response": {"error": {"message": "busy"}}}),
    ],
)
def test_an_error_in_a_stream_is_raised(dialect, event):
    with pytest.raises(ProviderError, match="broke the stream off: busy"):
        READERS[dialect].EventReader().feed(event)
