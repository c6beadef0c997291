"""Registering and formatting prompts through the public functions."""

import logging
from collections.abc import Callable
from pathlib import Path

import pydantic
import pytest

import genaiops
from genaiops.errors import ConflictError, PromptError, StoreError
from genaiops.model.prompt import FormattedMessages, FormattedText, PromptRef
from genaiops.store import current_store


def test_versions_count_from_one():
    first = genaiops.register_prompt("qa/answer", "Answer {{question}}")
    second = genaiops.register_prompt("qa/answer", "Answer briefly: {{question}}")

    assert (first.version, second.version) == (1, 2)
    assert (first.created, second.created) == (True, True)
    assert first.uri == "prompts:/qa/answer/1"


def test_the_same_content_registers_nothing_and_says_so(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, "genaiops.prompts")
    first = genaiops.register_prompt("qa", "Hello {{name}}", commit_message="first")

    again = genaiops.register_prompt("qa", "Hello {{name}}", commit_message="again")

    assert (again.version, again.created, again.commit_message) == (1, False, "first")
    assert again.hash == first.hash
    assert "'qa' has this content as version 1" in caplog.text


def test_everything_in_a_version_makes_it_different():
    messages = [{"role": "user", "content": "{{q}}"}]
    parts: list[dict[str, object]] = [
        {},
        {"model_config": {"model": "m", "temperature": 0}},
        {"response_format": {"type": "object"}},
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
    ]

    versions = [genaiops.register_prompt("qa", messages, **part) for part in parts]

    assert [version.version for version in versions] == [1, 2, 3, 4]
    assert len({version.hash for version in versions}) == 4


def test_going_back_to_older_content_is_a_new_version():
    for template in ("a", "b", "a"):
        latest = genaiops.register_prompt("qa", template)

    assert latest.version == 3


def test_a_version_is_loaded_as_it_was_registered():
    genaiops.register_prompt(
        "qa/chat",
        [
            {"role": "system", "content": 'Reply as {"a": 1}.'},
            {"role": "user", "content": [{"type": "text", "text": "{{question}} é 🎈"}]},
        ],
        commit_message="why",
        tags={"team": "a"},
        model_config={"model": "offline/extractive"},
        tools=[{"name": "t"}],
    )

    loaded = genaiops.load_prompt("prompts:/qa/chat/1")

    assert loaded.template == [
        {"role": "system", "content": 'Reply as {"a": 1}.'},
        {"role": "user", "content": [{"type": "text", "text": "{{question}} é 🎈"}]},
    ]
    assert loaded.variables == ("question",)
    assert loaded.model_config == {"model": "offline/extractive"}
    assert loaded.tools == [{"name": "t"}]
    assert loaded.tags == {"team": "a"}
    assert loaded.commit_message == "why"
    assert loaded.stored.author is not None
    assert loaded.stored.created_ns > 1.7e18


def test_what_a_program_does_to_its_copy_changes_no_version():
    config = {"model": "m", "stop": ["x"]}
    prompt = genaiops.register_prompt(
        "qa", [{"role": "user", "content": "{{q}}"}], model_config=config
    )

    config["stop"].append("y")  # pyright: ignore
    prompt.model_config["stop"].append("z")  # pyright: ignore
    prompt.template[0]["content"] = "changed"  # pyright: ignore
    prompt.format(q="1")[0]["content"] = "changed"  # pyright: ignore

    assert genaiops.load_prompt("qa/1").model_config == {"model": "m", "stop": ["x"]}
    assert genaiops.load_prompt("qa/1").format(q="2") == [{"role": "user", "content": "2"}]


def test_a_prompt_is_shown_in_a_line():
    genaiops.register_prompt("qa", "Long " * 1000 + "{{a}} {{b}}")
    genaiops.set_prompt_alias("qa", "production", 1)

    shown = repr(genaiops.load_prompt("qa@production").partial(a="x"))

    assert shown == "Prompt('prompts:/qa/1', alias='production', variables=('b',))"


def test_format_returns_text_that_remembers_its_version():
    genaiops.register_prompt("qa", "Hello {{name}}, {{count}}")
    genaiops.set_prompt_alias("qa", "production", 1)
    prompt = genaiops.load_prompt("qa@production")

    text = prompt.format(name="{{count}}", count=3)

    assert text == "Hello {{count}}, 3"
    assert isinstance(text, FormattedText)
    assert text.prompt == PromptRef(
        name="qa",
        version=1,
        hash=prompt.hash,
        alias="production",
        variables={"name": "{{count}}", "count": "3"},
    )


