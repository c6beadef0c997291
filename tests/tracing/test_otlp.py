"""OTLP requests -> rows: nothing is lost, and both forms are alike."""

import json
import math

import pytest
from hypothesis import given, strategies as st

import genaiops
from genaiops.store import current_store
from genaiops.tracing.otlp import Batch
from tests.tracing.otlp_messages import T0, as_json, lines, pairs, request, span, whole_span


def rows(*made, columns="*"):
    """Stores lines and reads the spans back."""
    store = current_store()
    for line in made:
        assert store.append("spans", line)
    return genaiops.sql(f"SELECT {columns} FROM spans ORDER BY start_ns, span_id").dicts()


def test_everything_a_span_carries_is_in_its_row():
    one = whole_span()

    (row,) = rows(*lines(request(one, resource={"service.name": "app", "host.name": "h"})))

    assert (row["trace_id"], row["span_id"]) == (one.trace_id.hex(), one.span_id.hex())
    assert row["parent_span_id"] == "09" * 8
    assert (row["name"], row["service"], row["experiment"]) == ("chat m", "app", "Default")
    assert (row["status"], row["status_message"]) == ("error", "went wrong")
    assert (row["start_ns"], row["end_ns"], row["duration_ms"]) == (T0, T0 + 10**6, 1.0)
    assert row["attributes"] == {
        "text": "a", "yes": True, "whole": -(2**63), "real": 0.5, "bytes": "AP8=", "none": None,
        "list": ["a", 1, [True]], "table": {"a": {"b": 2}}, "": "empty name",
        "genaiops.resource": {"service.name": "app", "host.name": "h"},
        "otel.scope.name": "lib", "otel.scope.version": "1.2", "span.kind": "client",
        "w3c.tracestate": "k=v", "otel.dropped_attributes_count": 2,
        "otel.dropped_events_count": 3, "otel.dropped_links_count": 4,
    }  # fmt: skip
    assert row["events"] == [
        {"name": "exception", "time_ns": T0 + 5,
         "attributes": {"exception.type": "ValueError", "otel.dropped_attributes_count": 1}}
    ]  # fmt: skip
    assert row["links"] == [
        {
            "trace_id": "01" * 16,
            "span_id": "02" * 8,
            "attributes": {"why": "retry", "w3c.tracestate": "a=b"},
        }
    ]


def test_json_and_protobuf_of_a_request_make_the_same_lines():
    message = request(
        whole_span(), span({"gen_ai.request.model": "m", "inf": math.inf, "nan": math.nan})
    )

    assert lines(as_json(message)) == lines(message)
    assert b'"inf":"Infinity"' in lines(message)[1]
    assert b'"nan":"NaN"' in lines(message)[1]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text()
    | st.binary(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=6), values, max_size=5), st.text(max_size=5))
def test_attributes_of_any_kind_survive_and_both_forms_agree(attributes, name):
    message = request(span(attributes, name=name))

    (line,) = lines(message)

    assert lines(as_json(message)) == [line]
    kept = json.loads(line)["attributes"]
    for key, value in attributes.items():
        assert kept[key] == _written(value)


def _written(value):
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, bytes):
        import base64

        return base64.b64encode(value).decode()
    if isinstance(value, list):
        return [_written(item) for item in value]
    return {k: _written(v) for k, v in value.items()} if isinstance(value, dict) else value


def test_columns_come_from_the_dialect_table_and_raw_attributes_stay():
    attributes = {
        "openinference.span.kind": "LLM", "llm.model_name": "gpt-5", "llm.token_count.prompt": 7,
        "session.id": "s", "llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "hi",
    }  # fmt: skip

    (row,) = rows(*lines(request(span(attributes))))

    assert (row["span_type"], row["operation"], row["request_model"]) == ("llm", "chat", "gpt-5")
    assert (row["input_tokens"], row["session_id"]) == (7, "s")
    messages = [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
    assert json.loads(row["inputs"]) == {"messages": messages}
    assert row["attributes"]["gen_ai.input.messages"] == messages
    assert attributes.items() <= row["attributes"].items()


def test_our_own_inputs_and_outputs_stand_in_their_columns_only():
    (row,) = rows(
        *lines(
            request(
                span(
                    {
                        "genaiops.inputs": '{"q":1}',
                        "genaiops.outputs": '"a"',
                        "genaiops.span_type": "agent",
                    }
                )
            )
        )
    )

    assert (row["inputs"], row["outputs"], row["span_type"]) == ('{"q":1}', '"a"', "agent")
    assert "genaiops.inputs" not in row["attributes"]


REFUSED = {
    "no trace id": {"trace_id": b""},
    "a short trace id": {"trace_id": b"\x01" * 8},
    "a zero trace id": {"trace_id": bytes(16)},
    "no span id": {"span_id": b""},
    "a zero span id": {"span_id": bytes(8)},
    "no times": {"start_time_unix_nano": 0, "end_time_unix_nano": 0},
    "a time beyond all": {"start_time_unix_nano": 2**64 - 1},
    "an end beyond all": {"end_time_unix_nano": 2**63},
}


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED)
def test_a_span_that_cannot_be_kept_is_refused_and_the_others_are_not(fields):
    batch = Batch()

    kept = lines(request(span(), span(**fields), span()), batch)

    assert (len(kept), batch.accepted, batch.refused) == (2, 2, 1)
    assert batch.reason
    again = Batch()
    assert lines(as_json(request(span(**fields))), again) == []
    assert again.refused == 1


