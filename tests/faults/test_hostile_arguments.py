"""Whatever a program hands around: its result stays the same object, and a span exists."""

import asyncio
import dataclasses
import subprocess
import sys
import threading
import time
from collections import UserDict

import numpy as np
import pandas as pd
import pydantic
import pytest

import genaiops


class Raises:
    """Everything that could be called on it raises."""

    def _raise(self, *args):
        raise RuntimeError("hostile")

    __repr__ = __str__ = __eq__ = __iter__ = __len__ = __bool__ = __hash__ = __getattr__ = _raise
    __getitem__ = __int__ = __float__ = __index__ = __dir__ = __format__ = __reduce__ = _raise


class Hangs:
    """Everything that could be called on it never returns."""

    def _hang(self, *args):
        time.sleep(600)

    __repr__ = __str__ = __eq__ = __iter__ = __len__ = __bool__ = __getattr__ = _hang
    __getitem__ = __int__ = __dir__ = __format__ = _hang

    @property
    def public(self):
        time.sleep(600)


class HangsOnAccess:
    def __getattribute__(self, name):
        time.sleep(600)


class LyingClass:
    @property
    def __class__(self):
        raise RuntimeError("hostile")


class HostileDict(dict):
    def __iter__(self):
        raise RuntimeError("hostile")

    items = keys = values = __getitem__ = __len__ = __iter__


class HostileList(list):
    def __iter__(self):
        raise RuntimeError("hostile")

    __getitem__ = __len__ = __iter__


class HostileText(str):
    def __str__(self):
        raise RuntimeError("hostile")

    __repr__ = encode = __str__


class HostileError(Exception):
    def __str__(self):
        raise RuntimeError("hostile")


@dataclasses.dataclass
class HostileField:
    field: object

    def __getattribute__(self, name):
        if name == "field":
            raise RuntimeError("hostile")
        return object.__getattribute__(self, name)


class HostileModel(pydantic.BaseModel):
    value: int = 1

    @pydantic.field_serializer("value")
    def raise_it(self, value):
        raise RuntimeError("hostile")


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def cycle():
    value = {"list": []}
    value["list"].append(value)
    return value


def endless():
    while True:
        yield 1


VALUES = {
    "raises": Raises,
    "raises inside": lambda: {"a": [Raises()]},
    "raises in an attribute": lambda: type("Holder", (), {})(),
    "hangs": Hangs,
    "hangs inside": lambda: [Hangs(), {"x": Hangs()}],
    "hangs on access": HangsOnAccess,
    "lies about its class": LyingClass,
    "hostile dict": lambda: HostileDict(a=1),
    "hostile list": lambda: HostileList([1]),
    "hostile text": lambda: HostileText("a"),
    "hostile error": HostileError,
    "hostile field": lambda: HostileField(1),
    "hostile model": HostileModel,
    "user dict": lambda: UserDict(a=1),
    "deep list": lambda: nested(100_000),
    "deep dict": lambda: {"a": nested(2_000)},
    "cycle": cycle,
    "nan": lambda: [float("nan"), float("inf")],
    "lone surrogate": lambda: {"\ud800": "\udfff"},
    "nul": lambda: "a\0b",
    "1 MB text": lambda: "é" * 1_000_000,
    "huge number": lambda: 10**10_000,
    "object keys": lambda: {object(): 1, (1, 2): 2, None: 3, b"x": 4},
    "numpy": lambda: [np.zeros((1_000, 1_000)), np.float32("nan"), np.array([object()])],
    "pandas": lambda: pd.DataFrame({"a": [object(), Raises]}),
    "bytes": lambda: [b"\x00\xff" * 100_000, bytearray(b"x"), memoryview(b"y")],
    "lock": threading.Lock,
    "coroutine function": lambda: asyncio.sleep,
    "module": lambda: sys,
}


@pytest.mark.parametrize("make", VALUES.values(), ids=VALUES)
def test_the_result_is_the_same_object_and_a_span_exists(make):
    value = make()

    @genaiops.trace
    def hand_through(argument):
        return argument

    same = hand_through(value) is value  # not in the assert, which would show the value

    assert same
    rows = genaiops.sql("SELECT name, status FROM spans").rows
    assert rows == [("hand_through", "ok")]


@pytest.mark.parametrize("make", VALUES.values(), ids=VALUES)
def test_attributes_events_and_metadata_may_be_anything(make):
    value = make()

    with genaiops.start_span("block") as span:
        span.set_attribute("a", value)
        span.set_attribute("gen_ai.request.model", value)
        span.set_attribute("gen_ai.usage.input_tokens", value)
        span.set_attribute("gen_ai.response.finish_reasons", value)
        span.add_event("event", {"x": value})
        genaiops.update_current_trace(metadata={"m": value})

    assert genaiops.sql("SELECT name, status FROM spans").rows == [("block", "ok")]


def test_an_endless_iterator_is_not_consumed():
    items = endless()

    assert genaiops.trace(lambda it: next(it))(items) == 1
    assert genaiops.sql("SELECT outputs FROM spans").rows == [("1",)]


def test_an_exception_whose_text_cannot_be_made_passes_unchanged():
    error = HostileError()

    @genaiops.trace
    def fail():
        raise error

    with pytest.raises(HostileError) as caught:
        fail()

    assert caught.value is error
    assert genaiops.sql("SELECT status FROM spans").rows == [("error",)]


def test_a_value_that_changes_in_another_thread_while_it_is_recorded_harms_nobody():
    shared, stop = {i: [i] for i in range(1_000)}, threading.Event()

    def change():
        i = 0
        while not stop.is_set():
            shared[f"new {i}"] = [i]
            shared.pop(f"new {i - 50}", None)
            i += 1

    thread = threading.Thread(target=change)
    thread.start()
    call = genaiops.trace(lambda value: None)
    for _ in range(50):
        call(shared)
    stop.set()
    thread.join()

    assert genaiops.sql("SELECT count(*) FROM spans WHERE status = 'ok'").rows == [(50,)]


def test_the_readers_and_the_store_survive_every_hostile_value_together(store_dir):
    code = (
        "import genaiops\n"
        "call = genaiops.trace(lambda x: x)\n"
        "for value in ['a\\0b', '\\ud800', {'\\ud800': 1}, float('nan'), 10**400, [[]] * 1000, 'x' * 70_000]:\n"
        "    call(value)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

    rows = genaiops.sql("SELECT count(*), count(inputs) FROM spans").rows

    assert rows == [(7, 7)]
    assert not list(store_dir.glob("quarantine/*"))
