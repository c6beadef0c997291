"""A trace as it is drawn: order, depth, usage of branches, critical path, and odd traces."""

import json
from typing import Any

import pytest

from genaiops.errors import NotFoundError
from genaiops.query import traces
from genaiops.query.outline import Node, Outline, outline
from genaiops.store import current_store
from tests.query.seeding import BASE_NS, event

TRACE = "ab" * 16
MS = 10**6


def span(identity: str, parent: str | None, start: int, end: int | None, **more: Any) -> None:
    """A span of the trace, times in milliseconds."""
    line = {
        "k": "span",
        "trace_id": TRACE,
        "span_id": identity,
        "parent_span_id": parent,
        "name": identity,
        "span_type": "chain",
        "status": "ok",
        "start_ns": BASE_NS + start * MS,
        "end_ns": None if end is None else BASE_NS + end * MS,
        **more,
    }
    assert current_store().append("spans", json.dumps(line).encode() + b"\n")


def named(trace: Outline) -> dict[str, Node]:
    return {node.span_id: node for node in trace.nodes}


def test_parents_come_before_children_and_siblings_by_start() -> None:
    span("late", "root", 50, 60)
    span("early", "root", 10, 20)
    span("inner", "early", 12, 15)
    span("root", None, 0, 100)

    found = outline(TRACE)

    assert [(node.depth, node.span_id) for node in found.nodes] == [
        (0, "root"), (1, "early"), (2, "inner"), (1, "late"),
    ]  # fmt: skip
    assert (found.begin_ns, found.last_ns) == (BASE_NS, BASE_NS + 100 * MS)
    assert found.problems == []


def test_a_branch_sums_the_innermost_calls_only() -> None:
    span("root", None, 0, 100)
    span("gateway", "root", 0, 50, span_type="llm", input_tokens=10, output_tokens=5, cost_usd=0.2)
    span("library", "gateway", 1, 49, span_type="llm", input_tokens=10, cost_usd=0.3)
    span("other", "root", 60, 70, span_type="llm", input_tokens=7, output_tokens=1)

    found = named(outline(TRACE))

    assert found["gateway"].usage == (10, None, 0.3)
    assert found["root"].usage == (17, 1, 0.3)
    assert {name for name, node in found.items() if node.is_call} == {"library", "other"}


def test_usage_of_the_root_is_that_of_the_list() -> None:
    span("root", None, 0, 100, input_tokens=99)
    span("call", "root", 0, 50, input_tokens=10, output_tokens=5, cost_usd=0.2)
    span("inner", "call", 1, 2, input_tokens=4)

    (row,) = traces.search().items
    root = outline(TRACE).nodes[0]

    assert root.usage == (row.input_tokens, row.output_tokens, row.cost_usd)


def test_the_critical_path_goes_into_the_child_that_ended_last() -> None:
    span("root", None, 0, 100)
    span("slow", "root", 10, 60)
    span("beside", "root", 15, 40)
    span("last", "root", 65, 95)
    span("within", "slow", 20, 50)

    found = named(outline(TRACE))

    on_path = {name: node.path_ms for name, node in found.items() if node.path_ms is not None}
    assert on_path == {"root": 20.0, "slow": 20.0, "within": 30.0, "last": 30.0}
    assert sum(on_path.values()) == 100


def test_a_child_that_outlives_its_parent_stays_within_its_time_on_the_path() -> None:
    span("root", None, 0, 100)
    span("background", "root", 90, 500)

    found = named(outline(TRACE))

    assert found["background"].path_ms == 10.0
    assert found["root"].path_ms == 90.0


def test_the_cause_is_the_failing_span_with_no_failing_span_below() -> None:
    span("root", None, 0, 100, status="error")
    span("step", "root", 1, 90, status="error")
    span("tool", "step", 2, 80, status="error")
    span("fine", "step", 3, 4)

    cause = outline(TRACE).cause

    assert cause is not None
    assert cause.span_id == "tool"


def test_a_trace_without_its_root_says_so() -> None:
    span("a", "gone", 0, 10)
    span("b", "gone", 5, 20)

    found = outline(TRACE)

    assert [node.depth for node in found.nodes] == [0, 0]
    assert found.problems == ["The root of this trace has not arrived."]


def test_spans_that_are_each_others_parents_are_shown_once_each() -> None:
    span("root", None, 0, 100)
    span("a", "c", 10, 20)
    span("b", "a", 11, 19)
    span("c", "b", 12, 18)
    span("self", "self", 30, 40)

    found = outline(TRACE)

    assert sorted(node.span_id for node in found.nodes) == ["a", "b", "c", "root", "self"]
    assert [(n.depth, n.span_id) for n in found.nodes][1:4] == [(0, "a"), (1, "b"), (2, "c")]
    assert found.problems == [
        "Some spans are each other's parents; they are shown from the earliest."
    ]
    assert len(list(traces.get(TRACE).walk())) == 5


def test_clocks_that_disagree_are_said_and_durations_stay_positive() -> None:
    span("root", None, 50, 100)
    span("early", "root", 10, 60)
    span("backwards", "root", 70, 65)

    found = outline(TRACE)

    assert found.begin_ns == BASE_NS + 10 * MS
    assert named(found)["backwards"].duration_ms == 0
    assert found.problems == [
        "1 spans begin before their parents: clocks disagree.",
        "1 spans end before they begin; they are drawn as no time.",
    ]


def test_open_spans_have_no_duration_and_end_with_their_children() -> None:
    span("root", None, 0, None)
    span("done", "root", 10, 30)

    found = outline(TRACE)

    assert named(found)["root"].duration_ms is None
    assert found.last_ns == BASE_NS + 30 * MS
    assert named(found)["done"].path_ms == 20.0


def test_names_are_cut_and_a_chain_of_thousands_is_walked() -> None:
    lines = [
        {"k": "span", "trace_id": TRACE, "span_id": str(n), "name": "x" * 1_000, "status": "ok",
         "parent_span_id": str(n - 1) if n else None, "span_type": "chain",
         "start_ns": BASE_NS + n, "end_ns": BASE_NS + 9_000 - n}
        for n in range(3_000)
    ]  # fmt: skip
    text = "".join(json.dumps(line) + "\n" for line in lines)
    assert current_store().append("spans", text.encode())

    found = outline(TRACE)

    assert found.nodes[-1].depth == 2_999
    assert {len(node.name) for node in found.nodes} == {400}


def test_a_trace_of_which_only_facts_have_arrived_has_no_spans() -> None:
    event("assessment", id="a1", trace_id=TRACE, key="good", data={"value": True})

    with pytest.raises(NotFoundError):
        outline(TRACE)


def test_an_id_may_be_given_by_its_beginning() -> None:
    span("root", None, 0, 1)

    assert outline("abab").summary.trace_id == TRACE
    with pytest.raises(NotFoundError):
        outline("ffff")


def test_one_span_is_read_by_its_start() -> None:
    span("root", None, 0, 1, inputs={"q": 1})

    assert traces.get_span(TRACE, "root", start_ns=BASE_NS).inputs == {"q": 1}
    with pytest.raises(NotFoundError):
        traces.get_span(TRACE, "root", start_ns=BASE_NS + 1)
