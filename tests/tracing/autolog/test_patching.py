"""Putting functions in the place of a library's own, and those back."""

import importlib.metadata
import logging
import types

import pytest

from genaiops.tracing.autolog.patching import Patches


class Base:
    def ask(self):
        return "original"


class Client(Base):
    def tell(self):
        return "told"


@pytest.fixture
def patches():
    """Of a library that is always there."""
    return Patches("pytest", package="pytest", distribution="pytest", oldest="1.0")


def loud(patches):
    def wrap(original):
        def ask(self):
            return original(self).upper() if patches.on else original(self)

        return ask

    return wrap


def change(patches, owner, name):
    return lambda: patches.replace(owner, name, loud(patches))


def test_an_inherited_function_is_inherited_again_after_the_switch(patches):
    patches.switch(change(patches, Client, "ask"), disable=False)
    assert Client().ask() == "ORIGINAL"

    patches.switch(change(patches, Client, "ask"), disable=True)

    assert "ask" not in vars(Client)
    assert Client().ask() == "original"


def test_what_somebody_else_wrapped_stays_and_ours_only_calls_on(patches):
    before = Client.tell
    on = change(patches, Client, "tell")
    patches.switch(on, disable=False)
    ours = Client.tell
    Client.tell = lambda self: f"<{ours(self)}>"

    patches.switch(on, disable=True)
    off = Client().tell()
    patches.switch(on, disable=False)
    again = Client().tell()
    Client.tell = ours
    patches.switch(on, disable=True)

    assert (off, again) == ("<told>", "<TOLD>")
    assert Client.tell is before


def test_a_further_undo_is_called_once(patches):
    called = []

    patches.switch(lambda: patches.undo_with(lambda: called.append("undone")), disable=False)
    patches.switch(lambda: None, disable=True)
    patches.switch(lambda: None, disable=True)

    assert called == ["undone"]


def test_a_missing_library_is_a_hint_of_one_line(caplog):
    absent = Patches("openai", package="no_such_package", distribution="openai", oldest="1")

    absent.switch(lambda: pytest.fail("changed"), disable=False)

    (record,) = caplog.records
    assert (record.name, record.levelno) == ("genaiops", logging.WARNING)
    assert record.getMessage().endswith("pip install 'genaiops[openai]'")
    assert not absent.on


@pytest.mark.parametrize("why", ["old", "seam"])
def test_a_version_that_does_not_fit_is_warned_of_once_and_left_alone(monkeypatch, caplog, why):
    owner = types.SimpleNamespace(ask=Base.ask)
    known = importlib.metadata.version("pytest")
    oldest = "1.0" if why == "seam" else f"{int(known.split('.')[0]) + 1}.0"
    patches = Patches("pytest", package="pytest", distribution="pytest", oldest=oldest)

    def broken():
        patches.replace(owner, "ask", loud(patches))
        patches.replace(owner, "gone", loud(patches))

    for _ in range(2):
        patches.switch(broken, disable=False)

    (record,) = caplog.records
    assert "calls of pytest are not recorded" in record.getMessage()
    assert owner.ask is Base.ask
    assert not patches.on