def test_format_returns_messages_that_remember_their_version():
    prompt = genaiops.register_prompt("qa", [{"role": "user", "content": "{{q}}"}])

    messages = prompt.format(q="Why?")

    assert messages == [{"role": "user", "content": "Why?"}]
    assert isinstance(messages, FormattedMessages)
    assert messages.prompt.version == 1


def test_a_formatted_prompt_as_a_value_is_plain_text():
    inner = genaiops.register_prompt("inner", "{{x}}").format(x="text")

    assert genaiops.register_prompt("outer", "<{{y}}>").format(y=inner) == "<text>"


def test_missing_and_unknown_variables_are_listed():
    prompt = genaiops.register_prompt("qa", "{{question}} {{context}}")

    with pytest.raises(PromptError) as caught:
        prompt.format(question="?", ctx="…")

    assert str(caught.value) == (
        "prompt 'prompts:/qa/1' cannot be formatted: missing 'context'; unknown 'ctx': "
        "it takes 'question', 'context'"
    )


def test_a_variable_may_be_called_self_or_name():
    prompt = genaiops.register_prompt("qa", "{{self}} {{name}}")

    assert prompt.format(self="a", name="b") == "a b"


def test_partial_gives_some_variables_first():
    prompt = genaiops.register_prompt("qa", "{{tone}} {{question}}").partial(tone="kind")

    assert prompt.variables == ("question",)
    assert prompt.format(question="Why?") == "kind Why?"
    assert prompt.format(question="Why?", tone="curt") == "curt Why?"
    with pytest.raises(PromptError, match=r"missing 'question'"):
        prompt.format()
    with pytest.raises(PromptError, match=r"unknown 'colour'"):
        prompt.partial(colour="red")


def test_diff_shows_what_changes_to_the_other_version():
    first = genaiops.register_prompt("qa", "Be brief.")
    second = genaiops.register_prompt("qa", "Be kind.")

    assert "[-brief-]{+kind+}" in str(first.diff(second))


class Answer(pydantic.BaseModel):
    text: str
    score: float


def test_parse_checks_an_answer_against_the_response_format():
    genaiops.register_prompt("qa", "{{q}}", response_format=Answer)
    prompt = genaiops.load_prompt("qa")

    assert prompt.parse('{"text": "Yes", "score": 1}') == {"text": "Yes", "score": 1}
    assert prompt.parse('Sure:\n```json\n{"text": "Yes", "score": 0.5}\n```\n')["score"] == 0.5
    with pytest.raises(PromptError, match=r"lacks 'score'.*\$\.text is 1, not string"):
        prompt.parse('{"text": 1}')
    with pytest.raises(PromptError, match=r"is no JSON .* begins 'Yes'"):
        prompt.parse("Yes")
    with pytest.raises(PromptError, match="NaN"):
        prompt.parse('{"text": "x", "score": NaN}')
    assert prompt.response_format == Answer.model_json_schema()


