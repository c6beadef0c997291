"""What every page shares: navigation, the name of the store, and where a callback leads."""

from pathlib import Path

import streamlit as st

from dashboard.parts.urls import PAGES, follow
from dashboard.parts.views import note, page_style
from genaiops.errors import GenaiopsError
from genaiops.query import store

__all__ = ["frame"]

_MENU = (
    ("", "Home", ":material/home:"),
    ("traces", "Traces", ":material/account_tree:"),
    ("eval", "Evaluate", ":material/balance:"),
    ("prompts", "Prompts", ":material/edit_note:"),
    ("runs", "Runs", ":material/science:"),
)


def frame(folder: Path) -> None:
    """Shows the page of the URL."""
    st.set_page_config(
        page_title="genaiops",
        layout="wide",
        page_icon=folder / "icon.svg",
        initial_sidebar_state=220,
    )
    st.logo(folder / "logo.svg", size="medium")
    pages = [
        st.Page(folder / PAGES[path], title=title, icon=icon, url_path=path, default=not path)
        for path, title, icon in _MENU
    ]
    trace = st.Page(folder / PAGES["trace"], title="Trace", url_path="trace", visibility="hidden")
    chosen = st.navigation([*pages, trace])
    follow()
    with st.sidebar:
        _where()
        page_style()
    chosen.run()


def _where() -> None:
    """Which store this is, kept ready for the next question."""
    try:
        uri = store.uri()
        store.keep_warm()
    except GenaiopsError:
        return  # the page itself says what is wrong
    note(f"Store {uri}", key="store")
