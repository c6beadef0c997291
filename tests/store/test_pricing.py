"""What model calls cost: by the user's table, by the provider, by genai-prices, or unknown."""

import json
import logging
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from genaiops.model.usage import Usage
from genaiops.store import LocalStore, maintainer, pricing
from genaiops.store.pricing import Ask, PriceBook, Rate
from tests.store.making import compacted, rows, span

DAY = "2026-11-20"
START = int(datetime(2026, 11, 20, 9, tzinfo=UTC).timestamp()) * 10**9
COSTS = "SELECT span_id, cost_usd FROM spans ORDER BY span_id"

# USD a million tokens as their providers list them: input, cache read, cache write, output.
LISTED = {
    ("openai", "gpt-5-mini"): (0.25, 0.025, 0.25, 2.0),
    ("openai", "gpt-5"): (1.25, 0.125, 1.25, 10.0),
    ("openai", "gpt-4.1"): (2.0, 0.5, 2.0, 8.0),
    ("openai", "gpt-4o-mini"): (0.15, 0.075, 0.15, 0.6),
    ("azure.ai.openai", "gpt-4.1"): (2.0, 0.5, 2.0, 8.0),
    ("anthropic", "claude-sonnet-4-5"): (3.0, 0.3, 3.75, 15.0),
    ("anthropic", "claude-haiku-4-5"): (1.0, 0.1, 1.25, 5.0),
    ("anthropic", "claude-opus-4-5"): (5.0, 0.5, 6.25, 25.0),
    ("gcp.gemini", "gemini-2.5-pro"): (1.25, 0.125, 1.25, 10.0),
    ("gcp.gemini", "gemini-2.5-flash-lite"): (0.1, 0.01, 0.1, 0.4),
    ("mistral_ai", "mistral-large-latest"): (2.0, 2.0, 2.0, 6.0),
    ("groq", "llama-3.3-70b-versatile"): (0.59, 0.59, 0.59, 0.79),
}


def call(number: int, provider: str | None, model: str | None, **fields: Any) -> bytes:
    """The line of a model call."""
    fields = {"input_tokens": 1_000, "output_tokens": 200} | fields
    times = {"start_ns": START + number, "end_ns": START + number + 5}
    return span(number, provider=provider, response_model=model, span_type="llm", **times, **fields)


@pytest.mark.parametrize(("provider", "model"), LISTED)
def test_a_call_costs_what_the_provider_lists(store: LocalStore, provider: str, model: str) -> None:
    plain, read, write, said = LISTED[provider, model]
    used = {"input_tokens": 10_000, "output_tokens": 700, "cache_read_tokens": 3_000}
    store.append("spans", call(0, provider, model, **used, reasoning_tokens=100))
    store.append("spans", call(1, provider, model, **used, cache_write_tokens=2_000))
    compacted(store)

    (_, first), (_, second) = rows(store, COSTS)
    assert math.isclose(first, (7_000 * plain + 3_000 * read + 700 * said) / 1e6, abs_tol=1e-12)
    expected = (5_000 * plain + 3_000 * read + 2_000 * write + 700 * said) / 1e6
    assert math.isclose(second, expected, abs_tol=1e-12)


def test_long_prompts_and_service_tiers_have_their_own_prices(store: LocalStore) -> None:
    store.append("spans", call(0, "anthropic", "claude-sonnet-4-5", input_tokens=200_000))
    store.append("spans", call(1, "anthropic", "claude-sonnet-4-5", input_tokens=200_001))
    flex = {"openai.response.service_tier": "flex"}
    store.append("spans", call(2, "openai", "gpt-5-mini", attributes=flex))
    compacted(store)

    costs = [cost for _, cost in rows(store, COSTS)]
    assert costs == pytest.approx(
        [
            (200_000 * 3 + 200 * 15) / 1e6,
            (200_001 * 6 + 200 * 22.5) / 1e6,
            (1_000 * 0.125 + 200 * 1.0) / 1e6,
        ],
        abs=1e-12,
    )


def test_what_a_provider_reports_is_kept_and_unknown_is_not_zero(store: LocalStore) -> None:
    store.append("spans", call(0, "openai", "gpt-5-mini", cost_usd=0.5))
    store.append("spans", call(1, "openai", "no-such-model"))
    store.append("spans", call(2, "my own server", "gpt-5-mini"))
    store.append("spans", call(3, "openai", None))
    store.append("spans", call(4, "openai", "gpt-5-mini", input_tokens=None, output_tokens=None))
    compacted(store)

    assert [cost for _, cost in rows(store, COSTS)] == [0.5, None, None, None, None]


def test_a_call_that_two_layers_recorded_costs_once(store: LocalStore) -> None:
    outer = call(0, "openai", "gpt-5-mini")
    inner = call(1, "openai", "gpt-5-mini")
    again = call(2, "openai", "gpt-5-mini")  # a retry beside it
    store.append("spans", outer + inner + again)
    compacted(store)

    once = (1_000 * 0.25 + 200 * 2.0) / 1e6
    assert rows(store, "SELECT cost_usd FROM traces") == [(pytest.approx(2 * once),)]


