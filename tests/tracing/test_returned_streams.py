import asyncio
import collections.abc
import concurrent.futures
import gc

import pytest

import genaiops

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


class Stream:
    """A stream as model libraries have them."""

    def __init__(self, items):
        self.items, self.closed, self.response = iter(items), False, "response"

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.items)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        self.closed = True


class AsyncStream(Stream):
    __iter__ = None
    __next__ = None

    def __aiter__(self):
        return self

    async def __anext__(self):
        for item in self.items:
            return item
        raise StopAsyncIteration

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        self.close()


@pytest.mark.parametrize(
    "make",
    [
        lambda: (x for x in (1, 2)),
        lambda: map(leaf, (1, 2)),
        lambda: iter([1, 2]),
        lambda: Stream([1, 2]),
    ],
)
def test_an_iterator_that_a_function_returns_keeps_the_span_open(spans, make):
    @genaiops.trace
    def call():
        return make()

    items = call()
    leaf("consumer")
    assert list(items) == [1, 2]

    span = next(span for span in spans() if span["name"] == "call")
    assert (span["status"], span["outputs"]) == ("ok", [1, 2])


def test_a_returned_stream_keeps_its_class_its_attributes_and_its_block(spans):
    @genaiops.trace
    def call():
        return Stream([1, 2, 3])

    with call() as stream:
        assert isinstance(stream, Stream)
        assert stream.response == "response"
        assert next(stream) == 1

    assert stream.closed
    (span,) = spans()
    assert (span["status"], span["outputs"], span["attributes"][FINISH]) == ("unset", [1], "closed")


def test_a_returned_stream_may_be_closed_or_dropped(spans):
    @genaiops.trace
    def call():
        return Stream([1, 2])

    stream = call()
    next(stream)
    stream.close()
    next(dropped := call())
    del dropped
    gc.collect()

    assert [span["attributes"][FINISH] for span in spans()] == ["closed", "abandoned"]


def test_a_returned_async_stream_is_followed_too(spans):
    @genaiops.trace
    async def call():
        return AsyncStream([1, 2])

    async def main():
        async with await call() as stream:
            assert isinstance(stream, AsyncStream)
            assert not isinstance(stream, collections.abc.Iterator)
            return [item async for item in stream]

    assert asyncio.run(main()) == [1, 2]
    assert (spans()[0]["status"], spans()[0]["outputs"]) == ("ok", [1, 2])


def test_a_file_is_handed_through_as_the_same_object(workdir):
    file = (workdir / "x").open("w")

    assert genaiops.trace(lambda: file)() is file
    file.close()


def test_a_coroutine_or_future_that_a_function_returns_keeps_the_span_open(spans):
    async def later():
        leaf("inside")
        return 5

    @genaiops.trace
    def call():
        return later()

    @genaiops.trace
    def task():
        return asyncio.get_running_loop().create_task(later())

    async def main():
        return await call(), await task()

    assert asyncio.run(main()) == (5, 5)
    outputs = {span["name"]: span["outputs"] for span in spans()}
    assert (outputs["call"], outputs["task"]) == (5, 5)


def test_a_future_of_a_pool_is_recorded_when_it_is_done(spans):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = genaiops.trace(lambda: pool.submit(lambda: 1 / 0))()
        with pytest.raises(ZeroDivisionError):
            future.result()

    assert spans()[0]["status"] == "error"


def test_a_traced_generator_works_as_a_context_manager():
    import contextlib

    @contextlib.contextmanager
    @genaiops.trace
    def resource():
        yield "open"

    with resource() as value:
        assert value == "open"
    with pytest.raises(KeyError), resource():
        raise KeyError("passes")
