"""Prompts that are in no store: formatted and sent, never kept."""

import pytest

import genaiops
from genaiops.errors import NotFoundError, PromptError


def test_a_draft_formats_like_a_version_and_is_not_stored():
    draft = genaiops.draft_prompt(
        "qa/answer", "Answer {{question}}", model_config={"model": "offline/extractive"}
    )

    assert (draft.version, draft.variables) == (0, ("question",))
    assert draft.to_openai(question="why")["messages"][0]["content"] == "Answer why"
    assert genaiops.search_prompts() == []


def test_a_draft_includes_what_is_registered():
    genaiops.register_prompt("rules", "Be brief.")

    draft = genaiops.draft_prompt("qa", "{{> rules}} Answer {{question}}")

    assert draft.format(question="why") == "Be brief. Answer why"
    with pytest.raises(NotFoundError):
        genaiops.draft_prompt("qa", "{{> nobody}}")


def test_calls_with_a_draft_never_count_for_a_version():
    genaiops.register_prompt("qa", "Answer {{question}}")
    draft = genaiops.draft_prompt("qa", "Answer briefly: {{question}}")

    said = genaiops.gateway.complete(
        model="offline/extractive", messages=draft.to_openai(question="why")["messages"]
    )

    (span,) = genaiops.get_trace(said.trace_id or "").spans
    assert (span.prompt_name, span.prompt_version) == ("qa", None)


@pytest.mark.parametrize("template", ["", [], [{"content": "no role"}]])
def test_a_draft_that_cannot_be_used_is_refused(template: object):
    with pytest.raises(PromptError):
        genaiops.draft_prompt("qa", template)  # pyright: ignore[reportArgumentType]  bad on purpose
