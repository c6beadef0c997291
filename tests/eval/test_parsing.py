"""The ladder by which a judge model's answer is read: it never guesses."""

import json
import math

import pytest
from hypothesis import given, settings, strategies as st

from genaiops.eval.parsing import UnreadableError, labelled, last_object, number_in, read_answer

YES_NO = labelled(("verdict", "good"), ("yes", "no"))


def read(text, finish_reason="stop"):
    return read_answer(text, finish_reason, read=lambda found: found["verdict"], labels=YES_NO)


@pytest.mark.parametrize(
    ("text", "verdict", "stage"),
    [
        ('{"rationale": "r", "verdict": "yes"}', "yes", "json"),
        ('```json\n{"verdict": "no"}\n```', "no", "json"),
        ('Here it is: {"verdict": "no"} Hope it helps!', "no", "object"),
        ('First {"verdict": "no"}, then {"verdict": "yes"}', "yes", "object"),
        ('A set {x} and {"verdict": "yes", "why": "a } in \\" text"}', "yes", "object"),
        ("Because it is right.\n\n**Verdict:** Yes.", "yes", "label"),
        ("good = no", "no", "label"),
        ("Verdict: yes\n…\nverdict: YES", "yes", "label"),
    ],
)
def test_each_step_of_the_ladder_reads_what_it_can(text, verdict, stage):
    assert read(text) == (verdict, stage)


@pytest.mark.parametrize(
    ("text", "finish_reason", "says"),
    [
        ('{"verdict": "yes"}', "length", "cut off"),
        ('{"verdict": "yes"}', "content_filter", "withheld"),
        ('{"claims": [{"verdict": "yes"}, {"verd', "stop", "cut off inside"),
        ('{"verdict": "yes"} and {"verdict": "n', "stop", "cut off inside"),
        ("Verdict: yes\nVerdict: no", "stop", "no JSON object"),
        ("Verdict: ye", "stop", "no JSON object"),
        ("Verdict: yes, but also no", "stop", "no JSON object"),
        ("Je ne peux pas répondre.", "stop", "no JSON object"),
        ('["yes"]', "stop", "no JSON object"),
        ("", "stop", "empty"),
        (None, "stop", "empty"),
        ("   \n", "stop", "empty"),
    ],
)
def test_what_is_cut_off_ambiguous_or_silent_is_not_read(text, finish_reason, says):
    with pytest.raises(UnreadableError, match=says):
        read(text, finish_reason)


@pytest.mark.parametrize("value", [math.nan, math.inf, 1.01, -0.1, True, "high", None, [1], "nan"])
def test_numbers_that_are_none_or_out_of_range_are_refused(value):
    with pytest.raises(UnreadableError):
        number_in(value, 0.0, 1.0)


def test_numbers_may_come_as_text_and_must_be_whole_where_asked():
    assert number_in("0.5", 0.0, 1.0) == 0.5
    assert number_in(4, 1.0, 5.0, whole=True) == 4.0
    with pytest.raises(UnreadableError, match="not a whole number"):
        number_in(4.5, 1.0, 5.0, whole=True)


def test_nan_in_json_is_not_json():
    with pytest.raises(UnreadableError):
        read('{"verdict": NaN}')


def test_a_megabyte_of_braces_is_read_in_one_pass():
    text = '{"' * 300_000

    with pytest.raises(UnreadableError, match="cut off"):
        read(text)
    assert read("{} " * 200_000 + '{"verdict": "no"}') == ("no", "object")


objects = st.dictionaries(
    st.text(max_size=5), st.recursive(st.text() | st.integers(), st.lists, max_leaves=5), min_size=1
)
prose = st.text(st.characters(exclude_characters="{}"), max_size=40)


@settings(deadline=None, max_examples=50)
@given(objects, prose, prose)
def test_an_object_in_prose_is_found_whatever_stands_around_it(value, before, after):
    assert last_object(before + json.dumps(value) + after) == value


@settings(deadline=None, max_examples=50)
@given(objects, st.data())
def test_an_object_cut_anywhere_is_never_read(value, data):
    text = json.dumps({"claims": [value], "verdict": "yes"})
    cut = text[: data.draw(st.integers(2, len(text) - 1))]

    with pytest.raises(UnreadableError):
        read(cut)