def test_a_users_own_table_comes_first(store: LocalStore) -> None:
    store.append("spans", b"\n")
    (store.folder / pricing.USER_FILE).write_text(
        '[[price]]\nmodel = "gpt-5*"\nprovider = "openai"\ninput = 1\noutput = 10\n'
        '[[price]]\nmodel = "house-*"\ninput = 0\noutput = 2\ncache_read = 0.5\n'
    )
    store.append("spans", call(0, "openai", "gpt-5-mini"))
    store.append("spans", call(1, "azure.ai.openai", "gpt-5-mini"))
    store.append("spans", call(2, None, "house-7b", cache_read_tokens=100))
    compacted(store)

    costs = [cost for _, cost in rows(store, COSTS)]
    assert costs == pytest.approx([0.003, 0.00065, (100 * 0.5 + 200 * 2) / 1e6])


@pytest.mark.parametrize("text", ["[[price", "[[price]]\nmodel = 'x'", "price = 3", "\x00"])
def test_a_bad_table_is_told_once_and_not_used(
    store: LocalStore, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    store.append("spans", call(0, "openai", "gpt-5-mini"))
    (store.folder / pricing.USER_FILE).write_text(text)

    with caplog.at_level(logging.WARNING, "genaiops"):
        compacted(store)

    assert caplog.text.count("prices.toml is not used") == 1
    assert rows(store, COSTS)[0][1] == pytest.approx(0.00065)


def test_answers_are_kept_and_nobody_is_asked_twice(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append("spans", call(0, "openai", "gpt-5-mini") + call(1, "openai", "no-such-model"))
    compacted(store)
    asked: list[Ask] = []
    monkeypatch.setattr(pricing, "_ask", asked.append)
    store.append("spans", call(2, "openai", "gpt-5-mini") + call(3, "openai", "no-such-model"))
    compacted(store)

    assert asked == []
    assert [cost is None for _, cost in rows(store, COSTS)] == [False, True, False, True]
    assert (store.folder / pricing.FILE).stat().st_mode & 0o777 == 0o600


def test_a_price_is_known_without_asking_once_it_was_asked(store: LocalStore) -> None:
    usage = Usage(input_tokens=1_000, output_tokens=200)
    assert store.cost("openai", "gpt-5-mini", usage) is None
    today = datetime.now(UTC).date().isoformat()
    store.append("spans", b"\n")
    PriceBook(store.folder).rates([Ask("openai", "gpt-5-mini", None, today)])

    assert LocalStore(store.folder).cost("openai", "gpt-5-mini", usage) == pytest.approx(0.00065)
    assert LocalStore(store.folder).cost("openai", "gpt-5-mini", Usage()) is None


def test_a_damaged_table_of_answers_is_asked_for_anew(store: LocalStore) -> None:
    store.append("spans", call(0, "openai", "gpt-5-mini"))
    for text in ("", "{", "[]", '{"prices": 3}', '{"prices": {"x": [[1]]}}'):
        (store.folder / pricing.FILE).write_text(text)
        assert PriceBook(store.folder).rates([Ask("openai", "gpt-5", None, DAY)])
    compacted(store)

    assert rows(store, COSTS)[0][1] == pytest.approx(0.00065)
    table = json.loads((store.folder / pricing.FILE).read_text())
    assert {key.split("|")[1] for key in table["prices"]} == {"gpt-5", "gpt-5-mini"}


def test_without_genai_prices_costs_stay_unknown(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "genai_prices", None)
    store.append("spans", call(0, "openai", "gpt-5-mini"))

    assert compacted(store) == 1
    assert rows(store, COSTS)[0][1] is None
    assert "genai-prices cannot be loaded" in caplog.text


def test_a_rate_counts_each_token_once() -> None:
    rate = Rate(0, 1.0, 0.1, 1.25, 4.0, 8.0)

    assert rate.cost(Usage(input_tokens=10, output_tokens=5)) == 30.0
    assert rate.cost(Usage(input_tokens=10, cache_read_tokens=10)) == 1.0
    assert rate.cost(Usage(input_tokens=3, cache_read_tokens=2, cache_write_tokens=4)) == 5.2
    assert rate.cost(Usage(output_tokens=5, reasoning_tokens=9)) == 40.0


def test_the_folder_of_a_store_that_is_not_there_has_no_prices(tmp_path: Path) -> None:
    assert PriceBook(tmp_path / "none").cost("openai", "gpt-5", Usage(input_tokens=1), None) is None


def test_the_first_spans_of_a_store_need_not_wait_for_their_costs(store: LocalStore) -> None:
    store.append("spans", call(0, "openai", "gpt-5-mini"))
    store.seal()
    first = maintainer.work(store.folder, patient=True)
    store.append("spans", call(1, "openai", "gpt-5-mini"))
    store.seal()

    assert (first, maintainer.work(store.folder, patient=True)) == (True, False)
    assert [cost for _, cost in rows(store, COSTS)] == [pytest.approx(0.00065), None]
