"""The dialect table against any attributes at all."""

import copy
import json

from hypothesis import given, strategies as st

from genaiops.tracing.dialects import read
from genaiops.tracing.dialects.table import FAMILIES, SOURCES

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=6),
    lambda inner: st.lists(inner, max_size=4)
    | st.lists(inner, max_size=3).map(tuple)
    | st.dictionaries(
        st.sampled_from(["role", "content", "parts", "type", "message", "tool_calls", "choices", "function",
                         "arguments", "text", "usage", "id", "delta", "messages", "kwargs", "summary", "name"])
        | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
names = (
    st.sampled_from(sorted(SOURCES))
    | st.builds(
        "".join,
        st.tuples(st.sampled_from(sorted(FAMILIES)), st.text("0123.messagerolcntu_", max_size=30)),
    )
    | st.text(max_size=8)
)
kinds = st.sampled_from(
    ["tool_call", "tool_use", "text", "thinking", "image_url", "LLM", "chat", "span"]
)
attribute_values = json_values | json_values.map(lambda v: json.dumps(v, default=str)) | kinds
maps = st.dictionaries(names, attribute_values, max_size=12)
event_names = st.sampled_from(["gen_ai.choice", "gen_ai.user.message", "gen_ai.content.prompt", "First Token Stream Event",
                               "gen_ai.client.inference.operation.details", "exception"])  # fmt: skip
events_of = st.lists(st.tuples(event_names, st.integers(), maps), max_size=3)


@given(attributes=maps, events=events_of, start_ns=st.integers())
def test_reading_never_raises_and_leaves_what_was_received_as_it_was(attributes, events, start_ns):
    before = copy.deepcopy((attributes, events))

    reading = read(attributes, events, start_ns=start_ns)

    assert repr((attributes, events)) == repr(before)
    assert reading.attributes.keys().isdisjoint(attributes)
    assert isinstance(reading.columns["span_type"], str)
    for column in ("input_tokens", "output_tokens", "prompt_version"):
        assert 0 <= reading.columns.get(column, 0) <= 10**12
