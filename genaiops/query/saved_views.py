"""Views of the dashboard that were kept under a name: tags of experiments, as the store has them."""

from dataclasses import dataclass

from genaiops.store import current_store

__all__ = ["PREFIX", "SavedView", "saved_views"]

PREFIX = "genaiops.view."
"""Key of the tag, before the name of the view; its value is the query of the URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """A view of a list of traces.

    Attributes:
        query: Parameters of the URL, as in ``status=error&time=24+h``.
        experiment_id: The experiment that carries the tag.
    """

    name: str
    query: str
    experiment_id: str


def saved_views() -> list[SavedView]:
    """Every kept view, by name. Raises StoreError."""
    with current_store().read() as reader:
        rows = reader.query(
            """
            SELECT key, value, experiment_id
            FROM experiment_tags
            WHERE starts_with(key, ?)
            ORDER BY lower(key), experiment_id
            """,
            [PREFIX],
        ).rows
    return [
        SavedView(name=key.removeprefix(PREFIX), query=query, experiment_id=experiment_id)
        for key, query, experiment_id in rows
    ]
