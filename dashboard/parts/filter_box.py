"""The field in which a filter is typed, with names, operators and values that complete it."""

import streamlit as st

from dashboard.parts.cells import Json
from dashboard.parts.component import event, load
from dashboard.parts.urls import param, set_params
from genaiops.query import store
from genaiops.query.suggestions import suggestions

__all__ = ["filter_box"]

_box = load("filter_box")


def filter_box(*, key: str, name: str, placeholder: str, wrong: bool = False) -> str:
    """The filter of the URL's parameter `name`, which is changed when another one is typed.

    A change begins the list anew (``after`` is taken away); `wrong` marks a filter that was refused.
    """

    def applied() -> None:
        set_params({name: str(event(key, "apply") or ""), "after": ""})

    text = param(name)
    data = {"text": text, "names": _names(store.uri()), "placeholder": placeholder, "wrong": wrong}
    _box(data=data, key=key, on_apply_change=applied)
    return text


@st.cache_data(ttl=60, max_entries=4, show_spinner=False)
def _names(uri: str) -> list[list[Json]]:  # noqa: ARG001  what is kept belongs to it
    """Of the store at `uri`, asked for once a minute: they change slowly."""
    return [[item.name, item.kind, list(item.values)] for item in suggestions()]
