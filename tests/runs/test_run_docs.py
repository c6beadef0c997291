"""The pages about runs, training and models do what they say: every block runs, offline."""

import re
from pathlib import Path
from typing import Any

import pytest

import genaiops

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("page", "made"), [("runs", 1), ("training", 4), ("models", 1)])
def test_every_block_of_the_page_runs(page: str, made: int):
    pytest.importorskip("sklearn")
    names: dict[str, Any] = {"__name__": "page"}

    try:
        for source in BLOCK.findall((DOCS / f"{page}.md").read_text("utf-8")):
            exec(compile(source, f"docs/{page}.md", "exec"), names)
    finally:
        genaiops.sklearn.autolog(disable=True)

    found = genaiops.search_runs(search_all_experiments=True, output_format="list")
    assert [run.info.status for run in found] == ["FINISHED"] * made
