"""What a request leaves behind in a process that serves for months: nothing."""

import gc
import time
from collections import Counter

import pytest

from genaiops.gateway.chatrequest import ChatRequest
from genaiops.gateway.passing import passing
from genaiops.gateway.recording import ServedRecord
from genaiops.gateway.reply import Reply
from genaiops.gateway.watching import Watched
from genaiops.tracing.span import Span
from tests.gateway.fake import STREAM, chat, chunk, refusal, streamed
from tests.gateway.test_app import BODY, post
from tests.gateway.test_streams import OPENAI

OURS = (ChatRequest, Reply, ServedRecord, Span, Watched)


@pytest.fixture
def collector_off():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def left_behind(before):
    """Objects of requests that are still there, beyond those that were."""
    return Counter(type(one).__name__ for one in gc.get_objects() if type(one) in OURS) - before


@pytest.mark.parametrize(
    ("answer", "more"),
    [(chat(), {}), (streamed(), {"stream": True}), (refusal(400, "no"), {})],
    ids=["whole", "stream", "refused"],
)
def test_nothing_of_a_request_waits_for_the_garbage_collector(
    inside, provider, collector_off, answer, more
):
    gateway = inside()
    before = left_behind(Counter())
    provider.script += [answer] * 5
    for _ in range(5):
        post(gateway, {**BODY, **more})
    until = time.monotonic() + 10
    while left_behind(before) and time.monotonic() < until:  # the last one may still be ending
        time.sleep(0.01)
    assert left_behind(before) == Counter()


def test_a_long_stream_that_passes_through_leaves_nothing_to_walk_for_the_collector(
    collector_off,
):
    read = passing(OPENAI, "openai")
    read.feed(STREAM[0])
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(1_000):
        read.feed(chunk(" token"))
    assert (
        len(gc.get_objects()) - before < 50
    )  # an object an event made pauses of a third of a second
    assert read.summary().outputs == b'{"role":"assistant","content":"Hel%b"}' % (b" token" * 1_000)
