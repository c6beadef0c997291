"""Lists of traces, single traces and text search."""

import pytest

import genaiops
from genaiops.errors import FilterError, NotFoundError
from genaiops.query import search_traces, traces
from genaiops.store import current_store
from tests.query.seeding import BASE_NS, SECOND, event, trace, trace_id


def seed(count: int) -> list[str]:
    return [trace(number) for number in range(count)]


def ids(page: traces.TracePage) -> list[str]:
    return [item.trace_id for item in page.items]


def test_newest_traces_come_first() -> None:
    made = seed(5)

    page = traces.search(limit=3)

    assert ids(page) == made[:1:-1]
    assert page.next_page_token is not None


def test_a_store_that_was_never_written_is_empty() -> None:
    assert traces.search().items == []
    assert traces.count() == 0
    assert traces.histogram() == []
    assert traces.search_spans("anything") == []


def test_pages_stay_in_step_while_traces_arrive() -> None:
    made = seed(10)
    first = traces.search(limit=4)
    trace(50)

    second = traces.search(limit=4, page_token=first.next_page_token)
    third = traces.search(limit=4, page_token=second.next_page_token)

    assert ids(first) + ids(second) + ids(third) == made[::-1]
    assert third.next_page_token is None


def test_traces_that_start_together_are_paged_once_each() -> None:
    made = {trace(number, start_ns=BASE_NS) for number in range(9)}
    token, found = None, []
    while True:
        page = traces.search(limit=2, page_token=token)
        found += ids(page)
        token = page.next_page_token
        if token is None:
            break

    assert len(found) == 9
    assert set(found) == made


def test_oldest_first_pages_too() -> None:
    made = seed(5)

    first = traces.search(order_by="start_ns", limit=3)
    second = traces.search(order_by="start_ns ASC", limit=3, page_token=first.next_page_token)

    assert ids(first) + ids(second) == made


def test_other_orders_are_paged_by_number() -> None:
    made = seed(5)

    first = traces.search(order_by="latency_ms DESC", limit=2)
    second = traces.search(order_by="latency_ms DESC", limit=9, page_token=first.next_page_token)

    assert ids(first) + ids(second) == made[::-1]


@pytest.mark.parametrize("order_by", ["", "inputs", "start_ns SIDEWAYS", "start_ns; DROP TABLE x"])
def test_an_order_that_is_not_known_is_refused(order_by: str) -> None:
    with pytest.raises(FilterError, match="use one of"):
        traces.search(order_by=order_by)


@pytest.mark.parametrize("token", ["x", "!!!", "W10", "WyJhIl0", "é"])
def test_a_page_token_of_somewhere_else_is_refused(token: str) -> None:
    with pytest.raises(FilterError, match="start again without one"):
        traces.search(page_token=token)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status = 'error'", [3]),
        ("latency_ms > 7", [5]),
        ("duration_ms >= 7 AND tags.team = 'a'", [4]),
        ("model = 'gpt-5' AND total_tokens < 4", [1, 0]),
        ("contains(outputs, 'it is 2')", [2]),
        ("span_name = 'chat' AND attributes.team = 'b'", [5, 3, 1]),
        ("attributes.`gen_ai.request.model` = 'other'", []),
        ("feedback.helpful = true", [4]),
        ("feedback.stars > 3", [2]),
        ("name LIKE 'ans%' AND NOT trace_id = 'x' AND input_tokens IN (1, 2)", [2, 1]),
        ("metadata.none IS NULL AND session_id = 's'", [0]),
    ],
)
def test_a_filter_finds(text: str, expected: list[int]) -> None:
    made = [trace(number, status="error" if number == 3 else "ok") for number in range(1, 6)]
    made.insert(0, trace(0, session_id="s"))
    for number, key, value in ((4, "helpful", True), (5, "helpful", False), (2, "stars", 5)):
        event(
            "assessment",
            id=f"a{number}",
            trace_id=made[number],
            key=key,
            data={"kind": "feedback", "value": value, "source_type": "human"},
        )

    assert ids(traces.search(text)) == [made[number] for number in expected]
    assert traces.count(text) == len(expected)


def test_a_range_of_time_leaves_out_its_end() -> None:
    made = seed(5)

    page = traces.search(since_ns=BASE_NS + SECOND, until_ns=BASE_NS + 3 * SECOND)

    assert ids(page) == [made[2], made[1]]


def test_the_histogram_has_a_bin_for_every_stretch_of_time() -> None:
    for number in (0, 1, 9):
        trace(number, status="error" if number == 9 else "ok")

    bins = traces.histogram(bins=5, since_ns=BASE_NS, until_ns=BASE_NS + 10 * SECOND)

    assert [item.n for item in bins] == [2, 0, 0, 0, 1]
    assert [item.n_errors for item in bins] == [0, 0, 0, 0, 1]
    assert bins[0].start_ns == BASE_NS
    assert bins[-1].end_ns == BASE_NS + 10 * SECOND


