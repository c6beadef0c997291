"""Types of variables that are stored with the version."""

import datetime
import enum
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import duckdb
import pydantic
import pytest

import genaiops
from genaiops.errors import PromptError
from genaiops.prompts.files import diff_prompts, pull_prompts, push_prompts
from genaiops.store import current_store, migrate


class Tone(enum.Enum):
    BRIEF = "brief"
    LONG = "long"


class Question(pydantic.BaseModel):
    question: str
    count: Annotated[int, pydantic.Field(ge=1, le=9)] = 3
    tone: Tone = Tone.BRIEF


TEMPLATE = "{{question}} Give {{count}} answers, {{tone}}."


def test_another_process_has_the_types_and_keeps_to_them(workdir: Path) -> None:
    genaiops.register_prompt("qa", TEMPLATE, variable_types=Question)
    program = (
        "import genaiops\n"
        "p = genaiops.load_prompt('qa')\n"
        "print(p.format(question='Why?'))\n"
        "try:\n"
        "    p.format(question='Why?', count=12)\n"
        "except genaiops.PromptError as error:\n"
        "    print(error)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=workdir, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines() == [
        "Why? Give 3 answers, brief.",
        "prompt 'prompts:/qa/1' cannot be formatted: count is 12, which breaks maximum 9",
    ]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"question": 3}, "question is 3, not string"),
        ({"question": "?", "count": "many"}, "count is 'many', not integer"),
        ({"question": "?", "count": 0}, "count is 0, which breaks minimum 1"),
        ({"question": "?", "count": None}, "count is None, not integer"),
        ({"question": "?", "tone": "loud"}, "tone is 'loud', not one of"),
        ({"question": 1, "count": 1.5}, "question is 1, not string; count is 1.5, not integer"),
        ({"count": "x", "colour": "red"}, "missing 'question'; unknown 'colour'"),
    ],
)
def test_values_that_do_not_fit_are_named_with_what_is_wanted(
    values: dict[str, Any], problem: str
) -> None:
    prompt = genaiops.register_prompt("qa", TEMPLATE, variable_types=Question)

    with pytest.raises(PromptError) as caught:
        prompt.format(**values)

    assert f"'prompts:/qa/1' cannot be formatted: {problem}" in str(caught.value)


def test_text_that_says_the_value_will_do() -> None:
    prompt = genaiops.register_prompt("qa", TEMPLATE, variable_types=Question)

    assert prompt.format(question="3", count="4", tone=Tone.LONG) == "3 Give 4 answers, long."


def test_given_first_or_last_a_value_is_checked() -> None:
    prompt = genaiops.register_prompt("qa", TEMPLATE, variable_types=Question)

    assert prompt.partial(count=5).format(question="?") == "? Give 5 answers, brief."
    with pytest.raises(PromptError, match="count is 10, which breaks maximum 9"):
        prompt.partial(count=10)
    with pytest.raises(PromptError, match="count is 10, which breaks maximum 9"):
        prompt.typed(_loose()).format(question="?", count=10)


def _loose() -> type[pydantic.BaseModel]:
    return pydantic.create_model("Loose", question=(str, ...), count=(int, 1), tone=(str, "brief"))


def test_dates_and_lists_of_messages_have_types_too() -> None:
    class Asked(pydantic.BaseModel):
        day: datetime.date
        history: list[dict[str, Any]]
        mood: Literal["good", "bad"] = "good"

    prompt = genaiops.register_prompt(
        "qa",
        [
            {"role": "placeholder", "content": "{{history}}"},
            {"role": "user", "content": "{{day}} {{mood}}"},
        ],
        variable_types=Asked,
    )

    messages = prompt.format(day=datetime.date(2026, 1, 2), history=[])
    assert messages == [{"role": "user", "content": "2026-01-02 good"}]
    assert prompt.format(day="2026-01-02", history=[{"role": "user", "content": "hi"}])[0]
    with pytest.raises(PromptError, match="day is 'tomorrow', which breaks format 'date'"):
        prompt.format(day="tomorrow", history=[])


def test_types_are_a_part_of_the_version() -> None:
    plain = genaiops.register_prompt("qa", TEMPLATE)
    typed = genaiops.register_prompt("qa", TEMPLATE, variable_types=Question)
    again = genaiops.register_prompt("qa", TEMPLATE, variable_types=typed.variable_types)

    assert (plain.version, typed.version, again.version) == (1, 2, 2)
    assert plain.hash != typed.hash
    assert "variable_types" in str(plain.diff(typed))
    assert genaiops.load_prompt("qa/2").variable_types == Question.model_json_schema()
    assert genaiops.load_prompt("qa/1").variable_types is None


