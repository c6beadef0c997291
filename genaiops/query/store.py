"""What a page or a command may know about the store."""

from genaiops.store import current_store
from genaiops.store.base import Health

__all__ = ["health", "uri"]


def health() -> Health:
    """Facts and problems of the current store. Raises StoreError."""
    return current_store().health()


def uri() -> str:
    """Where the current store is."""
    return current_store().uri
