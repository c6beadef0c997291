"""Modules are told of when the program imports them."""

import importlib

import pytest

from genaiops.training.imports import when_imported


def test_a_module_is_told_of_once_and_its_loader_is_as_it_was(workdir, monkeypatch):
    workdir.joinpath("late_module.py").write_text("value = 5\n")
    monkeypatch.syspath_prepend(workdir)
    told = []
    when_imported("late_module", lambda: told.append("first"))
    forget = when_imported("late_module", lambda: told.append("forgotten"))
    forget()

    module = importlib.import_module("late_module")
    importlib.reload(module)
    when_imported("late_module", lambda: told.append("at once"))

    assert told == ["first", "at once"]
    assert module.value == 5
    assert "exec_module" not in vars(module.__spec__.loader)


def test_a_module_that_is_not_there_is_missed_as_ever(workdir):
    forget = when_imported("no_such_module_here", lambda: None)

    with pytest.raises(ModuleNotFoundError, match="No module named 'no_such_module_here'"):
        importlib.import_module("no_such_module_here")
    forget()
