"""The state of a page is its URL: reading it, changing it, and going elsewhere."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode

import streamlit as st

__all__ = ["PAGES", "follow", "go_to", "link", "number", "param", "set_params"]

PAGES = {
    "": "screens/home.py",
    "traces": "screens/traces.py",
    "trace": "screens/trace.py",
    "prompts": "screens/prompts.py",
    "eval": "screens/evaluate.py",
    "runs": "screens/runs.py",
}
"""URL path -> file of the page."""
_GOTO = "genaiops.goto"


def param(name: str, default: str = "") -> str:
    """A parameter of the URL."""
    return str(st.query_params.get(name, default))


def number(name: str) -> int | None:
    """A whole number of the URL, None where there is none."""
    text = param(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def set_params(changes: Mapping[str, str]) -> None:
    """Changes parameters of the URL; an empty text takes one away."""
    for name, text in changes.items():
        if text:
            st.query_params[name] = text
        else:
            st.query_params.pop(name, None)


def link(page: str, params: Mapping[str, str]) -> str:
    """A relative link to a page of the dashboard."""
    filled = {name: text for name, text in params.items() if text}
    return f"{page}?{urlencode(filled, quote_via=quote)}" if filled else page


def go_to(where: str) -> None:
    """Shows another page in the run that follows; meant for callbacks."""
    st.session_state[_GOTO] = where


def follow() -> None:
    """Switches to the page that a callback asked for, if one did."""
    where = str(st.session_state.pop(_GOTO, ""))
    page, _, query = where.partition("?")
    if where and page in PAGES:
        st.switch_page(PAGES[page], query_params=dict(parse_qsl(query)))
