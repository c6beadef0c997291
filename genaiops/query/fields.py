"""What the names of the filter language mean, over traces and over spans."""

from genaiops.store.filter import Field, Fields

__all__ = ["SPANS", "TRACES"]

_IN_SPAN = "trace_id IN (SELECT trace_id FROM spans WHERE {})"
_SAID = Field(
    sql="CASE WHEN name = ? THEN json_extract_string(value, '$') END",
    kind="any",
    wrap="trace_id IN (SELECT trace_id FROM assessments WHERE {})",
)


def _named(names: str, *, number: str = "", wrap: str = "{}") -> dict[str, Field]:
    """One field a column of the same name."""
    numbers = number.split()
    return {
        name: Field(sql=name, kind="number" if name in numbers else "text", wrap=wrap)
        for name in names.split()
    }


_DURATION = {
    "latency_ms": Field(sql="duration_ms", kind="number"),
    "duration_ms": Field(sql="duration_ms", kind="number"),
}
_SPAN_NUMBERS = (
    "start_ns end_ns input_tokens output_tokens cache_read_tokens cache_write_tokens "
    "reasoning_tokens cost_usd ttft_ms prompt_version"
)
_SPAN_TEXTS = (
    "trace_id span_id parent_span_id name span_type status status_message service experiment "
    "run_id session_id user_id operation provider request_model response_model response_id "
    "prompt_name inputs outputs"
)
_TRACE_NUMBERS = "start_ns end_ns n_spans n_errors input_tokens output_tokens cost_usd"
_ATTRIBUTE = "attributes[?]::VARCHAR"

SPANS = Fields(
    plain=_named(f"{_SPAN_TEXTS} {_SPAN_NUMBERS}", number=_SPAN_NUMBERS)
    | _DURATION
    | {
        "model": Field(sql="request_model"),
        "total_tokens": Field(
            sql="coalesce(input_tokens, 0) + coalesce(output_tokens, 0)", kind="number"
        ),
    },
    keyed={"attributes": Field(sql=_ATTRIBUTE, kind="any")},
)
"""Names of a filter over spans: the columns, ``latency_ms``, ``model``, ``attributes.KEY``."""

TRACES = Fields(
    plain=_named(
        "trace_id name status session_id user_id experiment run_id inputs_preview "
        f"outputs_preview {_TRACE_NUMBERS}",
        number=_TRACE_NUMBERS,
    )
    | _DURATION
    | _named(
        "inputs outputs span_type service provider operation request_model response_model "
        "response_id prompt_name prompt_version status_message ttft_ms",
        number="prompt_version ttft_ms",
        wrap=_IN_SPAN,
    )
    | {
        "span_name": Field(sql="name", wrap=_IN_SPAN),
        "model": Field(sql="models", kind="list"),
        "models": Field(sql="models", kind="list"),
        "total_tokens": Field(
            sql="coalesce(input_tokens, 0) + coalesce(output_tokens, 0)", kind="number"
        ),
    },
    keyed={
        "tags": Field(sql="json_extract_string(tags, ?)", kind="any", key="json"),
        "metadata": Field(sql="json_extract_string(metadata, ?)", kind="any", key="json"),
        "attributes": Field(sql=_ATTRIBUTE, kind="any", wrap=_IN_SPAN),
        "feedback": _SAID,
    },
)
"""Names of a filter over traces; those of spans hold when one span of the trace fits."""
