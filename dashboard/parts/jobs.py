"""Actions that take long: done in a thread, shown with their progress, cancelled by a button."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from dashboard.parts.cells import Chip
from dashboard.parts.text import count
from dashboard.parts.urls import leaving
from dashboard.parts.views import chips, note
from genaiops.errors import GenaiopsError

__all__ = ["Job", "job_panel", "start"]

_EVERY_S = 0.4
_UNFORESEEN = "It ended unexpectedly: the terminal of the dashboard says why."


@dataclass(slots=True)
class Job:
    """An action under way.

    Attributes:
        total: Steps in all; 0 when nobody can know.
        said: What came out of it, one sentence; empty while it runs.
        where: The page that shows what came out, as `urls.link` makes it.
    """

    title: str
    total: int = 0
    done: int = 0
    said: str = ""
    where: str = ""
    began: float = field(default_factory=time.monotonic)
    failed: bool = False
    ended: bool = False
    stop: threading.Event = field(default_factory=threading.Event)

    def step(self, steps: int = 1) -> bool:
        """Counts steps. Returns: False when the work should end, because it was cancelled."""
        self.done += steps
        return not self.stop.is_set()


def start(key: str, job: Job, work: Callable[[Job], str], *, wait_s: float = 0.0) -> None:
    """Does the work in a thread of its own; what it returns is said at its end.

    The work may not use Streamlit. It looks at `Job.step` as often as it can. So long its end is
    waited for: what is done by then needs no progress.
    """
    st.session_state[f"job {key}"] = job

    def run() -> None:
        try:
            job.said = work(job)
        except GenaiopsError as error:
            job.said, job.failed = str(error), True
        finally:
            if not job.said:
                job.said, job.failed = _UNFORESEEN, True
            job.ended = True

    thread = threading.Thread(target=run, name=f"genaiops {key}", daemon=True)
    thread.start()
    thread.join(wait_s)


def job_panel(key: str) -> None:
    """The progress of the action, or what came out; nothing when none was started."""
    job: Job | None = st.session_state.get(f"job {key}")
    if job is None:
        return
    every = None if job.ended else _EVERY_S
    st.fragment(_panel, run_every=every)(key, job)


def _panel(key: str, job: Job) -> None:
    """One look at the action; the page is drawn anew when it has ended."""
    if leaving():
        st.rerun()
    if job.ended:
        if not st.session_state.get(f"job {key} told"):
            st.session_state[f"job {key} told"] = True
            st.rerun()
        _outcome(key, job)
        return
    st.session_state[f"job {key} told"] = False
    with st.container(horizontal=True, vertical_alignment="center", key=f"job-{key}"):
        so_far = f"{count(job.done)} of {count(job.total)}"
        if not job.total:
            so_far = f"{time.monotonic() - job.began:.0f} s"
        note(f"{job.title} · {so_far}", key=f"job {key} title")
        if job.total:
            st.progress(min(1.0, job.done / job.total))
        ending = job.stop.is_set()
        st.button(
            "Cancel", key=f"job {key} cancel", on_click=job.stop.set, disabled=ending, width=96
        )


def _outcome(key: str, job: Job) -> None:
    def forget() -> None:
        st.session_state.pop(f"job {key}", None)

    with st.container(horizontal=True, vertical_alignment="center"):
        chips(
            [Chip(value=job.said, tone="red" if job.failed else "green", go=job.where)],
            key=f"job {key} outcome",
        )
        st.button("Close", key=f"job {key} close", on_click=forget, type="tertiary")
