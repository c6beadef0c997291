"""Events as journal lines."""

import json
import math

import pytest

from genaiops.store.events import KINDS, encode, experiment_id
from genaiops.store.rows import events


def test_an_event_is_one_line() -> None:
    line = encode("tag", run_id="r", key="a", value="two\nlines", ts_ns=5)

    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "k": "tag",
        "run_id": "r",
        "key": "a",
        "value": "two\nlines",
        "ts_ns": 5,
    }


def test_the_time_is_now_unless_it_is_given() -> None:
    assert json.loads(encode("tag", run_id="r", key="a"))["ts_ns"] > 1.7e18


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1.0"),
        (0.1, "0.1"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (True, "1.0"),
    ],
)
def test_a_metric_stands_as_a_double_is_read(value: float, text: str) -> None:
    assert json.loads(encode("metric", run_id="r", key="a", value=value))["value"] == text


@pytest.mark.parametrize("value", ["text", 5, None, [1, {"a": None}], 1.5, True])
def test_a_parameter_stands_as_json(value: object) -> None:
    record = json.loads(encode("param", run_id="r", key="a", value=value))

    assert json.loads(record.get("value", "null")) == value


def test_what_json_does_not_know_becomes_text() -> None:
    record = json.loads(encode("param", run_id="r", key="a", value={"set": {1}}))

    assert json.loads(record["value"]) == {"set": "{1}"}


def test_every_kind_has_its_table() -> None:
    where = " ".join(kind.where for kind in events.KINDS)

    assert all(f"'{kind}'" in where for kind in KINDS)


def test_the_id_of_an_experiment_follows_from_its_name() -> None:
    assert experiment_id("Default") == experiment_id("Default")
    assert len(experiment_id("a\ud800")) == 16
    assert experiment_id("a") != experiment_id("b")
