import asyncio
import collections.abc
import gc
import logging

import pytest

import genaiops
from genaiops.tracing import streams

FINISH = "genaiops.stream.finish"


@genaiops.trace
def leaf(x):
    return x


@genaiops.trace
def produce(n):
    for i in range(n):
        leaf(i)
        yield i


@genaiops.trace
async def aproduce(n):
    for i in range(n):
        await asyncio.sleep(0)
        leaf(i)
        yield i


def test_a_generator_is_one_span_that_its_body_runs_in(spans, tree):
    assert list(produce(3)) == [0, 1, 2]

    assert tree() == [
        ("produce", None),
        ("leaf", "produce"),
        ("leaf", "produce"),
        ("leaf", "produce"),
    ]
    span = spans()[0]
    assert (span["status"], span["inputs"], span["outputs"]) == ("ok", {"n": 3}, [0, 1, 2])
    assert 0 < spans("ttft_ms")[0]["ttft_ms"] < 60_000


def test_an_async_generator_is_one_span_that_its_body_runs_in(spans, tree):
    async def main():
        return [item async for item in aproduce(2)]

    assert asyncio.run(main()) == [0, 1]
    assert tree() == [("aproduce", None), ("leaf", "aproduce"), ("leaf", "aproduce")]
    assert spans()[0]["outputs"] == [0, 1]


def test_texts_are_joined_and_other_items_reduced_as_asked(spans):
    @genaiops.trace
    def words():
        yield from ("a", "b")

    @genaiops.trace(reduce=sum)
    def numbers():
        yield from (1, 2)

    @genaiops.trace(outputs=len)
    def counted():
        yield from ("ab", "c")

    list(words())
    list(numbers())
    list(counted())

    assert [span["outputs"] for span in spans()] == ["ab", 3, 3]


def test_the_consumer_of_a_half_consumed_generator_is_not_inside_it(tree):
    items = produce(2)
    next(items)
    leaf("consumer")
    list(items)

    assert tree() == [("produce", None), ("leaf", "produce"), ("leaf", None), ("leaf", "produce")]


def test_a_span_opened_in_the_body_stays_the_bodys_across_a_yield(tree):
    @genaiops.trace
    def body():
        with genaiops.start_span("inner"):
            yield 1
            leaf(1)

    with genaiops.start_span("consumer"):
        for _ in body():
            leaf(2)

    assert tree() == [
        ("consumer", None), ("body", "consumer"), ("inner", "body"), ("leaf", "consumer"), ("leaf", "inner"),
    ]  # fmt: skip


def test_a_generator_belongs_to_the_call_that_made_it_wherever_it_is_consumed(tree):
    @genaiops.trace(outputs=False)
    def handler():
        return (produce(1),)

    (items,) = handler()
    list(items)

    assert tree() == [("handler", None), ("produce", "handler"), ("leaf", "produce")]


def test_a_span_begins_with_the_first_item_asked_for(spans):
    items = produce(1)
    assert len(genaiops.sql("SELECT 1 FROM spans")) == 0

    items.close()

    with genaiops.start_span("later"):
        pass
    assert [span["name"] for span in spans()] == ["later"]


def test_closing_is_no_error_and_keeps_what_came(spans):
    items = produce(5)
    assert [next(items), next(items)] == [0, 1]
    items.close()

    span = spans()[0]
    assert (span["status"], span["outputs"]) == ("unset", [0, 1])
    assert span["attributes"][FINISH] == "closed"


def test_a_dropped_generator_is_recorded_as_abandoned(spans):
    items = produce(5)
    next(items)
    del items
    gc.collect()

    span = spans()[0]
    assert (span["status"], span["outputs"], span["attributes"][FINISH]) == (
        "unset",
        [0],
        "abandoned",
    )


def test_an_exception_in_the_body_reaches_the_consumer_and_the_span(spans):
    @genaiops.trace
    def broken():
        yield 1
        raise ValueError("half way")

    items = broken()
    next(items)
    with pytest.raises(ValueError, match="half way"):
        next(items)

    span = spans()[0]
    assert (span["status"], span["status_message"], span["outputs"]) == ("error", "half way", [1])


def test_send_throw_and_the_return_value_are_the_generators_own(spans):
    @genaiops.trace
    def conversation():
        got = yield "first"
        try:
            yield got
        except KeyError:
            yield "caught"
        return "done"

    items = conversation()
    assert isinstance(items, collections.abc.Generator)
    assert next(items) == "first"
    assert items.send("sent") == "sent"
    assert items.throw(KeyError()) == "caught"
    assert items.gi_frame is not None
    with pytest.raises(StopIteration) as stop:
        next(items)

    assert stop.value.value == "done"
    assert (spans()[0]["status"], spans()[0]["outputs"]) == ("ok", "firstsentcaught")


def test_yield_from_a_traced_generator_hands_everything_through():
    @genaiops.trace
    def inner():
        got = yield 1
        return got

    def outer():
        result = yield from inner()
        yield result

    items = outer()
    next(items)
    assert items.send("x") == "x"


def test_asend_athrow_and_aclose_are_the_async_generators_own(spans):
    @genaiops.trace
    async def conversation():
        got = yield "first"
        try:
            yield got
        except KeyError:
            yield "caught"

    async def main():
        items = conversation()
        assert isinstance(items, collections.abc.AsyncGenerator)
        out = [await anext(items), await items.asend("sent"), await items.athrow(KeyError())]
        await items.aclose()
        return out

    assert asyncio.run(main()) == ["first", "sent", "caught"]
    assert spans()[0]["attributes"][FINISH] == "closed"


def test_an_async_generator_closed_from_another_task_makes_no_noise(spans, caplog):
    async def main():
        items = aproduce(5)
        await asyncio.create_task(anext(items))
        await asyncio.create_task(items.aclose())

    with caplog.at_level(logging.DEBUG, logger="opentelemetry"):
        asyncio.run(main())

    assert caplog.records == []
    span = spans()[0]
    assert (span["status"], span["outputs"], span["attributes"][FINISH]) == ("unset", [0], "closed")


def test_an_async_generator_left_by_break_is_recorded(spans):
    async def main():
        async for _ in aproduce(5):
            break
        gc.collect()

    asyncio.run(main())

    assert spans()[0]["attributes"][FINISH] == "abandoned"


def test_a_cancelled_consumer_leaves_a_cancelled_stream(spans):
    @genaiops.trace
    async def slow():
        yield 1
        await asyncio.sleep(60)
        yield 2

    async def consume():
        async for _ in slow():
            pass

    async def main():
        task = asyncio.create_task(consume())
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())

    span = spans()[0]
    assert (span["status"], span["outputs"], span["attributes"][FINISH]) == (
        "unset",
        [1],
        "cancelled",
    )


def test_items_of_an_endless_stream_are_kept_up_to_a_limit_and_counted(spans, monkeypatch):
    monkeypatch.setattr(streams, "KEPT_ITEMS", 3)

    @genaiops.trace
    def numbers():
        yield from range(10)

    assert len(list(numbers())) == 10
    assert spans()[0]["outputs"] == [0, 1, 2]
    assert spans()[0]["attributes"]["genaiops.stream.items"] == 10
