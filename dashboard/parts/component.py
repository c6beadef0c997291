"""A component of ours: the files of its name, put together, and what it has just said."""

from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component
from streamlit.components.v2.types import ComponentRenderer

from dashboard.parts.cells import Json

__all__ = ["event", "load"]

_HERE = Path(__file__).parent


def load(name: str) -> ComponentRenderer:
    """Registers ``NAME.js`` with ``NAME.css``, after what every component shares."""

    def text(file: str) -> str:
        return (_HERE / file).read_text(encoding="utf-8")

    return component(
        f"genaiops.{name}",
        html='<div class="root"></div>',
        css=text("base.css") + text(f"{name}.css"),
        js=text("dom.js") + text(f"{name}.js"),
    )


def event(key: str, name: str) -> Json:
    """What the component of this key has just said."""
    return st.session_state[key].get(name)
