"""Versions that are in no store."""

from typing import Any

from genaiops.model.prompt import PromptVersion


def version(template: Any, **parts: Any) -> PromptVersion:
    """A version of a prompt."""
    return PromptVersion(
        name="qa", version=1, template=template, syntax="mustache", hash="x", created_ns=0, **parts
    )
