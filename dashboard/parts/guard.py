"""How a page meets trouble: with a sentence, and with what to type when the store is empty."""

from collections.abc import Callable

import streamlit as st

from dashboard.parts.views import head, note
from genaiops.errors import GenaiopsError, NotFoundError, StoreBusyError, StoreError

__all__ = ["nothing_yet", "show", "trouble"]


def show(render: Callable[[], None]) -> None:
    """Runs a page; what a user could run into becomes a sentence."""
    try:
        render()
    except NotFoundError as error:
        trouble("Not found", str(error))
    except StoreBusyError as error:
        trouble("The store is busy", str(error))
        st.button("Try again")
    except StoreError as error:
        trouble("The store cannot be read", str(error))
    except GenaiopsError as error:
        trouble("That did not work", str(error))


def trouble(title: str, sentence: str) -> None:
    """Says what went wrong, as text."""
    head(title, note=sentence, key=f"trouble {title}")


def nothing_yet(what: str, commands: tuple[str, ...], *, key: str) -> None:
    """What to type when there is nothing to show."""
    head(what, key=f"{key} title")
    note("Type this, then reload.", commands=commands, key=key)
