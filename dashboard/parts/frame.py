"""What every page shares: navigation, the name of the store, and where a callback leads."""

from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboard.parts.menu import MENU
from dashboard.parts.urls import follow
from dashboard.parts.views import note, page_style
from genaiops.errors import GenaiopsError
from genaiops.query import store

__all__ = ["frame"]


def frame(folder: Path) -> None:
    """Shows the page of the URL."""
    st.set_page_config(
        page_title="genaiops",
        layout="wide",
        page_icon=folder / "icon.svg",
        initial_sidebar_state=208,
    )
    st.logo(folder / "logo.svg", size="medium")
    page_style()
    chosen = st.navigation(_pages(folder))
    follow()
    with st.sidebar:
        _where()
    chosen.run()


def _pages(folder: Path) -> dict[str, list[StreamlitPage]]:
    """The pages by section."""
    pages: dict[str, list[StreamlitPage]] = {}
    for entry in MENU:
        pages.setdefault(entry.section, []).append(
            st.Page(
                folder / entry.file,
                title=entry.title,
                icon=entry.icon,
                url_path=entry.path,
                default=not entry.path,
                visibility="hidden" if entry.hidden else "visible",
            )
        )
    return pages


def _where() -> None:
    """Which store this is, kept ready for the next question."""
    try:
        uri = store.uri()
        store.keep_warm()
    except GenaiopsError:
        return  # the page itself says what is wrong
    note(f"Store {uri}", key="store")
