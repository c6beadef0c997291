"""The state of a page is its URL: reading it, changing it, and going elsewhere."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar
from urllib.parse import parse_qsl, quote, urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.parts.menu import PAGES

__all__ = ["choice", "follow", "go_to", "leaving", "link", "many", "number", "param", "set_params"]

_GOTO = "genaiops.goto"
_LANDED = "genaiops.landed"
T = TypeVar("T", bound=str)


def param(name: str, default: str = "") -> str:
    """A parameter of the URL."""
    return str(st.query_params.get(name, default))


def number(name: str) -> int | None:
    """A whole number of the URL, None where there is none."""
    text = param(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def many(name: str) -> list[str]:
    """The texts of a parameter that holds several, divided by commas."""
    return [text for text in param(name).split(",") if text]


def choice(name: str, options: Sequence[T], default: T) -> T:
    """The one of the options that the URL names, else the default."""
    said = param(name)
    return next((option for option in options if option == said), default)


def set_params(changes: Mapping[str, str]) -> None:
    """Changes parameters of the URL; an empty text takes one away."""
    for name, text in changes.items():
        if text:
            st.query_params[name] = text
        else:
            st.query_params.pop(name, None)


def link(page: str, params: Mapping[str, str]) -> str:
    """A relative link to a page of the dashboard.

    Raises: KeyError when there is no such page.
    """
    PAGES[page]
    filled = {name: text for name, text in params.items() if text}
    return f"{page}?{urlencode(filled, quote_via=quote)}" if filled else page


def go_to(where: str) -> None:
    """Shows another page in the run that follows; meant for callbacks."""
    st.session_state[_GOTO] = where


def leaving() -> bool:
    """Whether a callback asked for another page: a fragment then has the whole page run."""
    return _GOTO in st.session_state


def follow() -> None:
    """Switches to the page that a callback asked for, if one did.

    A tick of a live list that waits at that moment brings the widgets of the page before along,
    so they are let go once more on arrival.
    """
    _release_widgets(st.session_state.pop(_LANDED, ()))
    where = str(st.session_state.pop(_GOTO, ""))
    page, _, query = where.partition("?")
    if where and page in PAGES:
        wanted = dict(parse_qsl(query))
        names = {*st.query_params, *wanted}
        _release_widgets(names)
        st.session_state[_LANDED] = names
        st.switch_page(PAGES[page], query_params=wanted)


def _release_widgets(names: Collection[str]) -> None:
    """Lets the widgets go that are bound to these parameters of the URL.

    Streamlit refuses to change a parameter as long as one is bound to it, and drops it on the way
    to another page; let go, a widget begins anew with what the next URL says.
    """
    context = get_script_run_ctx()
    if context is None or not names:
        return
    with context.session_state.query_params() as params:
        for name in names:
            binding = params.get_binding_for_param(name)
            if binding is not None:
                params.unbind_widget(binding.widget_id)
                st.session_state.pop(name, None)
