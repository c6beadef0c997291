"""The store: an append-only journal, one DuckDB file, and the views over both."""

from genaiops.store.base import CompactStats, Group, Health, Reader, Store, Table, Txn
from genaiops.store.journal import proc_id
from genaiops.store.local import LocalStore
from genaiops.store.url import current_store, lend_store, open_store

__all__ = [
    "CompactStats",
    "Group",
    "Health",
    "LocalStore",
    "Reader",
    "Store",
    "Table",
    "Txn",
    "current_store",
    "lend_store",
    "open_store",
    "proc_id",
]
