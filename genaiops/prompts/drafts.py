"""Prompts that are in no store: tried before they are registered."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

from genaiops.model.prompt import PromptVersion
from genaiops.prompts.content import make_content, with_template
from genaiops.prompts.loaded import finder
from genaiops.prompts.names import check_name
from genaiops.prompts.partials import included_texts, partials_in, pinned
from genaiops.prompts.template import JINJA2
from genaiops.prompts.version import Prompt, make_prompt
from genaiops.store import current_store

__all__ = ["draft_prompt"]

Template = str | Sequence[Mapping[str, Any]]  # messages hold any JSON


def draft_prompt(
    name: str,
    template: Template,
    *,
    response_format: object = None,
    model_config: Mapping[str, Any] | None = None,
    tools: Sequence[Mapping[str, Any]] | None = None,
    syntax: str = "mustache",
    variable_types: object = None,
) -> Prompt:
    """A prompt to try before it is registered; nothing is stored.

    It has version 0, formats and is sent like any other; its calls carry the name without a
    version, so that they never count for a registered one. Arguments are those of
    `register_prompt`.

    Raises: PromptError when a part cannot be used; NotFoundError when the template includes a
        prompt that is not there; StoreError.
    """
    check_name(name)
    content = make_content(
        template,
        syntax=syntax,
        response_format=response_format,
        model_config=model_config,
        tools=tools,
        variable_types=variable_types,
    )
    included: dict[str, str] = {}
    if content.syntax != JINJA2 and partials_in(content.template):
        with current_store().read() as reader:
            find = finder(reader)
            fixed = pinned(content.template, name, find)
            content = with_template(content, cast("str | list[dict[str, Any]]", fixed))
            included = included_texts(content.template, find)
    stored = PromptVersion(
        name=name,
        version=0,
        template=content.template,
        syntax=content.syntax,
        hash=content.hash,
        created_ns=time.time_ns(),
        response_format=content.response_format,
        model_config=content.model_config,
        tools=content.tools,
        variable_types=content.variable_types,
    )
    return make_prompt(stored, included=included)
