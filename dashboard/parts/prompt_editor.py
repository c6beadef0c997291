"""A prompt as fields to edit: its text or messages, and the settings that belong to it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import streamlit as st

from genaiops.errors import PromptError

__all__ = ["Parts", "edit"]

Json = Any  # any JSON value
_ROLES = ("system", "user", "assistant", "developer", "tool")
_LINES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What `register_prompt` and `draft_prompt` take."""

    template: str | Sequence[Mapping[str, Json]] = ""
    model_config: Mapping[str, Json] | None = None
    response_format: Mapping[str, Json] | None = None
    tools: Sequence[Mapping[str, Json]] | None = None
    syntax: str = "mustache"
    variable_types: Mapping[str, Json] | None = None

    def arguments(self) -> dict[str, Json]:
        """All but the template, by name."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "template"}


def edit(start: Parts, *, key: str) -> Parts:
    """Fields filled with `start`; what stands in them now.

    Raises: PromptError when a field that holds JSON does not.
    """
    if isinstance(start.template, str):
        template: str | list[Mapping[str, Json]] = _area("Template", start.template, key=key)
    else:
        template = _messages(start.template, key=key)
    with st.expander("Model settings, response format, tools"):
        config = _json_area("Model settings", start.model_config, Mapping, key=key)
        wanted = _json_area(
            "Response format (JSON schema)", start.response_format, Mapping, key=key
        )
        tools = _json_area("Tools", start.tools, list, key=key)
    return Parts(
        template=template,
        model_config=config,
        response_format=wanted,
        tools=tools,
        syntax=start.syntax,
        variable_types=start.variable_types,
    )


def _messages(messages: Sequence[Mapping[str, Json]], *, key: str) -> list[Mapping[str, Json]]:
    """A field a message; one that is emptied is left out."""
    more = f"{key} more"
    added = int(st.session_state.get(more, 0))
    shown = [*messages, *({"role": "user", "content": ""} for _ in range(added))]
    found: list[Mapping[str, Json]] = []
    for place, message in enumerate(shown):
        changed = _message(message, key=f"{key} message {place}")
        if changed is not None:
            found.append(changed)

    def one_more() -> None:
        st.session_state[more] = added + 1

    st.button("Add a message", key=f"{key} add", on_click=one_more, type="tertiary",
              icon=":material/add:")  # fmt: skip
    return found


def _message(message: Mapping[str, Json], *, key: str) -> Mapping[str, Json] | None:
    if set(message) == {"role", "content"} and isinstance(message["content"], str):
        role = str(message["role"])
        roles = list(dict.fromkeys([role, *_ROLES]))
        chosen = st.selectbox("Role", roles, key=f"{key} role", width=150,
                              label_visibility="collapsed")  # fmt: skip
        text = _area("Content", message["content"], key=key, collapsed=True)
        return {"role": chosen, "content": text} if text.strip() else None
    text = _area("Message", json.dumps(message, indent=2, ensure_ascii=False), key=key)
    found = _parsed("message", text)
    if found is None:
        return None
    if not isinstance(found, Mapping):
        raise PromptError('a message is no JSON object: write it as {"role": …, "content": …}')
    return cast("Mapping[str, Json]", found)


def _area(label: str, text: str, *, key: str, collapsed: bool = False) -> str:
    lines = min(_LINES, max(3, text.count("\n") + 2, len(text) // 90 + 1))
    return st.text_area(label, text, key=f"{key} {label}", height=lines * 22 + 20,
                        label_visibility="collapsed" if collapsed else "visible") or ""  # fmt: skip


def _json_area(label: str, content: Json, kind: type, *, key: str) -> Json:
    text = "" if content is None else json.dumps(content, indent=2, ensure_ascii=False)
    found = _parsed(label, _area(label, text, key=key))
    if found is not None and not isinstance(found, kind):
        what = "a list" if kind is list else "an object"
        raise PromptError(f"{label}: this is JSON, but not {what}")
    return found or None


def _parsed(what: str, text: str) -> Json:
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PromptError(f"{what}: this is no JSON ({error})") from None
