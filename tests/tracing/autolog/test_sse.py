"""Server-sent events found in bytes that are cut anywhere."""

import itertools

from hypothesis import given, strategies as st

from genaiops.tracing.autolog.sse import EventReader

BODY = (
    ': comment\r\n\r\nevent: a\r\ndata: {"t":"Zürich"}\r\n\r\n'
    "data: two\ndata:lines\n\nid: 1\r\rdata: last\r\r"
).encode()
EVENTS = ['{"t":"Zürich"}', "two\nlines", "last"]


@given(st.lists(st.integers(0, len(BODY))))
def test_events_are_the_same_wherever_the_bytes_are_cut(cuts):
    reader = EventReader()
    places = [0, *sorted(cuts), len(BODY)]

    found = [
        event for start, end in itertools.pairwise(places) for event in reader.feed(BODY[start:end])
    ]

    assert [*found, *reader.last()] == EVENTS


def test_an_event_without_its_blank_line_comes_last():
    reader = EventReader()

    assert list(reader.feed(b"data: half")) == []
    assert list(reader.last()) == ["half"]
