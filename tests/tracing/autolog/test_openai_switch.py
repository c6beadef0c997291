"""Switching the autolog of OpenAI on and off."""

import openai
from openai._base_client import AsyncAPIClient, SyncAPIClient

import genaiops

PATCHED = [
    (kind, name)
    for kinds, names in (
        ((SyncAPIClient, AsyncAPIClient), ("request", "_process_response")),
        ((openai.Stream, openai.AsyncStream), ("__init__",)),
    )
    for kind in kinds
    for name in names
]


def functions():
    return [vars(kind)[name] for kind, name in PATCHED]


def test_switching_off_restores_the_very_same_functions_and_twice_is_once():
    genaiops.openai.autolog()
    genaiops.openai.autolog(disable=True)
    before = functions()
    assert not any(hasattr(function, "__wrapped__") for function in before)

    genaiops.openai.autolog()
    genaiops.openai.autolog()
    assert all(now.__wrapped__ is then for now, then in zip(functions(), before, strict=True))
    genaiops.openai.autolog(disable=True)
    genaiops.openai.autolog(disable=True)

    assert all(now is then for now, then in zip(functions(), before, strict=True))


def test_the_library_may_be_imported_after_the_switch(program):
    told = program("""
        import genaiops
        genaiops.openai.autolog()
        import openai
        print(hasattr(openai.OpenAI.request, "__wrapped__"))
    """)

    assert told.split() == ["True"]