def test_parse_needs_a_response_format():
    with pytest.raises(PromptError, match="no response format"):
        genaiops.register_prompt("qa", "x").parse("{}")


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("", "empty"),
        ([], "no messages"),
        (3, "int"),
        (b"x", "bytes"),
        (["x"], "message 1 .* is a str"),
        ([{"content": "x"}], "role None"),
        ([{"role": "{{role}}", "content": "x"}], "role '{{role}}'"),
        ([{"role": "user", "content": 1}], "type int"),
        ([{"role": "user"}], "type NoneType"),
        ([{"role": "user", "content": "x", "extra": object()}], "JSON"),
        ([{"role": "user", "content": "x", "n": float("nan")}], "JSON"),
        ([{"role": "user", "content": "x", 1: 2}], "JSON"),
        ("half \ud800", "surrogate"),
        ("x" * 2_000_001, "2,000,0.. characters long"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused(template: object, why: str):
    with pytest.raises(PromptError, match=why):
        genaiops.register_prompt("qa", template)


@pytest.mark.parametrize(
    "parts",
    [
        {"response_format": "json"},
        {"response_format": {"title": "nothing"}},
        {"model_config": ["m"]},
        {"model_config": {"f": len}},
        {"tools": {"name": "t"}},
        {"tools": ["t"]},
        {"tools": [None]},
        {"tags": ["t"]},
        {"tags": {"t": None}},
        {"tags": {"genaiops.protected": "x"}},
        {"syntax": "liquid"},
        {"syntax": ""},
    ],
)
def test_a_part_that_cannot_be_used_is_refused(parts: dict[str, object]):
    with pytest.raises(PromptError):
        genaiops.register_prompt("qa", "x", **parts)


def test_a_refused_registration_leaves_no_trace(store_dir: Path):
    with pytest.raises(PromptError):
        genaiops.register_prompt("qa@x", "x")

    assert not store_dir.exists()


def test_a_megabyte_and_odd_characters_are_stored_exactly():
    template = "é\x00\t\u2028'\"\\{{v}}" + "0123456789" * 100_000

    genaiops.register_prompt("big", template)
    genaiops.register_prompt("big", "next")

    with current_store().read() as reader:
        stored = reader.query("SELECT template FROM prompt_versions WHERE version = 1").rows
    assert stored == [(template,)]


def test_text_and_chat_do_not_mix_under_one_name():
    genaiops.register_prompt("qa", "text")

    with pytest.raises(ConflictError, match="'qa' is a text prompt, and this is a chat template"):
        genaiops.register_prompt("qa", [{"role": "user", "content": "x"}])


def test_a_store_that_cannot_be_written_refuses_a_registration(store_dir: Path):
    genaiops.register_prompt("qa", "x")
    (store_dir / "genaiops.duckdb").write_bytes(b"no database" * 1000)

    with pytest.raises(StoreError):
        genaiops.register_prompt("qa", "y")


def test_a_failed_registration_leaves_the_way_free_for_the_next(store_dir: Path):
    genaiops.register_prompt("qa", "x")
    intact = (store_dir / "genaiops.duckdb").read_bytes()
    (store_dir / "genaiops.duckdb").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError):
        genaiops.register_prompt("qa", "y")
    (store_dir / "genaiops.duckdb").write_bytes(intact)

    assert genaiops.register_prompt("qa", "y").version == 2


def test_the_log_that_every_reader_replays_stays_short(store_dir: Path):
    lengths: list[int] = []
    for number in range(5):
        genaiops.register_prompt("qa", f"{number}" * 20_000)
        lengths.append(sum(log.stat().st_size for log in store_dir.glob("*.wal")))

    assert 0 < max(lengths) < 32_000
    assert genaiops.load_prompt("qa").version == 5


@pytest.mark.parametrize(
    "call",
    [
        lambda: genaiops.register_prompt(None, "x"),  # pyright: ignore[reportArgumentType]
        lambda: genaiops.register_prompt("x", "x", commit_message=3),  # pyright: ignore[reportArgumentType]
        lambda: genaiops.register_prompt("x", "x", commit_message="\ud800"),
        lambda: genaiops.register_prompt("x", "x", tags={"a": "\ud800"}),
        lambda: genaiops.load_prompt(3),  # pyright: ignore[reportArgumentType]
        lambda: genaiops.set_prompt_alias("x", 3, 1),  # pyright: ignore[reportArgumentType]
        lambda: genaiops.set_prompt_alias("x", "a", 1, if_eval=3),  # pyright: ignore[reportArgumentType]
        lambda: genaiops.set_prompt_alias("x", "a", 1, reason="\ud800"),
        lambda: genaiops.split_prompt_alias("x", "a", None),  # pyright: ignore[reportArgumentType]
        lambda: genaiops.delete_prompt_alias("x", "a", reason="\ud800"),
        lambda: genaiops.rollback_prompt_alias("x", "a", reason="\ud800"),
        lambda: genaiops.set_prompt_tag("x", "a", "\ud800"),
        lambda: genaiops.search_prompts(3),  # pyright: ignore[reportArgumentType]
    ],
)
def test_what_is_no_text_is_one_sentence_and_reaches_no_store(
    call: Callable[[], object], store_dir: Path
):
    with pytest.raises(PromptError, match="use text|use one such as|surrogate|use a dict"):
        call()
    assert not store_dir.exists()
