"""Prompt versions as text: what the conversation view shows, and the differences of two."""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.parts.messages import conversation
from genaiops.model.prompt import PromptVersion
from genaiops.prompts.diff import diff_versions

__all__ = ["compared", "template_messages"]

Template = str | Sequence[Mapping[str, Any]]
Ops = list[tuple[str, str]]
_TITLES = {
    "template": "Template",
    "model_config": "Model settings",
    "response_format": "Response format",
    "tools": "Tools",
    "variable_types": "Types of variables",
    "syntax": "Syntax",
}


def template_messages(template: Template) -> list[dict[str, Any]]:
    """A template as messages; a text template is one."""
    if isinstance(template, str):
        return [{"role": "prompt", "parts": [{"type": "text", "text": template}]}]
    return conversation([dict(item) for item in template], None)


def compared(old: PromptVersion, new: PromptVersion) -> list[tuple[str, Ops]]:
    """Word-level differences: each message (or the text), then settings that changed."""
    return [
        (_TITLES.get(part.title, part.title), [(op.kind, op.text) for op in part.ops])
        for part in diff_versions(old, new).sections
        if part.changed or part.title.startswith(("template", "message"))
    ]