@pytest.mark.parametrize(
    ("types", "problem"),
    [
        (7, "variable_types is a int: use a dict"),
        ({"text": "string"}, "variable_types has none of type, properties"),
        (_loose(), "has no field for 'name' and has the unused 'question', 'count', 'tone'"),
        (pydantic.create_model("Odd", name=(Callable, ...)), "variable_types has no JSON schema"),
        ({"properties": {"name": {"type": "text"}}}, "variable_types is no JSON schema"),
    ],
)
def test_types_that_cannot_be_kept_are_refused(types: object, problem: str) -> None:
    with pytest.raises(PromptError, match=problem):
        genaiops.register_prompt("qa", "{{name}}", variable_types=types)

    assert genaiops.search_prompts() == []


def test_types_cover_the_variables_of_included_prompts() -> None:
    genaiops.register_prompt("rules", "Be {{tone}}.")
    types = {"properties": {"tone": {"enum": ["brief"]}, "question": {"type": "string"}}}

    prompt = genaiops.register_prompt("qa", "{{> rules}} {{question}}", variable_types=types)

    assert prompt.format(tone="brief", question="Why?") == "Be brief. Why?"
    with pytest.raises(PromptError, match="no field for 'tone'"):
        genaiops.register_prompt(
            "qa", "{{> rules}} {{question}}", variable_types={"properties": {"question": {}}}
        )


def test_files_carry_the_types(tmp_path: Path) -> None:
    genaiops.register_prompt("qa", TEMPLATE, variable_types=Question)
    pull_prompts(tmp_path / "prompts")
    assert [change.state for change in diff_prompts(tmp_path / "prompts")] == ["same"]

    path = tmp_path / "prompts" / "qa.md"
    path.write_text(path.read_text().replace('"maximum": 9', '"maximum": 20'))
    push_prompts(tmp_path / "prompts")

    assert genaiops.load_prompt("qa/2").format(question="?", count=12)


def columns(version: int) -> dict[str, set[str]]:
    """The columns of each table of the schema after migration `version`."""
    with duckdb.connect() as engine:
        engine.execute("ATTACH ':memory:' AS g; CREATE SCHEMA g.data; USE g")
        for step in migrate.built_in()[:version]:
            engine.execute(step.sql)
        found = engine.execute(
            "SELECT table_name, list(column_name) FROM duckdb_columns() WHERE schema_name = 'data' "
            "GROUP BY table_name"
        ).fetchall()
    return {table: set(names) for table, names in found}


def test_a_store_from_before_the_types_works_beside_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genaiops.set_tracking_uri(str(tmp_path / "old"))
    before = genaiops.register_prompt("qa", TEMPLATE)
    with current_store().txn() as txn:  # as the release before left it
        for (view,) in txn.query("SELECT view_name FROM duckdb_views() WHERE NOT internal").rows:
            txn.execute(f"DROP VIEW {view}")
        then, now = columns(2), columns(migrate.current_version())
        for table in sorted(now.keys() - then.keys()):
            txn.execute(f"DROP TABLE data.{table}")
        for table, names in then.items():
            for name in sorted(now[table] - names):
                txn.execute(f"ALTER TABLE data.{table} DROP COLUMN {name}")
        txn.execute("DELETE FROM data.schema_versions WHERE version >= 3")

    genaiops.set_tracking_uri(str(tmp_path / "new"))
    genaiops.register_prompt("qa", TEMPLATE, variable_types=Question)
    genaiops.set_tracking_uri(str(tmp_path / "old"))
    monkeypatch.setattr("genaiops.prompts.cache._caches", {})
    old = genaiops.load_prompt("qa")
    next_one = genaiops.register_prompt("qa", TEMPLATE, variable_types=Question)

    assert (old.hash, old.variable_types, old.version) == (before.hash, None, 1)
    assert genaiops.register_prompt("other", TEMPLATE).created
    assert (next_one.version, genaiops.load_prompt("qa/2").variable_types) == (
        2,
        Question.model_json_schema(),
    )
    genaiops.set_tracking_uri(str(tmp_path / "new"))
    assert genaiops.load_prompt("qa").variable_types == Question.model_json_schema()
