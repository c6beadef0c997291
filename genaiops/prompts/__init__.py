"""The prompt registry: immutable versions, movable aliases, templates, differences."""

from genaiops.prompts.aliases import (
    delete_prompt_alias,
    rollback_prompt_alias,
    set_prompt_alias,
    split_prompt_alias,
)
from genaiops.prompts.catalogue import PromptEvent, get_prompt, prompt_history, search_prompts
from genaiops.prompts.diff import PromptDiff, Section, diff_versions
from genaiops.prompts.drafts import draft_prompt
from genaiops.prompts.registry import load_prompt, register_prompt
from genaiops.prompts.tags import (
    protect_prompt_alias,
    set_prompt_tag,
    set_prompt_version_tag,
    unprotect_prompt_alias,
)
from genaiops.prompts.version import Prompt

__all__ = [
    "Prompt",
    "PromptDiff",
    "PromptEvent",
    "Section",
    "delete_prompt_alias",
    "diff_versions",
    "draft_prompt",
    "get_prompt",
    "load_prompt",
    "prompt_history",
    "protect_prompt_alias",
    "register_prompt",
    "rollback_prompt_alias",
    "search_prompts",
    "set_prompt_alias",
    "set_prompt_tag",
    "set_prompt_version_tag",
    "split_prompt_alias",
    "unprotect_prompt_alias",
]
