"""Large values, stored once by content."""

import os
import threading
import time
from pathlib import Path

import pytest

from genaiops.errors import NotFoundError, StoreError
from genaiops.store import LocalStore, blobs

LARGE = b"a document " * 10_000


def files(store: LocalStore) -> list[Path]:
    return [path for path in store.folder.glob("artifacts/blobs/**/*") if path.is_file()]


def test_a_value_comes_back_as_it_was(store: LocalStore) -> None:
    digest = store.put_blob(LARGE)

    assert LocalStore(store.folder).get_blob(digest) == LARGE


def test_a_value_is_stored_once(store: LocalStore) -> None:
    threads = [threading.Thread(target=store.put_blob, args=(LARGE,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(files(store)) == 1
    assert store.put_blob(LARGE) == files(store)[0].name


@pytest.mark.parametrize("digest", ["0" * 64, "../../store.json", "", "A" * 64])
def test_a_value_that_is_not_there_is_not_found(store: LocalStore, digest: str) -> None:
    store.put_blob(LARGE)

    with pytest.raises(NotFoundError):
        store.get_blob(digest)


def test_an_altered_value_is_an_error(store: LocalStore) -> None:
    digest = store.put_blob(LARGE)
    files(store)[0].write_bytes(b"something else")

    with pytest.raises(StoreError, match="was altered on disk: run `genaiops store doctor`"):
        store.get_blob(digest)


def test_a_disk_that_refuses_leaves_nothing_half_written(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", full)
        with pytest.raises(StoreError, match="110000 bytes cannot be stored"):
            store.put_blob(LARGE)

    assert files(store) == []


def test_an_unused_value_goes_unless_it_was_put_again(store: LocalStore) -> None:
    digest = store.put_blob(LARGE)
    (path,) = files(store)
    os.utime(path, (1, 1))

    store.put_blob(LARGE)
    assert not blobs.remove_unused(path, before_s=time.time() - 60)
    assert store.get_blob(digest) == LARGE

    os.utime(path, (1, 1))
    assert blobs.remove_unused(path, before_s=time.time() - 60)
    assert files(store) == []
    assert not blobs.remove_unused(path, before_s=time.time() - 60)
