"""What the list of traces needs besides the traces: text, prompts, suggestions, kept views."""

import time

import pytest

import genaiops
from genaiops.errors import FilterError
from genaiops.query import phrases, prompts_used, traces
from genaiops.query.saved_views import PREFIX, saved_views
from genaiops.query.suggestions import Suggestion, suggestions
from tests.query.seeding import BASE_NS, SECOND, event, trace


def ids(page: phrases.PhrasePage) -> list[str]:
    return [item.trace_id for item in page.items]


def by_name() -> dict[str, Suggestion]:
    return {item.name: item for item in suggestions()}


def test_a_phrase_in_any_span_finds_the_trace_and_says_where() -> None:
    trace(1)
    asked = trace(2, call={"outputs": 'the "Needle"\nof the story'})

    page = phrases.containing('needle"\nOF')

    assert ids(page) == [asked]
    assert page.snippets[asked] == '"the "Needle" of the story"'


def test_pages_of_a_phrase_hold_every_trace_once_newest_first() -> None:
    made = [trace(number, outputs="a needle") for number in range(70)]
    trace(99)
    token, found = None, []
    while True:
        page = phrases.containing("needle", limit=16, page_token=token)
        found += ids(page)
        token = page.next_page_token
        if token is None:
            break

    assert found == made[::-1]


def test_a_phrase_is_looked_for_among_the_traces_that_match_the_filter() -> None:
    made = [trace(number) for number in range(8)]

    page = phrases.containing(
        "it is", "tags.team = 'a'", since_ns=BASE_NS + SECOND, until_ns=BASE_NS + 6 * SECOND
    )

    assert ids(page) == [made[4], made[2]]
    assert ids(phrases.containing("it is", experiment="elsewhere")) == []


def test_a_running_trace_is_searched_whole() -> None:
    asked = trace(
        1,
        end_ns=None,
        status="running",
        call={"start_ns": time.time_ns(), "outputs": "late needle"},
    )

    assert ids(phrases.containing("late needle")) == [asked]


def test_an_empty_phrase_is_refused() -> None:
    with pytest.raises(FilterError, match="one character"):
        phrases.containing("  ")


def test_a_store_that_was_never_written_has_nothing_to_suggest_or_find() -> None:
    assert ids(phrases.containing("anything")) == []
    assert prompts_used.of_traces([]) == {}
    assert by_name()["status"].values == ["ok", "error", "running", "interrupted", "unset"]
    assert by_name()["name"].values == ()
    assert saved_views() == []


def test_the_prompts_of_a_trace_are_named_once_in_order_of_use() -> None:
    one = trace(1, call={"prompt_name": "qa", "prompt_version": 3})
    trace(2)
    used = {"prompt_name": "a/summary", "prompt_version": 1}
    three = trace(3, call=used | {"end_ns": None}, **used)

    found = prompts_used.of_traces(traces.search().items)

    assert found == {one: [("qa", 3)], three: [("a/summary", 1)]}


def test_suggestions_are_the_names_of_the_filter_and_values_of_the_store() -> None:
    trace(1, tags={"team": "docs", "release train": "9"}, name="answer", user_id="ada")
    trace(2, tags={"team": "docs"}, name="plan")
    named = trace(3, tags={"team": "search"}, name="plan", call={"prompt_name": "qa"})
    event(
        "assessment",
        id="a1",
        trace_id=named,
        key="helpful",
        data={"kind": "feedback", "value": True, "source_type": "human"},
    )

    known = by_name()

    assert known["name"].values == ["plan", "answer"]
    assert known["tags.team"].values == ["docs", "search"]
    assert known["tags.`release train`"].values == ["9"]
    assert known["model"].values == ["gpt-5"]
    assert known["prompt_name"].values == ["qa"]
    assert known["feedback.helpful"].values == ["true"]
    assert known["latency_ms"].kind == "number"


def test_every_suggested_name_is_one_that_a_filter_takes() -> None:
    trace(1, tags={"release train": "9", "a`b": "1"})

    for item in suggestions():
        text = "-7" if item.kind == "number" else "'x'"
        assert traces.search(f"{item.name} = {text}").items == []


def test_views_kept_as_tags_are_listed_by_name() -> None:
    client = genaiops.Client()
    experiment = genaiops.create_experiment("views")
    client.set_experiment_tag(experiment, f"{PREFIX}slow ones", "sort=duration_ms+DESC")
    client.set_experiment_tag(experiment, f"{PREFIX}Errors", "status=error")
    client.set_experiment_tag(experiment, "other", "x")
    client.set_experiment_tag(experiment, f"{PREFIX}gone", "x")
    client.set_experiment_tag(experiment, f"{PREFIX}gone", None)

    found = [(view.name, view.query) for view in saved_views()]

    assert found == [("Errors", "status=error"), ("slow ones", "sort=duration_ms+DESC")]
