"""What a query cannot keep in memory."""

from pathlib import Path

import pytest

from genaiops.store import LocalStore
from genaiops.store.engine import SPILLED, in_memory
from tests.store.making import span


def test_what_does_not_fit_into_memory_waits_in_the_store(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append("spans", span(0))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    engine = in_memory(store.folder.absolute(), memory="60MB")

    engine.execute("CREATE TEMP TABLE t AS SELECT i, md5(i::VARCHAR) FROM range(4000000) r(i)")
    spilled = list((store.folder / SPILLED).iterdir())
    engine.close()

    assert spilled
    assert not list(elsewhere.iterdir())
    assert not (store.folder / SPILLED).exists()
