"""How a page meets trouble: with a sentence, and with what to type when the store is empty."""

import contextlib
import sys
import traceback
from collections.abc import Callable

import streamlit as st

from dashboard.parts.views import head, note
from genaiops.errors import GenaiopsError, NotFoundError, StoreBusyError, StoreError
from genaiops.query import store

__all__ = ["nothing_yet", "show", "trouble", "unexpected"]


def show(render: Callable[[], None], *, at_once: bool = False) -> None:
    """Runs a page; what a user could run into becomes a sentence.

    Args:
        render: The page.
        at_once: It asks the store and nobody else: its questions share one opening of the store.
    """
    try:
        with store.look() if at_once else contextlib.nullcontext():
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


def unexpected(error: Exception) -> bool:
    """What nobody foresaw: a sentence on the page, the traceback in the terminal.

    Returns: True, so that Streamlit shows nothing of its own.
    """
    sys.stderr.write("".join(traceback.format_exception(error)))
    sys.stderr.flush()
    trouble(
        "Something went wrong",
        f"This page failed ({type(error).__name__}). The terminal of the dashboard says where.",
    )
    return True


def trouble(title: str, sentence: str) -> None:
    """Says what went wrong, as text."""
    head(title, note=sentence, key=f"trouble {title}")


def nothing_yet(what: str, commands: tuple[str, ...], *, key: str) -> None:
    """What to type when there is nothing to show."""
    head(what, key=f"{key} title")
    note("Type this, then reload.", commands=commands, key=key)