def test_a_negative_time_in_json_is_refused():
    table = json.loads(as_json(request(span())))
    table["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["startTimeUnixNano"] = "-5"
    batch = Batch()

    assert lines(json.dumps(table).encode(), batch) == []
    assert "-5" in batch.reason


def test_a_span_never_lasts_less_than_nothing_and_what_was_sent_is_kept():
    (row,) = rows(*lines(request(span(end_time_unix_nano=T0 - 7))))

    assert row["duration_ms"] == 0.0
    assert row["attributes"]["genaiops.received.end_ns"] == T0 - 7


def test_a_span_with_one_time_only_is_a_moment():
    found = rows(*lines(request(span(start_time_unix_nano=0), span(end_time_unix_nano=0))))

    assert [(row["start_ns"], row["duration_ms"]) for row in found] == [
        (T0, 0.0),
        (T0 + 10**6, 0.0),
    ]


def test_a_span_sent_twice_is_there_once():
    message = request(span(name="once"))

    assert len(rows(*lines(message), *lines(message))) == 1


def test_odd_texts_reach_the_row_unchanged():
    odd = 'nul \x00 rtl \u202e emoji \U0001f600 quote " line\nbreak'

    (row,) = rows(*lines(request(span({"odd": odd, "input.value": odd}, name=odd))))

    assert (row["name"], row["attributes"]["odd"], json.loads(row["inputs"])) == (odd, odd, odd)


def test_half_a_surrogate_pair_in_json_becomes_a_replacement_character():
    body = as_json(request(span({"cut": "X", "kept": "\U0001f600", "text": "\\ud800"}))).replace(
        b'"X"', rb'"a\ud83d"'
    )

    (line,) = lines(body)

    kept = json.loads(line)["attributes"]
    assert (kept["cut"], kept["kept"], kept["text"]) == ("a\ufffd", "\U0001f600", "\\ud800")


def test_a_large_text_is_stored_once_beside_the_span_and_read_back_whole():
    text = "x" * 100_000
    store = current_store()

    (row,) = rows(
        *lines(request(span({"input.value": text})), put_blob=store.put_blob),
        columns="attributes, inputs",
    )

    marker = row["attributes"]["input.value"]
    assert (marker["bytes"], json.loads(row["inputs"])) == (100_000, marker)
    assert store.get_blob(marker["$blob"]).decode() == text


def test_attributes_that_are_too_much_for_a_span_are_refused():
    batch = Batch()

    assert lines(request(span({f"key {n}": "x" * 60_000 for n in range(300)})), batch) == []
    assert "bytes of attributes" in batch.reason


def test_secrets_are_masked_before_anything_is_written():
    key = "sk-" + "a1B2" * 8
    one = span(
        {"note": f"use {key}", "api_key": "hunter2", "input.value": json.dumps({"k": key})},
        name=f"call {key}",
    )
    event = one.events.add(name="e", time_unix_nano=T0)
    pairs(event.attributes, {"header": f"Bearer {'t0k' * 9}"})
    one.status.message = key

    (line,) = lines(request(one))

    assert key.encode() not in line
    assert b"hunter2" not in line
    assert b"t0kt0k" not in line
    assert json.loads(line)["trace_id"] == one.trace_id.hex()


def test_rules_of_the_user_apply_and_a_broken_one_withholds_the_content():
    (masked,) = lines(request(span({"mail": "me@example.org"})), redact=("email",))
    (withheld,) = lines(
        request(span({"mail": "me@example.org"})), redact=(lambda path, value: 1 / 0,)
    )

    assert json.loads(masked)["attributes"]["mail"] == "[EMAIL]"
    assert b"example.org" not in withheld
    assert len(rows(masked, withheld)) == 2


def test_evaluation_results_in_events_become_assessments():
    one = span()
    event = one.events.add(name="gen_ai.evaluation.result", time_unix_nano=T0)
    pairs(event.attributes, {"gen_ai.evaluation.name": "grounded", "gen_ai.evaluation.score.value": 0.5,
                             "gen_ai.evaluation.score.label": "partly", "gen_ai.evaluation.explanation": "why"})  # fmt: skip
    batch = Batch()
    for line in (*lines(request(one), batch), *lines(request(one), batch)):
        current_store().append("spans", line)

    current_store().append("events", b"".join(batch.verdicts))

    (row,) = genaiops.sql("SELECT span_id, name, value, number, rationale FROM assessments").rows
    assert row == (one.span_id.hex(), "grounded", "partly", 0.5, "why")


def test_a_span_that_logfire_says_has_begun_is_running_until_it_ends():
    notice = span(
        {"logfire.span_type": "pending_span", "logfire.pending_parent_id": "0" * 16},
        parent_span_id=b"\x07" * 8,
    )
    ended = span(trace_id=notice.trace_id, span_id=b"\x07" * 8)

    (begun,) = rows(*lines(request(notice)), columns="span_id, parent_span_id, status")
    (done,) = rows(*lines(request(ended)), columns="status")

    assert begun == {"span_id": "07" * 8, "parent_span_id": None, "status": "running"}
    assert done["status"] == "unset"
