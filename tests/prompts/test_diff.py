"""Differences between versions: message by message, and the rest as JSON."""

from typing import Any

from genaiops.model.prompt import PromptVersion
from genaiops.prompts.diff import Op, diff_versions


def version(number: int, template: Any, **parts: Any) -> PromptVersion:
    return PromptVersion(
        name="qa/answer",
        version=number,
        template=template,
        hash="",
        created_ns=0,
        **{"syntax": "mustache"} | parts,
    )


def test_a_text_prompt_has_one_section():
    found = diff_versions(version(1, "Be brief."), version(2, "Be kind."))

    assert [section.title for section in found.sections] == ["template"]
    assert found.sections[0].ops == (
        Op("equal", "Be "),
        Op("delete", "brief"),
        Op("insert", "kind"),
        Op("equal", "."),
    )
    assert str(found) == "qa/answer/1 → qa/answer/2\n--- template\nBe [-brief-]{+kind+}."


def test_equal_versions_have_no_change():
    found = diff_versions(version(1, "Same."), version(1, "Same."))

    assert not found.changed
    assert "(same)" in str(found)


def test_an_inserted_message_leaves_the_others_unchanged():
    system, user = {"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{q}}"}
    example = {"role": "assistant", "content": "Like this."}

    found = diff_versions(version(1, [system, user]), version(2, [system, example, user]))

    assert [(section.title, section.changed) for section in found.sections] == [
        ("message 1 (system)", False),
        ("message 2 (assistant)", True),
        ("message 3 (user)", False),
    ]


def test_a_changed_role_and_other_parts_are_shown():
    old = version(1, [{"role": "user", "content": "Hi"}])
    new = version(
        2,
        [{"role": "system", "content": [{"type": "text", "text": "Hi"}, {"type": "image"}]}],
    )

    found = diff_versions(old, new)

    assert found.sections[0].title == "message 1 (user → system)"
    assert '"type": "image"' in "".join(op.text for op in found.sections[0].ops)


def test_a_role_or_a_syntax_alone_is_a_change():
    said = version(1, [{"role": "user", "content": "Hi"}])
    other = version(2, [{"role": "assistant", "content": "Hi"}])
    plain = version(1, "Hi")
    jinja = version(2, "Hi", syntax="jinja2")

    assert diff_versions(said, other).changed
    assert str(diff_versions(said, other)).endswith("--- message 1 (user → assistant)\nHi")
    assert diff_versions(plain, jinja).changed
    assert "--- syntax\n[-mustache-]{+jinja2+}" in str(diff_versions(plain, jinja))


def test_from_text_to_chat_is_a_difference_too():
    found = diff_versions(version(1, "Hi"), version(2, [{"role": "user", "content": "Hi"}]))

    assert found.sections[0].title == "message 1 (text → user)"


def test_configuration_schema_and_tools_have_sections_of_their_own():
    old = version(1, "x", model_config={"temperature": 0, "model": "m"})
    new = version(
        2,
        "x",
        model_config={"model": "m", "temperature": 1},
        response_format={"type": "object"},
        tools=[{"name": "t"}],
    )

    found = diff_versions(old, new)

    changed = [section.title for section in found.sections if section.changed]
    assert changed == ["model_config", "response_format", "tools"]
    assert [op.text for op in found.sections[1].ops if op.kind != "equal"] == ["0", "1"]


def test_very_long_conversations_are_compared_in_place():
    old = [{"role": "user", "content": f"message {number}"} for number in range(500)]

    found = diff_versions(version(1, old), version(2, old[1:]))

    assert len(found.sections) == 500
