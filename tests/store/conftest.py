"""A store of its own for each test."""

from pathlib import Path

import pytest

from genaiops.store import LocalStore


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """An empty store, made on first write."""
    return LocalStore(tmp_path / "store")
