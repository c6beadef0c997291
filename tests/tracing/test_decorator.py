import asyncio
import functools
import inspect

import pytest

import genaiops


def test_a_call_is_recorded_with_arguments_and_result_before_it_returns(spans):
    @genaiops.trace
    def add(a, b=2):
        return a + b

    assert add(1) == 3

    (span,) = spans()
    assert (span["name"], span["span_type"], span["status"]) == ("add", "function", "ok")
    assert (span["inputs"], span["outputs"]) == ({"a": 1, "b": 2}, 3)
    assert len(span["trace_id"]) == 32
    assert len(span["span_id"]) == 16
    assert span["parent_span_id"] is None


def test_calls_inside_a_call_are_its_children(tree):
    @genaiops.trace
    def leaf():
        return genaiops.get_current_active_span().name

    @genaiops.trace
    def middle():
        return leaf()

    @genaiops.trace
    def top():
        return middle(), leaf()

    assert top() == ("leaf", "leaf")
    assert tree() == [("top", None), ("middle", "top"), ("leaf", "middle"), ("leaf", "top")]


def test_name_type_and_attributes_are_what_the_decorator_says(spans):
    @genaiops.trace(name="find", span_type="retriever", attributes={"team": "a"})
    def search(question):
        return []

    search("q")

    (span,) = spans("name, span_type, operation, attributes")
    assert span == {
        "name": "find",
        "span_type": "retriever",
        "operation": "retrieval",
        "attributes": {"gen_ai.operation.name": "retrieval", "team": "a"},
    }


@pytest.mark.parametrize(
    ("inputs", "recorded"),
    [
        (True, {"a": 1, "b": 2}),
        (False, None),
        (["b"], {"b": 2}),
        (lambda bound: bound["a"] + bound["b"], 3),
    ],
)
def test_inputs_are_all_none_named_or_made(spans, inputs, recorded):
    @genaiops.trace(inputs=inputs)
    def call(a, b):
        return None

    call(1, b=2)

    assert spans()[0]["inputs"] == recorded


@pytest.mark.parametrize(
    ("outputs", "recorded"), [(True, "abc"), (False, None), (lambda result: len(result), 3)]
)
def test_outputs_are_the_result_nothing_or_made(spans, outputs, recorded):
    @genaiops.trace(outputs=outputs)
    def call():
        return "abc"

    assert call() == "abc"
    assert spans()[0]["outputs"] == recorded


def test_arguments_stand_under_their_parameter_names(spans):
    @genaiops.trace
    def call(a, /, b, *rest, c=3, **more):
        return None

    call(1, 2, 4, 5, d=6, b2=7)

    assert spans()[0]["inputs"] == {
        "a": 1,
        "b": 2,
        "rest": [4, 5],
        "c": 3,
        "more": {"d": 6, "b2": 7},
    }


def test_arguments_are_recorded_as_they_were_when_the_call_began(spans):
    @genaiops.trace
    def consume(items):
        items.clear()

    consume([1, 2])

    assert spans()[0]["inputs"] == {"items": [1, 2]}


class Service:
    @genaiops.trace
    def method(self, x):
        return x

    @classmethod
    @genaiops.trace
    def class_inside(cls, x):
        return cls, x

    @genaiops.trace
    @classmethod
    def class_outside(cls, x):
        return cls, x

    @staticmethod
    @genaiops.trace
    def static_inside(x):
        return x

    @genaiops.trace
    @staticmethod
    def static_outside(x):
        return x

    @genaiops.trace
    @property
    def size(self):
        return 7

    @genaiops.trace
    async def coroutine(self, x):
        return x

    @genaiops.trace
    def stream(self, n):
        yield from range(n)

    def __call__(self, x):
        return x


def test_methods_in_either_order_of_decorators_never_record_self_or_cls(spans):
    service = Service()

    assert service.method(1) == 1
    assert Service.class_inside(2) == (Service, 2)
    assert service.class_outside(3) == (Service, 3)
    assert Service.static_inside(4) == 4
    assert service.static_outside(5) == 5
    assert service.size == 7
    assert asyncio.run(service.coroutine(8)) == 8
    assert list(service.stream(2)) == [0, 1]

    assert [(span["name"], span["inputs"]) for span in spans()] == [
        ("method", {"x": 1}),
        ("class_inside", {"x": 2}),
        ("class_outside", {"x": 3}),
        ("static_inside", {"x": 4}),
        ("static_outside", {"x": 5}),
        ("size", {}),
        ("coroutine", {"x": 8}),
        ("stream", {"n": 2}),
    ]


def test_partials_builtins_and_callable_objects_are_traced_under_their_own_names(spans):
    def add(a, b):
        return a + b

    assert genaiops.trace(functools.partial(add, 1))(2) == 3
    assert genaiops.trace(Service())(4) == 4
    assert genaiops.trace(max)(1, 5) == 5
    assert genaiops.trace(functools.partial(add, 1))(b=6) == 7

    assert [(span["name"], span["outputs"]) for span in spans()] == [
        ("add", 3), ("Service", 4), ("max", 5), ("add", 7),
    ]  # fmt: skip


