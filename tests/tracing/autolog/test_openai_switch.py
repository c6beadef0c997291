"""Switching the autolog of OpenAI on and off."""

import openai
from openai._base_client import AsyncAPIClient, SyncAPIClient

import genaiops


def test_switching_off_restores_the_very_same_functions_and_twice_is_once():
    genaiops.openai.autolog()
    genaiops.openai.autolog(disable=True)
    before = (
        SyncAPIClient.request,
        AsyncAPIClient.request,
        openai.Stream.close,
        openai.AsyncStream.close,
    )
    assert not hasattr(before[0], "__wrapped__")

    genaiops.autolog()
    genaiops.autolog()
    assert SyncAPIClient.request.__wrapped__ is before[0]
    genaiops.autolog(disable=True)

    after = (
        SyncAPIClient.request,
        AsyncAPIClient.request,
        openai.Stream.close,
        openai.AsyncStream.close,
    )
    assert after == before
