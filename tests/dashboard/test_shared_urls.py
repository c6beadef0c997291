"""What a person chooses on a page and what its URL says are the same page."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.dashboard.conftest import Screen, Shown

Url = Mapping[str, str | list[str]]
ONE, TWO = "1" * 32, "2" * 32
AGO = re.compile(r"\d+ (s|min|h|d) ago|just now")
Change = Callable[[Any], object]  # what a person does with the page


def _of(kind: str, key: str) -> Callable[[Any], Any]:
    return lambda app: next(item for item in getattr(app, kind) if item.key == key)


CASES: dict[str, tuple[str, Url, list[Change], Url]] = {
    "text in a dataset": ("datasets", {"name": "docs/questions", "v": "1"}, [
        lambda app: _of("text_input", "q")(app).input("walrus")], {"q": "walrus"}),
    "folder and name of a prompt": ("prompts", {"folder": "docs"}, [
        lambda app: _of("text_input", "q")(app).input("summ")], {"q": "summ"}),
    "view of a prompt": ("prompts", {"name": "docs/answer", "v": "2"}, [
        lambda app: _of("button_group", "view")(app).set_value("All versions")],
        {"view": "All versions"}),
    "versions compared": ("prompts", {"name": "docs/answer", "v": "3"}, [
        lambda app: _of("selectbox", "against 3 2")(app).set_value(1)], {"vs": "1"}),
    "experiment, filter and columns of runs": ("runs", {}, [
        lambda app: _of("selectbox", "exp")(app).select("reranker"),
        lambda app: _of("text_input", "filter")(app).input("params.learning_rate > '0.06'"),
        lambda app: _of("multiselect", "cols")(app).set_value(["param layers", "metric loss"])],
        {"exp": "reranker", "filter": "params.learning_rate > '0.06'",
         "cols": ["param layers", "metric loss"]}),
    "equal parameters of runs": ("runs", {"cmp": f"{ONE},{TWO}"}, [
        lambda app: _of("toggle", "equal")(app).set_value(True)], {"equal": "true"}),
    "axes of parallel runs": ("runs", {"cmp": f"{ONE},{TWO}", "view": "Parallel"}, [
        lambda app: _of("multiselect", "axes")(app).set_value(["metric loss", "metric accuracy"])],
        {"axes": ["metric loss", "metric accuracy"]}),
    "points of runs": ("runs", {"cmp": f"{ONE},{TWO}", "view": "Scatter"}, [
        lambda app: _of("selectbox", "x")(app).select("metric accuracy"),
        lambda app: _of("selectbox", "c")(app).select("metric loss")],
        {"x": "metric accuracy", "c": "metric loss"}),
    "smoothed curves of a run": ("runs", {"run": ONE}, [
        lambda app: _of("multiselect", "curves")(app).set_value(["loss"]),
        lambda app: _of("slider", "smooth")(app).set_value(0.5),
        lambda app: _of("toggle", "log")(app).set_value(True)],
        {"curves": ["loss"], "smooth": "0.5", "log": "true"}),
    "a question in SQL": ("sql", {}, [
        lambda app: _of("text_area", "sql")(app).input("SELECT 1 AS a, 2 AS b")],
        {"sql": "SELECT 1 AS a, 2 AS b"}),
    "time of the gateway": ("gateway", {}, [
        lambda app: _of("button_group", "range")(app).set_value("30 days")], {"range": "30 days"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_url_of_what_was_chosen_shows_the_same(name: str, shown: Shown, filled: Path) -> None:
    file, params, changes, url = CASES[name]
    app = shown(file, filled, **params).app

    before = _seen(app)
    for change in changes:
        change(app)
        app.run()
    again = shown(file, filled, **params, **url).app

    assert not app.exception
    assert _seen(again) == _seen(app)
    assert name == "time of the gateway" or _seen(app) != before


def _seen(app: Any) -> str:
    """All that the components were given; of what takes time, once it has ended."""
    while "job sql query" in app.session_state and not app.session_state["job sql query"].ended:
        app.run()
    return AGO.sub("ago", Screen(app).texts)
