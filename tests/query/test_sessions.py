"""Sessions: conversations made of traces."""

import pytest

from genaiops.errors import FilterError, NotFoundError
from genaiops.query import sessions
from tests.query.seeding import BASE_NS, SECOND, event, trace


def test_sessions_are_counted_over_their_traces_and_the_last_speaks_first() -> None:
    for number, session in enumerate(("a", "a", "b", "a", "c")):
        status = "error" if number == 1 else "ok"
        trace(number, session_id=session, user_id=f"u-{session}", status=status)
    trace(9)

    page = sessions.search()

    assert [(item.session_id, item.n_traces) for item in page.items] == [
        ("c", 1), ("a", 3), ("b", 1),
    ]  # fmt: skip
    first = page.items[1]
    assert (first.user_id, first.n_errors, first.cost_usd) == ("u-a", 1, 0.75)
    assert (first.first_ns, first.last_ns) == (BASE_NS, BASE_NS + 3 * SECOND)
    assert "number 0?" in str(first.opening)


def test_pages_of_sessions_hold_each_once() -> None:
    for number in range(9):
        trace(number, start_ns=BASE_NS + number // 3, session_id=f"s{number}")

    token, found = None, []
    while True:
        page = sessions.search(limit=2, page_token=token)
        found += [item.session_id for item in page.items]
        token = page.next_page_token
        if token is None:
            break

    assert sorted(found) == [f"s{number}" for number in range(9)]
    assert found[:3] == ["s6", "s7", "s8"]


def test_turns_come_oldest_first_with_whole_inputs_and_what_was_said() -> None:
    made = [trace(number, session_id="s", inputs={"q": "x" * 5_000}) for number in range(5)]
    event("assessment", id="a1", trace_id=made[1], key="good", data={"value": True})

    first = sessions.turns("s", limit=3)
    rest = sessions.turns("s", limit=3, page_token=first.next_page_token)

    turns = [*first.items, *rest.items]
    assert [turn.summary.trace_id for turn in turns] == made
    assert turns[0].inputs == {"q": "x" * 5_000}
    assert [item.name for item in turns[1].assessments] == ["good"]
    assert rest.next_page_token is None


def test_a_filter_chooses_the_traces_that_count() -> None:
    trace(1, session_id="a", user_id="ada")
    trace(2, session_id="b", user_id="bob")

    assert [item.session_id for item in sessions.search("user_id = 'ada'").items] == ["a"]


def test_what_cannot_be_is_a_clear_error() -> None:
    assert sessions.search().items == []
    with pytest.raises(NotFoundError, match="no session 'x'"):
        sessions.turns("x")
    with pytest.raises(FilterError):
        sessions.search(page_token="?")
    with pytest.raises(FilterError):
        sessions.search(limit=0)
