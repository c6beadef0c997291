"""Datasets as lists, pages and changes."""

import pytest

import genaiops
from genaiops.errors import FilterError, NotFoundError
from genaiops.query import datasets
from genaiops.query.datasets import DatasetChange


def seed() -> None:
    rows = [{"id": f"r{n}", "question": f"What is {n}?", "expected": str(n)} for n in range(5)]
    genaiops.create_dataset("qa/numbers", rows)
    genaiops.create_dataset("letters", [{"question": "What is a?"}])
    genaiops.create_dataset("qa/numbers", [rows[0] | {"expected": "zero"}, *rows[1:4], {"id": "new", "question": "?"}])  # fmt: skip


def test_names_come_with_their_newest_version_the_latest_change_first() -> None:
    seed()

    found = datasets.names()

    assert [(item.name, item.n_versions, item.newest.n_rows) for item in found] == [
        ("qa/numbers", 2, 5),
        ("letters", 1, 1),
    ]
    assert [item.version for item in datasets.versions("qa/numbers")] == [2, 1]


def test_rows_come_in_pages_in_the_order_of_the_dataset() -> None:
    seed()

    first = datasets.rows("qa/numbers", 1, limit=3)
    rest = datasets.rows("qa/numbers", 1, limit=3, page_token=first.next_page_token)

    assert [row.row_id for row in first.items] == ["r0", "r1", "r2"]
    assert [row.row_id for row in rest.items] == ["r3", "r4"]
    assert rest.next_page_token is None
    assert first.items[0].inputs == '{"question":"What is 0?"}'
    assert first.items[0].expected == '"0"'


def test_rows_are_found_by_their_text_in_any_case_and_by_id() -> None:
    seed()

    assert [row.row_id for row in datasets.rows("qa/numbers", 2, text=" ZERO ").items] == ["r0"]
    assert [row.row_id for row in datasets.rows("qa/numbers", 2, row_id="new").items] == ["new"]


def test_a_version_says_what_it_changed() -> None:
    seed()

    assert datasets.changes("qa/numbers", 1, 2) == DatasetChange(added=1, removed=1, changed=1)


def test_mistakes_are_named() -> None:
    with pytest.raises(NotFoundError, match="no dataset 'x'"):
        datasets.versions("x")
    with pytest.raises(FilterError, match="limit"):
        datasets.rows("x", 1, limit=0)
