"""A template as LangChain's own."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from genaiops.errors import PromptError
from genaiops.model.prompt import PromptRef, link_attributes
from genaiops.prompts.template import Compiled, Slots

__all__ = ["langchain_template"]

_ROLES = {"developer": "system", "user": "human", "assistant": "ai"}


def langchain_template(
    compiled: Compiled, bound: Mapping[str, Any], ref: PromptRef
) -> Any:  # optional library
    """A ``PromptTemplate`` for text, a ``ChatPromptTemplate`` for messages, both as f-strings.

    Args:
        compiled: The template.
        bound: Values given already.
        ref: The version, named in the template's metadata, by which calls are linked to it.

    Raises: PromptError when langchain-core is missing, or for tool calls and tool results.
    """
    try:
        from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
    except ImportError as error:
        raise PromptError(
            "to_langchain needs langchain-core: pip install 'genaiops[langchain]'"
        ) from error
    if not isinstance(compiled.root, list):
        template = PromptTemplate.from_template(_escaped(compiled.root))
    else:
        template = ChatPromptTemplate.from_messages(
            list(_messages(cast("list[Any]", compiled.root)))
        )
    texts = {name: value for name, value in bound.items() if isinstance(value, str)}
    template.metadata = link_attributes(replace(ref, variables=texts), variables=True)
    return template.partial(**bound) if bound else template


def _messages(root: list[Any]) -> Iterator[Any]:  # messages of LangChain
    from langchain_core.prompts import MessagesPlaceholder

    for place, message in enumerate(root, start=1):
        if not isinstance(message, dict):
            yield MessagesPlaceholder(variable_name=message.name)
            continue
        parts = cast("dict[str, Any]", message)
        role, content = str(parts["role"]), parts.get("content")
        if role == "tool" or content is None or parts.get("tool_calls"):
            raise PromptError(
                f"message {place} of the template is a tool's call or its result, which a LangChain "
                f"template cannot hold: pass such messages through a placeholder"
            )
        yield (_ROLES.get(role, role), _converted(content))


def _converted(node: Any) -> Any:  # a node of a compiled template
    if isinstance(node, list):
        return [_converted(item) for item in cast("list[Any]", node)]
    if isinstance(node, dict):
        table = cast("dict[str, Any]", node)
        return {key: _converted(value) for key, value in table.items()}
    return _escaped(node) if isinstance(node, str | Slots) else node


def _escaped(node: "str | Slots") -> str:
    """The text as an f-string: variables in single braces, literal braces doubled."""
    parts = (node,) if isinstance(node, str) else node.parts
    return "".join(
        f"{{{part}}}" if place % 2 else part.replace("{", "{{").replace("}", "}}")
        for place, part in enumerate(parts)
    )