def test_an_async_partial_and_an_async_callable_object_are_awaited(spans):
    async def double(x):
        return 2 * x

    class Callable:
        async def __call__(self, x):
            return x + 1

    assert asyncio.run(genaiops.trace(functools.partial(double, 4))()) == 8
    assert asyncio.run(genaiops.trace(Callable())(4)) == 5
    assert [span["outputs"] for span in spans()] == [8, 5]


def test_a_class_or_something_else_than_a_function_is_refused():
    with pytest.raises(TypeError, match="class 'Service': put it on its methods"):
        genaiops.trace(Service)
    with pytest.raises(TypeError, match="needs a function, not 'int'"):
        genaiops.trace(3)


def test_a_traced_function_keeps_what_frameworks_look_at():
    def endpoint(question: str, k: int = 3) -> list[str]:
        """Answers."""
        return [question] * k

    traced = genaiops.trace(endpoint)

    assert traced.__wrapped__ is endpoint
    assert traced.__doc__ == "Answers."
    assert inspect.signature(traced) == inspect.signature(endpoint)
    assert inspect.get_annotations(traced) == inspect.get_annotations(endpoint)

    @genaiops.trace
    async def waits():
        return 1

    assert inspect.iscoroutinefunction(waits)


def test_an_exception_passes_unchanged_and_is_recorded_with_its_stack(spans):
    error = ValueError("bad thing")

    @genaiops.trace
    def fail(question):
        raise error

    with pytest.raises(ValueError, match="bad thing") as caught:
        fail("a")

    assert caught.value is error
    assert len(caught.traceback) == 3, "at most one frame of ours"
    (span,) = spans()
    assert (span["status"], span["status_message"]) == ("error", "bad thing")
    assert span["attributes"] == {"error.type": "ValueError"}
    (event,) = span["events"]
    assert event["name"] == "exception"
    assert event["attributes"]["exception.type"] == "ValueError"
    assert event["attributes"]["exception.message"] == "bad thing"
    assert "in fail" in event["attributes"]["exception.stacktrace"]


def test_a_long_stack_is_cut_to_8_kb(spans):
    @genaiops.trace
    def fail():
        raise ValueError("x" * 50_000)

    with pytest.raises(ValueError, match="x"):
        fail()

    (event,) = spans()[0]["events"]
    assert len(event["attributes"]["exception.stacktrace"]) <= 8_192


@pytest.mark.parametrize("kind", [asyncio.CancelledError, KeyboardInterrupt])
def test_being_stopped_is_no_error(spans, kind):
    @genaiops.trace
    def work():
        raise kind

    with pytest.raises(kind):
        work()

    (span,) = spans()
    assert (span["status"], span["events"]) == ("unset", None)
    assert span["attributes"] == {"genaiops.stream.finish": "cancelled"}


def test_a_cancelled_task_is_recorded_and_the_cancellation_passes(spans):
    @genaiops.trace
    async def wait():
        await asyncio.sleep(60)

    async def main():
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())

    assert [(s["status"], s["attributes"]) for s in spans()] == [
        ("unset", {"genaiops.stream.finish": "cancelled"})
    ]


def test_leaving_the_program_successfully_is_no_error(spans):
    @genaiops.trace
    def leave(code):
        raise SystemExit(code)

    for code in (0, 3):
        with pytest.raises(SystemExit):
            leave(code)

    assert [span["status"] for span in spans()] == ["ok", "error"]


def test_concurrent_tasks_keep_their_own_parents(tree):
    @genaiops.trace
    async def leaf(n):
        await asyncio.sleep(0)
        return n

    @genaiops.trace
    async def branch(n):
        await asyncio.sleep(0)
        return await leaf(n)

    @genaiops.trace
    async def root():
        return await asyncio.gather(branch(1), branch(2))

    assert asyncio.run(root()) == [1, 2]
    assert sorted(tree(), key=str) == [
        ("branch", "root"), ("branch", "root"), ("leaf", "branch"), ("leaf", "branch"), ("root", None),
    ]  # fmt: skip


def test_tracing_can_be_switched_off_and_on_while_the_program_runs(spans):
    @genaiops.trace
    def call():
        return genaiops.get_current_active_span().is_recording()

    genaiops.configure(disabled=True)
    assert call() is False
    with genaiops.start_span("block") as span:
        span.set_inputs(1)
    genaiops.log_feedback("0" * 32, "good", True)
    assert genaiops.flush()
    genaiops.configure(disabled=False)
    assert call() is True

    assert [span["name"] for span in spans()] == ["call"]
    assert len(genaiops.sql("SELECT * FROM assessments")) == 0


def test_a_wrong_setting_never_reaches_the_traced_function(monkeypatch, caplog):
    @genaiops.trace
    def call():
        return 1

    monkeypatch.setenv("GENAIOPS_TRACKING_URI", "http://somewhere:5000")
    genaiops.config.reset()

    assert call() == 1
