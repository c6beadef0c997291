"""The modules of autolog by the names that users import."""

import importlib

import pytest

import genaiops


@pytest.mark.parametrize("name", ["anthropic", "langchain", "openai"])
def test_a_library_is_one_module_however_it_is_imported(name):
    imported = importlib.import_module(f"genaiops.{name}")

    assert imported is getattr(genaiops, name)
    assert imported is importlib.import_module(f"genaiops.tracing.autolog.{name}")
