"""The pages: where each stands in the URL, in which file, and under which heading of the menu."""

from dataclasses import dataclass

__all__ = ["MENU", "PAGES", "Entry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A page.

    Attributes:
        path: Its path in the URL; empty for the first page.
        file: Its file, from the folder of the dashboard.
        section: The heading it stands under in the menu.
        hidden: Reached by links only, not from the menu.
    """

    path: str
    file: str
    title: str
    icon: str
    section: str = ""
    hidden: bool = False


MENU = (
    Entry(path="", file="screens/home.py", title="Home", icon=":material/home:"),
    Entry(path="traces", file="screens/traces.py", title="Traces", icon=":material/account_tree:",
          section="Observe"),
    Entry(path="sessions", file="screens/sessions.py", title="Sessions", icon=":material/forum:",
          section="Observe"),
    Entry(path="sql", file="screens/sql.py", title="SQL", icon=":material/database:",
          section="Observe"),
    Entry(path="trace", file="screens/trace.py", title="Trace", icon=":material/account_tree:",
          section="Observe", hidden=True),
    Entry(path="eval", file="screens/evaluate.py", title="Evaluate", icon=":material/balance:",
          section="Improve"),
    Entry(path="review", file="screens/review.py", title="Review", icon=":material/rate_review:",
          section="Improve"),
    Entry(path="datasets", file="screens/datasets.py", title="Datasets", icon=":material/dataset:",
          section="Improve"),
    Entry(path="prompts", file="screens/prompts.py", title="Prompts", icon=":material/edit_note:",
          section="Improve"),
    Entry(path="runs", file="screens/runs.py", title="Runs", icon=":material/science:",
          section="Improve"),
    Entry(path="gateway", file="screens/gateway.py", title="Gateway", icon=":material/hub:",
          section="Operate"),
    Entry(path="settings", file="screens/settings.py", title="Settings", icon=":material/tune:",
          section="Operate"),
)  # fmt: skip
"""In the order of the menu."""
PAGES = {entry.path: entry.file for entry in MENU}
"""URL path -> file of the page."""