def test_a_trace_is_found_by_its_first_characters() -> None:
    made = seed(3)

    found = traces.get(made[1][:6])

    assert found.trace_id == made[1]
    assert [span.name for span in found.spans] == ["answer", "chat"]
    assert found.spans[0].inputs == {"question": "number 1?"}
    assert found.spans[1].attributes["team"] == "b"
    assert found.cost_usd == 0.25


def test_a_prefix_of_several_traces_is_refused() -> None:
    trace(0)
    store = current_store()
    same = trace_id(0)[:8] + "f" * 24
    store.append("spans", f'{{"k":"span","trace_id":"{same}","span_id":"1"}}\n'.encode())

    with pytest.raises(NotFoundError, match="not unique"):
        traces.get(same[:6])


@pytest.mark.parametrize(("given", "said"), [("abc", "at least 4"), ("feedfeed", "no trace")])
def test_an_unknown_trace_is_named_in_the_error(given: str, said: str) -> None:
    with pytest.raises(NotFoundError, match=said) as caught:
        traces.get(given)

    assert given in str(caught.value)


def test_a_trace_has_what_was_said_about_it() -> None:
    made = trace(1)
    event(
        "assessment",
        id="a1",
        trace_id=made,
        key="helpful",
        data={"kind": "feedback", "value": "yes", "rationale": "clear", "source_type": "human"},
    )

    (said,) = traces.get(made).assessments

    assert (said.name, said.value, said.rationale) == ("helpful", "yes", "clear")


def test_values_of_shortened_parts_are_fetched_whole() -> None:
    text = "long " * 20_000
    store = current_store()
    digest = store.put_blob(text.encode())
    marker = {"$blob": digest, "bytes": len(text), "head": "long", "tail": "long"}
    inner = store.put_blob(f'{{"a": [1, {{"$blob": "{digest}", "bytes": 5}}]}}'.encode())
    made = trace(1, inputs={"deep": [marker]}, outputs={"$json_blob": inner, "bytes": 9})

    short = traces.get(made).spans[0]
    whole = genaiops.get_trace(made).spans[0]

    assert short.inputs == {"deep": [marker]}
    assert traces.is_marker(short.inputs["deep"][0])
    assert whole.inputs == {"deep": [text]}
    assert whole.outputs == {"a": [1, text]}


def test_a_shortened_part_that_is_gone_says_so() -> None:
    marker = {"$blob": "0" * 64, "bytes": 70_000, "head": "h", "tail": "t"}

    assert traces.whole({"x": marker}) == {"x": marker | {"missing": True}}


def test_a_value_that_only_looks_like_a_marker_stays() -> None:
    value = [{"$blob": "x"}, {"$blob": "0" * 64}, {"$json_blob": 7, "bytes": 1}]

    assert traces.whole(value) == value


def test_a_phrase_is_found_in_inputs_and_outputs_newest_first() -> None:
    made = seed(3)
    asked = trace(7, inputs={"q": 'she said "now"\nGrüße'}, outputs=None)

    (hit,) = traces.search_spans('"now"\nGr')
    any_case = traces.search_spans("IT IS", ignore_case=True)

    assert (hit.trace_id, hit.column) == (asked, "inputs")
    assert 'said "now" Grüße' in hit.snippet
    assert [item.trace_id for item in any_case] == made[::-1]
    assert traces.search_spans("IT IS") == []
    assert traces.search_spans("gRÜSSE", ignore_case=True) == []
    assert len(traces.search_spans("grÜßE", ignore_case=True)) == 1


def test_a_phrase_is_found_however_old_the_span_is() -> None:
    old = trace(1, outputs="needle%_")
    for number in range(2, 200):
        trace(number)

    assert [hit.trace_id for hit in traces.search_spans("needle%_")] == [old]
    assert [hit.trace_id for hit in traces.search_spans("NEEDLE%_", ignore_case=True)] == [old]
    assert len(traces.search_spans("it is", limit=7)) == 7


def test_an_empty_phrase_is_refused() -> None:
    with pytest.raises(FilterError, match="one character"):
        traces.search_spans("")


def test_export_gives_every_trace_whole() -> None:
    made = seed(205)

    found = list(traces.export())

    assert [item.trace_id for item in found] == made[::-1]
    assert all(len(item.spans) == 2 for item in found)


def test_search_traces_gives_whole_traces_and_the_way_to_the_next_page() -> None:
    made = seed(5)

    first = search_traces("latency_ms > 0", limit=3)
    second = search_traces("latency_ms > 0", limit=3, page_token=first.next_page_token)

    assert [item.trace_id for item in [*first, *second]] == made[::-1]
    assert first[0].root is not None
    assert first[0].root.outputs == "it is 4"
    assert second.next_page_token is None


def test_answers_are_the_same_after_compaction() -> None:
    seed(20)
    before = (traces.search(limit=7), traces.get(trace_id(3)), traces.search_spans("it is 1"))
    store = current_store()
    store.seal()
    while store.compact().segments:
        pass

    after = (traces.search(limit=7), traces.get(trace_id(3)), traces.search_spans("it is 1"))

    assert after == before
