"""Prompt versions as text: what the conversation view shows, and the differences of two."""

import json
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any, cast

from dashboard.parts.messages import conversation
from genaiops.model.prompt import PromptVersion
from genaiops.prompts.worddiff import diff_words

__all__ = ["compared", "template_messages"]

Template = str | Sequence[Mapping[str, Any]]
Ops = list[tuple[str, str]]


def template_messages(template: Template) -> list[dict[str, Any]]:
    """A template as messages; a text template is one."""
    if isinstance(template, str):
        return [{"role": "prompt", "parts": [{"type": "text", "text": template}]}]
    return conversation([dict(item) for item in template], None)


def compared(old: PromptVersion, new: PromptVersion) -> list[tuple[str, Ops]]:
    """Word-level differences: each message (or the text), then settings that changed."""
    parts: list[tuple[str, Ops]] = []
    for place, (before, after) in enumerate(zip_longest(_texts(old), _texts(new)), 1):
        was, now = before or ("", ""), after or ("", "")
        roles = (was[0], now[0])
        title = roles[1] or roles[0] if len({*roles} - {""}) == 1 else " → ".join(roles)
        numbered = f"{place} · {title}" if title != "template" else "Template"
        parts.append((numbered, _ops(was[1], now[1])))
    for title, was, now in (
        ("Model settings", old.model_config, new.model_config),
        ("Response format", old.response_format, new.response_format),
        ("Tools", old.tools, new.tools),
        ("Types of variables", old.variable_types, new.variable_types),
        ("Syntax", old.syntax, new.syntax),
    ):
        if was != now:
            parts.append((title, _ops(_json(was), _json(now))))
    return parts


def _texts(version: PromptVersion) -> list[tuple[str, str]]:
    """Role and text of each message; a text template is one."""
    if isinstance(version.template, str):
        return [("template", version.template)]
    return [
        (
            str(message["role"]),
            "\n".join(str(part["text"]) for part in cast("list[dict[str, Any]]", message["parts"])),
        )
        for message in template_messages(version.template)
    ]


def _ops(old: str, new: str) -> Ops:
    return [(op.kind, op.text) for op in diff_words(old, new)]


def _json(content: object) -> str:
    if isinstance(content, str):
        return content
    return "" if content is None else json.dumps(content, indent=2, ensure_ascii=False, default=str)
