"""What changed between two versions of a prompt: each message word by word, and the rest."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, cast

from genaiops.model.prompt import PromptVersion
from genaiops.prompts.worddiff import Op, diff_words

__all__ = ["Op", "PromptDiff", "Section", "diff_versions", "diff_words"]

_ALIGNED = 400  # messages beyond which they are compared in place
_Message = Mapping[str, Any]
_MARKS = {"equal": ("", ""), "delete": ("[-", "-]"), "insert": ("{+", "+}")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of a version, such as ``template``, ``message 2 (user)`` or ``model_config``.

    Attributes:
        recast: The role of the message is another one, as the title says.
    """

    title: str
    ops: Sequence[Op]
    recast: bool = False

    @property
    def changed(self) -> bool:
        """Whether the two versions differ here."""
        return self.recast or any(op.kind != "equal" for op in self.ops)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptDiff:
    """Two versions side by side, part by part; ``str()`` marks changes ``[-old-]{+new+}``."""

    old: str
    new: str
    sections: Sequence[Section]

    @property
    def changed(self) -> bool:
        """Whether anything differs."""
        return any(section.changed for section in self.sections)

    def __str__(self) -> str:
        lines = [f"{self.old} → {self.new}"]
        for section in self.sections:
            lines += [f"--- {section.title}{'' if section.changed else ' (same)'}"]
            if section.changed:
                lines += ["".join(op.text.join(_MARKS[op.kind]) for op in section.ops)]
        return "\n".join(lines)


def diff_versions(old: PromptVersion, new: PromptVersion) -> PromptDiff:
    """The differences of two versions, of one prompt or of two, text or chat.

    A megabyte on either side takes less than a second: what differs too much to be aligned word
    by word is shown as one block taken out and one put in.
    """
    sections = [
        *_message_sections(_messages(old), _messages(new)),
        *_syntax_section(old.syntax, new.syntax),
        *_json_section("model_config", old.model_config, new.model_config),
        *_json_section("response_format", old.response_format, new.response_format),
        *_json_section("tools", old.tools, new.tools),
        *_json_section("variable_types", old.variable_types, new.variable_types),
    ]
    return PromptDiff(
        old=f"{old.name}/{old.version}", new=f"{new.name}/{new.version}", sections=sections
    )


def _messages(version: PromptVersion) -> list[_Message]:
    """The messages; a text template is one without a role."""
    if isinstance(version.template, str):
        return [{"content": version.template}]
    return list(version.template)


def _message_sections(old: list[_Message], new: list[_Message]) -> Iterator[Section]:
    for place, (before, after) in enumerate(_aligned(old, new), start=1):
        roles = [
            str(message.get("role", "text")) for message in (before, after) if message is not None
        ]
        if {*roles} == {"text"}:
            title = "template"
        else:
            title = f"message {place} ({' → '.join(dict.fromkeys(roles))})"
        ops = diff_words(_text(before), _text(after))
        yield Section(title=title, ops=ops, recast=len({*roles}) > 1)


def _aligned(
    old: list[_Message], new: list[_Message]
) -> Iterator[tuple[_Message | None, _Message | None]]:
    """Pairs of messages; None where one side has none."""
    if max(len(old), len(new)) > _ALIGNED:
        yield from zip_longest(old, new)
        return
    keys_old, keys_new = [[_json(message) for message in side] for side in (old, new)]
    matcher = SequenceMatcher(None, keys_old, keys_new, autojunk=False)
    for _, from_old, to_old, from_new, to_new in matcher.get_opcodes():
        yield from zip_longest(old[from_old:to_old], new[from_new:to_new])


def _text(message: _Message | None) -> str:
    """A message as text: its words where it is text, the rest as JSON."""
    if message is None:
        return ""
    content: Any = message.get("content")
    parts = cast("list[Any]", content) if isinstance(content, list) else [content]
    lines = [
        part["text"] if _is_text_part(part) else part if isinstance(part, str) else _json(part)
        for part in parts
        if part is not None
    ]
    rest = {key: value for key, value in message.items() if key not in ("role", "content")}
    return "\n".join([*lines, *([_json(rest)] if rest else [])])


def _is_text_part(part: Any) -> bool:  # any JSON
    return isinstance(part, dict) and {**part, "text": ""} == {"type": "text", "text": ""}


def _syntax_section(old: str, new: str) -> Iterator[Section]:
    if old != new:
        yield Section(title="syntax", ops=diff_words(old, new))


def _json_section(title: str, old: object, new: object) -> Iterator[Section]:
    if old is not None or new is not None:
        texts = ["" if side is None else _json(side) for side in (old, new)]
        yield Section(title=title, ops=diff_words(*texts))


def _json(value: object) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
