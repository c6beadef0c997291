"""The pure parts: numbers as text, requests as conversations, differences of prompts."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from dashboard.parts.feedback import typed_value
from dashboard.parts.messages import conversation
from dashboard.parts.pictures import with_pictures
from dashboard.parts.prompt_text import compared
from dashboard.parts.text import count, counted, ms, percent, preview, score, usd
from genaiops.model.prompt import PromptVersion

Template = str | Sequence[Mapping[str, Any]]


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (ms(None), "–"), (ms(0.4), "0.40 ms"), (ms(999.4), "999 ms"), (ms(1_500), "1.50 s"),
        (ms(125_000), "2 min 5 s"), (ms(59_999.9), "60.00 s"), (ms(7_260_000), "2 h 1 min"),
        (ms(90_000_000), "1 d 1 h"), (usd(None), "–"), (usd(0), "$0"), (usd(0.000002), "<$0.0001"),
        (usd(0.0123), "$0.0123"), (usd(12.5), "$12.50"), (count(12_345), "12,345"),
        (count(636_000), "636 k"), (count(2_500_000), "2.5 M"), (percent(0.096), "9.6 %"),
        (percent(0.5), "50 %"), (score(True), "yes"), (score(0.5), "0.5"), (score(None), "–"),
        (counted(1, "run"), "1 run"), (counted(0, "run"), "0 runs"), (counted(2_000, "run"), "2,000 runs"),
    ],
)  # fmt: skip
def test_numbers_read_well(made: str, text: str) -> None:
    assert made == text


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ('{"question":"Why?"}', "Why?"),
        ('{"question":"Why is the sky', "Why is the sky"),
        ('"an answer"', "an answer"),
        ('{"a":1,"b":2}', '{"a":1,"b":2}'),
        ("", ""),
        (None, ""),
    ],
)
def test_a_preview_leaves_the_marks_of_json_out(stored: str | None, shown: str) -> None:
    assert preview(stored) == shown


@pytest.mark.parametrize(
    ("typed", "value"),
    [("yes", True), ("No", False), ("0.5", 0.5), ("3", 3), ("good", "good"), ('"x"', '"x"')],
)
def test_feedback_is_stored_as_what_it_looks_like(typed: str, value: object) -> None:
    assert typed_value(typed) == value


def test_an_openai_chat_becomes_a_conversation_with_its_tool_call() -> None:
    call = {"id": "c1", "function": {"name": "add", "arguments": '{"a": 1}'}}
    messages = [
        {"role": "user", "content": "1+1?"},
        {"role": "tool", "tool_call_id": "c1", "content": "2"},
    ]
    answer = {
        "choices": [
            {"message": {"role": "assistant", "tool_calls": [call]}, "finish_reason": "tool_calls"}
        ]
    }

    said = conversation({"model": "m", "messages": messages}, answer)

    assert [item["role"] for item in said] == ["user", "tool", "assistant"]
    assert said[1]["parts"][0] == {"type": "tool_call_response", "id": "c1", "text": "2"}
    assert said[2]["parts"][0]["name"] == "add"
    assert said[2]["finish"] == "tool_calls"


def test_an_anthropic_message_becomes_a_conversation_with_its_reasoning() -> None:
    request = {"model": "m", "system": "Be brief.", "messages": [{"role": "user", "content": "Hi"}]}
    answer = {"role": "assistant", "stop_reason": "end_turn", "content": [
        {"type": "thinking", "thinking": "Greet."}, {"type": "text", "text": "Hello"}]}  # fmt: skip

    said = conversation(request, answer)

    assert [item["role"] for item in said] == ["system", "user", "assistant"]
    assert [part["type"] for part in said[2]["parts"]] == ["reasoning", "text"]
    assert said[2]["finish"] == "end_turn"


PNG = "iVBORw0KGgo="


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        {"type": "blob", "mime_type": "image/png", "content": PNG},
    ],
)
def test_pictures_in_the_request_are_parts_with_their_data(part: dict[str, Any]) -> None:
    (message,) = conversation([{"role": "user", "content": [part]}], None)

    (shown,) = with_pictures([message])[0]["parts"]
    assert (shown["type"], shown["mime"], shown["data"]) == ("image", "image/png", PNG)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "http://evil.example/a.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/svg+xml;base64,PHN2Zy8+"}},
        {"type": "image", "source": {"type": "url", "url": "http://evil.example/a.png"}},
        {"type": "uri", "mime_type": "image/png", "uri": "http://evil.example/a.png"},
    ],
)
def test_pictures_elsewhere_and_drawings_are_only_named(part: dict[str, Any]) -> None:
    (message,) = conversation([{"role": "user", "content": [part]}], None)

    (shown,) = with_pictures([message])[0]["parts"]
    assert "data" not in shown
    assert shown["text"]


def test_pictures_beyond_six_megabytes_are_only_named() -> None:
    part = {"type": "blob", "mime_type": "image/png", "content": "A" * 4_000_000}
    messages = conversation([{"role": "user", "content": [part, part]}], None)

    first, second = with_pictures(messages)[0]["parts"]
    assert "data" in first
    assert second["text"] == "image/png, 3,000 KB: too large to be shown here"


def test_what_is_no_model_call_is_no_conversation() -> None:
    assert conversation({"question": "Why?"}, "Because.") == []


def version(
    number: int, template: Template, settings: Mapping[str, Any] | None = None
) -> PromptVersion:
    """A version of a prompt."""
    return PromptVersion(
        name="p",
        version=number,
        template=template,
        syntax="mustache",
        hash="",
        created_ns=0,
        model_config=settings,
    )


def test_changed_settings_are_part_of_the_difference() -> None:
    parts = compared(version(1, "a b", {"t": 0}), version(2, "a c", {"t": 1}))

    assert [title for title, _ in parts] == ["Template", "Model settings"]
    assert parts[0][1] == [("equal", "a "), ("delete", "b"), ("insert", "c")]


def test_an_added_message_is_an_insertion_and_moves_no_other() -> None:
    one = [{"role": "user", "content": "Hi"}]

    parts = compared(version(1, one), version(2, [{"role": "system", "content": "Be kind"}, *one]))

    assert parts == [
        ("message 1 (system)", [("insert", "Be kind")]),
        ("message 2 (user)", [("equal", "Hi")]),
    ]
