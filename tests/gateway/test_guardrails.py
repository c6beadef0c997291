"""Guardrails: what they look at, what they do, and how far a stream waits for them."""

import asyncio
import json
from typing import Any

import pytest

from genaiops.errors import ConfigError
from genaiops.gateway.dialects.openai_chat import fold
from genaiops.gateway.guardrails import Guard, Stopped, applied, make_guards
from genaiops.gateway.replay import chunks_of
from genaiops.gateway.rules import GuardRule
from genaiops.gateway.windows import Windows

MAIL = "jane@example.org"
TEXT = "tests.gateway.test_guardrails"


def shouting(text: str) -> str:
    return text.upper()


async def no_secret(text: str, word: str = "secret") -> bool:
    return word not in text


def broken(text: str) -> int:
    return len(text)


def guards(judge: str, action: str, **more: Any) -> tuple[Guard, ...]:
    rule: Any = {"judge": judge, "when": "after", "action": action} | more
    return make_guards([GuardRule(**rule)])


def look_at(messages: list[dict[str, Any]], made: tuple[Guard, ...]) -> Any:
    return asyncio.run(applied(made, "", messages))


def test_personal_data_is_masked_in_every_text_of_a_conversation():
    call = {
        "id": "1",
        "type": "function",
        "function": {"name": MAIL, "arguments": f'{{"a":"{MAIL}"}}'},
    }
    messages = [
        {"role": "system", "content": f"Write to {MAIL}."},
        {"role": "user", "content": [{"type": "text", "text": MAIL}, {"type": "image_url"}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": MAIL, "name": MAIL},
    ]

    masked, found = look_at(messages, guards("pii", "mask"))

    assert masked[0]["content"] == "Write to [EMAIL]."
    assert masked[1]["content"] == [{"type": "text", "text": "[EMAIL]"}, {"type": "image_url"}]
    assert masked[2]["tool_calls"][0]["function"] == {"name": MAIL, "arguments": '{"a":"[EMAIL]"}'}
    assert masked[3] == {"role": "tool", "content": "[EMAIL]", "name": MAIL}
    assert messages[3]["content"] == MAIL
    assert {(one.name, one.action, one.reason) for one in found} == {
        ("pii", "mask", "found: email")
    }


def test_what_passes_is_left_alone():
    assert look_at([{"role": "user", "content": "Hi"}], guards("pii", "mask")) == (None, [])


def test_functions_refuse_by_false_and_mask_by_text():
    said = [{"role": "user", "content": "a secret"}]

    with pytest.raises(Stopped, match="'no_secret' does not let this answer pass") as refused:
        look_at(said, guards(f"{TEXT}:no_secret", "reject"))
    _, flagged = look_at(said, guards(f"{TEXT}:no_secret", "flag"))
    passed = look_at(said, guards(f"{TEXT}:no_secret", "reject", options={"word": "other"}))
    masked, _ = look_at(said, guards(f"{TEXT}:shouting", "mask"))

    assert (refused.value.status, refused.value.code) == (400, "guardrail_rejected")
    assert [one.action for one in flagged] == ["flag"]
    assert passed == (None, [])
    assert masked == [{"role": "user", "content": "A SECRET"}]


def test_a_guardrail_that_fails_lets_nothing_pass_but_a_flag_only_says_so():
    said = [{"role": "user", "content": "Hi"}]

    with pytest.raises(Stopped, match="'broken' failed, so nothing passes") as refused:
        look_at(said, guards(f"{TEXT}:broken", "reject"))
    _, flagged = look_at(said, guards(f"{TEXT}:broken", "flag"))

    assert refused.value.status == 503
    assert flagged[0].reason == "TypeError: it returned int: return a bool, or text"
    assert flagged[0].action == "failed"


def test_judges_with_options_judge_one_text():
    pattern = {"pattern": "[a-z ]+"}

    look_at([{"role": "user", "content": "fine"}], guards("regex_match", "reject", options=pattern))
    with pytest.raises(Stopped):
        look_at(
            [{"role": "user", "content": "!"}], guards("regex_match", "reject", options=pattern)
        )
    with pytest.raises(ConfigError, match="judge 'pii' does not take these options"):
        guards("pii", "flag", options={"kind": "email"})
    with pytest.raises(ConfigError, match="judge 'safety' has no model"):
        guards("safety", "flag")


def test_a_model_judges_what_is_answered(monkeypatch):
    monkeypatch.setenv("GENAIOPS_JUDGE_MODEL", "offline/extractive")

    with pytest.raises(Stopped) as refused:  # the extractive model gives no verdict
        look_at([{"role": "user", "content": "Hi"}], guards("safety", "reject"))

    assert refused.value.code == "guardrail_failed"


def streamed(text: str, made: tuple[Guard, ...], step: int = 3, **more: Any) -> list[Any]:
    """What a client gets of a text that comes in pieces."""
    message = {"role": "assistant", "content": text, **more}
    whole = {"id": "1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    opening, closing = chunks_of(whole | {"usage": None})
    head = opening["choices"][0]["delta"]
    pieces = [text[n : n + step] for n in range(0, len(text), step)]
    deltas = [head | {"content": ""}, *({"content": piece} for piece in pieces)]
    chunks = [{"id": "1", "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    windows = Windows(made, "")

    async def main() -> list[Any]:
        all_of_it = [*chunks, closing, {"choices": [], "usage": {"total_tokens": 1}}]
        return [*[await windows.feed(chunk) for chunk in all_of_it], await windows.finish()]

    return asyncio.run(main())


def text_of(passed: list[Any]) -> str:
    return str(fold(chunk for some in passed for chunk in some)["choices"][0]["message"]["content"])


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_personal_data_of_a_stream_is_masked_wherever_the_pieces_cut_it(step):
    words = "word " * 33
    for length in (0, 1, 40, 99, 150, 163):
        text = f"{words[:length]} {MAIL} {words}{MAIL}"

        passed = streamed(text, guards("pii", "mask"), step)

        assert text_of(passed) == text.replace(MAIL, "[EMAIL]")


def test_a_stream_waits_for_no_more_than_the_window():
    passed = streamed("x" * 1000, guards(f"{TEXT}:no_secret", "reject", window=100), step=1)

    sent = seen = 0
    for number, some in enumerate(passed[1:1001], 1):
        sent += sum(len(chunk["choices"][0]["delta"].get("content", "")) for chunk in some)
        seen = max(seen, number - sent)
    assert seen == 99
    assert text_of(passed) == "x" * 1000


def test_nothing_of_what_is_refused_leaves():
    made = guards(f"{TEXT}:no_secret", "reject", window=40)

    with pytest.raises(Stopped):
        streamed("y" * 90 + "secret", made)


def test_calls_of_tools_wait_until_they_are_whole():
    calls = [
        {
            "id": "1",
            "type": "function",
            "function": {"name": "mail", "arguments": f'{{"to":"{MAIL}"}}'},
        }
    ]

    passed = streamed("", guards("pii", "mask"), tool_calls=calls)

    message = fold(chunk for some in passed for chunk in some)["choices"][0]["message"]
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {"to": "[EMAIL]"}


def test_a_stream_that_gives_no_reason_for_its_end_is_let_go_whole():
    windows = Windows(guards("pii", "mask"), "")

    async def main() -> list[Any]:
        chunk = {"choices": [{"index": 0, "delta": {"content": f"to {MAIL}"}}]}
        return [*await windows.feed(chunk), *await windows.finish()]

    [last] = asyncio.run(main())
    assert last["choices"][0]["delta"] == {"content": "to [EMAIL]"}
