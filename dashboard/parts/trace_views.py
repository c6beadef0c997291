"""Views of the list of traces that are kept under a name."""

from urllib.parse import parse_qsl, urlencode

import streamlit as st

import genaiops
from dashboard.parts.cells import Chip
from dashboard.parts.text import one_line
from dashboard.parts.urls import link
from dashboard.parts.views import chips, note
from genaiops.errors import GenaiopsError
from genaiops.query.saved_views import PREFIX, SavedView, saved_views

__all__ = ["view_menu"]

_HOME = "Default"
_ASIDE = ("after",)
"""Parameters that belong to a look, not to a view."""
_REFUSED = "view refused"


def view_menu() -> None:
    """A button that opens the kept views, keeps this one, and forgets others."""
    with st.popover("Views", icon=":material/bookmark:", type="tertiary", key="views"):
        kept = saved_views()
        for place, view in enumerate(kept):
            _kept(view, place)
        if not kept:
            note("A view is the filter, the time and the order, under a name.", key="no views")
        with st.form("keep view", border=False, clear_on_submit=True):
            st.text_input("Name of this view", key="view name", max_chars=80)
            st.form_submit_button("Keep this view", on_click=_keep)
        if _REFUSED in st.session_state:
            note(str(st.session_state.pop(_REFUSED)), key=_REFUSED)


def _kept(view: SavedView, place: int) -> None:
    where = link("traces", dict(parse_qsl(view.query)))
    with st.container(horizontal=True, vertical_alignment="center", width=320):
        chips(
            [Chip(value=one_line(view.name, 80), tone="blue", go=where)],
            key=f"view {place}",
        )
        st.button(
            "",
            icon=":material/delete:",
            key=f"forget view {place}",
            help="Forget this view",
            type="tertiary",
            on_click=_forget,
            args=(view,),
        )


def _keep() -> None:
    name = str(st.session_state.get("view name", "")).strip()
    params = {key: text for key, text in st.query_params.items() if key not in _ASIDE}
    try:
        if not name:
            raise genaiops.ConfigError("Give the view a name.")
        there = genaiops.get_experiment_by_name(_HOME)
        home = there.experiment_id if there else genaiops.create_experiment(_HOME)
        genaiops.Client().set_experiment_tag(home, f"{PREFIX}{name}", urlencode(params))
    except GenaiopsError as error:
        st.session_state[_REFUSED] = str(error)


def _forget(view: SavedView) -> None:
    try:
        genaiops.Client().set_experiment_tag(view.experiment_id, f"{PREFIX}{view.name}", None)
    except GenaiopsError as error:
        st.session_state[_REFUSED] = str(error)
