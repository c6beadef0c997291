"""OTLP requests that are damaged or too large: no bytes at all bring it down."""

import json

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from genaiops.tracing.otlp import Malformed, TooLarge, decode, from_json, from_protobuf
from tests.tracing.otlp_messages import as_json, lines, request, span, whole_span

NO_JSON = {
    "nothing": b"", "text": b"hello", "an array": b"[]", "cut": b'{"resourceSpans":[', "deep": b'{"resourceSpans":' * 5000,
    "deep arrays": b"[" * 100_000, "no list": b'{"resourceSpans":{}}', "a number": b'{"resourceSpans":[1]}',
    "no UTF-8": b'{"resourceSpans":[{"schemaUrl":"\xff"}]}',
    "a text for a number": b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"%s","spanId":"%s","startTimeUnixNano":"x"}]}]}]}'
    % (b"1" * 32, b"1" * 16),
}  # fmt: skip


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_request_in_json_is_malformed(body):
    with pytest.raises(Malformed):
        lines(body)


def test_nulls_and_unknown_fields_in_json_are_no_matter():
    table = json.loads(as_json(request(span())))
    table["resourceSpans"].append(
        {"resource": None, "scopeSpans": [{"scope": None, "spans": [], "new": 1}, {"spans": None}]}
    )
    table["resourceSpans"][0]["scopeSpans"][0]["spans"][0] |= {
        "attributes": [{"key": "a", "value": None}, {"value": {"stringValue": "b"}}], "status": None, "events": None}  # fmt: skip

    (line,) = lines(json.dumps(table).encode())

    assert json.loads(line)["attributes"].items() >= {"a": None, "": "b"}.items()


def test_values_nested_deep_are_kept_and_deeper_ones_are_malformed():
    nested = "leaf"
    for _ in range(40):
        nested = [nested]
    message = request(span({"deep": nested}))
    (line,) = lines(message)
    assert json.loads(line)["attributes"]["deep"] == nested
    assert lines(as_json(message)) == [line]

    text = as_json(request(span({"deep": "leaf"}))).decode()
    value = '{"stringValue": "leaf"}'
    assert value in text
    arrays = '{"arrayValue": {"values": ['
    for depth in (70, 5_000):
        with pytest.raises(Malformed):
            lines(text.replace(value, arrays * depth + value + "]}}" * depth).encode())
    inner = field(1, b"leaf")
    for _ in range(70):
        inner = field(5, field(1, inner))
    with pytest.raises(Malformed):
        from_protobuf(field(1, field(2, field(2, field(9, field(2, inner))))))


@pytest.mark.parametrize(
    "body",
    [b"\xff" * 50, b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x05\x12", b"hello there"],
    ids=["no varint", "longer than the body", "cut", "text"],
)
def test_what_is_no_request_in_protobuf_is_malformed(body):
    padding = b"\x0a\x00" * 600_000  # long enough for the walk before decoding
    with pytest.raises(Malformed):
        from_protobuf(body)
    with pytest.raises((Malformed, TooLarge)):
        from_protobuf(padding[:1_100_000] + body)


def field(number, data):
    """A length-delimited field of protobuf."""
    length, size = bytearray(), len(data)
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    return bytes([number << 3 | 2]) + bytes([*length, size]) + data


def test_many_tiny_parts_are_too_large_before_they_take_memory():
    empty = field(9, b"") * (decode.MOST_PARTS + 1)
    with pytest.raises(TooLarge):
        from_protobuf(field(1, field(2, field(2, empty))))
    with pytest.raises(TooLarge):
        from_protobuf(field(1, field(2, field(2, b"") * (decode.MOST_PARTS + 1))))
    with pytest.raises(TooLarge):
        from_json(b'{"resourceSpans":[' + b"{}," * decode.MOST_PARTS + b"{}]}")


def test_a_large_honest_request_passes_the_walk():
    message = request(*(span({"text": "x" * 2_000, "n": {"a": [1, 2]}}) for _ in range(600)))

    assert len(lines(message)) == 600


GOOD = request(
    whole_span(), span({"gen_ai.input.messages": '[{"role":"user"}]'})
).SerializeToString()


@given(
    st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(0, len(GOOD)),
)
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_bytes_give_lines_or_a_clear_refusal(changes, cut):
    damaged = bytearray(GOOD)
    for at, byte in changes:
        damaged[at] = byte
    for body in (bytes(damaged), bytes(damaged[:cut])):
        try:
            made = lines(from_protobuf(body))
        except (Malformed, TooLarge):
            continue
        for line in made:
            assert json.loads(line)["span_id"]


JSON_GOOD = as_json(request(whole_span(), span({"gen_ai.input.messages": '[{"role":"user"}]'})))


@given(
    st.lists(
        st.tuples(st.integers(0, len(JSON_GOOD) - 1), st.sampled_from(b'{}[]",:0e\\u"x')),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=200)
def test_damaged_json_gives_lines_or_a_clear_refusal(changes):
    damaged = bytearray(JSON_GOOD)
    for at, byte in changes:
        damaged[at] = byte
    try:
        made = lines(bytes(damaged))
    except (Malformed, TooLarge):
        return
    for line in made:
        assert json.loads(line)["span_id"]
