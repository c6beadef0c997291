"""The pages of the gateway and of the settings."""

import time
from pathlib import Path
from typing import Any

import pytest

import genaiops
from genaiops.gateway import keys as ring
from genaiops.gateway.limits import Policy
from tests.dashboard.conftest import Screen, Shown
from tests.dashboard.seed import NS, span, use


@pytest.fixture
def called(tmp_path: Path) -> Path:
    """A store with calls of two models, one of which fails, and two keys."""
    store = use(tmp_path / "store")
    now = time.time_ns()
    for number in range(24):
        bad = number % 3 == 0
        span(
            store, f"{number + 1:032x}", f"{number + 1:016x}", "chat", "llm",
            now - (number + 1) * 60 * NS, 100 + number, provider="openai",
            request_model="it's fast" if bad else "smart", input_tokens=10, output_tokens=5,
            cost_usd=0.5, status="error" if bad else "ok",
            status_message="overloaded <b>now</b>" if bad else None,
            attributes={"error.type": "RateLimitedError", "genaiops.gateway.key": "team-a"} if bad
            else {"genaiops.gateway.key": "team-a"},
        )  # fmt: skip
    ring.create(Policy(name="team-a", budget_usd=24.0, budget_every="month", rpm=600))
    ring.create(Policy(name="team-b", models=("smart",)))
    ring.revoke("team-b")
    return tmp_path / "store"


def test_models_show_their_health_latency_errors_and_cost(shown: Shown, called: Path) -> None:
    screen = shown("gateway", called)

    assert not screen.app.exception
    assert '"value": "failing"' in screen.texts
    assert '"name": "openai/it\'s fast"' in screen.texts
    assert "RateLimitedError" in screen.texts


def test_the_traces_of_a_model_are_one_click_away(shown: Shown, called: Path) -> None:
    asked = "provider = 'openai' AND request_model = 'it''s fast'"

    assert len(genaiops.search_traces(asked)) == 8
    assert "request_model%20%3D%20%27it%27%27s%20fast%27" in shown("gateway", called).texts


def test_keys_are_masked_and_show_spend_against_budget(shown: Shown, called: Path) -> None:
    screen = shown("gateway", called)

    rows = {row["id"]: row["cells"] for row in screen.data["genaiops.table_view"]["rows"]}
    assert rows["team-a"]["spent"] == {"text": "$12.00 of $24.00 a month", "share": 0.5}
    assert rows["team-a"]["limits"] == "600 requests/min"
    assert rows["team-a"]["name"][1].endswith("…")
    assert rows["team-b"]["state"][0]["value"] == "revoked"
    assert "gk_" in rows["team-a"]["name"][1]
    assert len(rows["team-a"]["name"][1]) < 16


def test_the_time_of_the_url_decides_which_calls_count(shown: Shown, tmp_path: Path) -> None:
    store = use(tmp_path / "old")
    span(store, "1" * 32, "1" * 16, "chat", "llm", time.time_ns() - 3 * 86_400 * NS, 5, provider="a",
         request_model="b")  # fmt: skip

    assert "No model was called in the last 24 hours" in shown("gateway", tmp_path / "old").texts
    assert '"name": "a/b"' in shown("gateway", tmp_path / "old", range="7 days").texts


def test_a_store_without_gateway_says_how_one_is_started(shown: Shown, tmp_path: Path) -> None:
    screen = shown("gateway", tmp_path / "none")

    assert not screen.app.exception
    assert "genaiops gateway start" in screen.texts


def test_settings_say_where_each_came_from(
    shown: Shown, called: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENAIOPS_TRACKING_TOKEN", "very-secret")

    screen = shown("settings", called)

    assert not screen.app.exception
    assert "environment GENAIOPS_TRACKING_TOKEN" in screen.texts
    assert "very-secret" not in screen.texts
    rows = {row["id"]: row["cells"] for row in _settings(screen)}
    assert rows["tracking_uri"]["origin"] == "genaiops ui"  # given to configure, as it does
    assert (rows["disabled"]["value"], rows["disabled"]["origin"]) == ("False", "default")
    assert rows["judge_model"]["value"] is None
    assert '"label": "Spans", "value": "24"' in screen.texts


def _settings(screen: Screen) -> list[Any]:
    tables = [data for name, data in screen.all if name == "genaiops.table_view"]
    return next(data["rows"] for data in tables if data["columns"][0]["label"] == "Setting")


def test_retention_says_what_would_go_and_deletes_nothing(shown: Shown, called: Path) -> None:
    use(called).seal()
    screen = shown("settings", called)
    screen.app.number_input(key="days").set_value(0)
    next(button for button in screen.app.button if button.label == "What would go?").click()
    screen.app.run()

    assert not screen.app.exception
    assert "24 traces with 24 spans, 0 assessments" in Screen(screen.app).texts
    assert len(genaiops.search_traces(limit=50)) == 24


def test_settings_of_a_store_that_is_not_there_yet(shown: Shown, tmp_path: Path) -> None:
    screen = shown("settings", tmp_path / "none")

    assert not screen.app.exception
    assert "There is nothing yet" in screen.texts
