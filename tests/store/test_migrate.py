"""Schema versions: older files are brought up after a backup, newer ones are refused."""

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from genaiops.errors import StoreError, StoreVersionError
from genaiops.store import LocalStore, migrate
from genaiops.store.migrate import Migration
from tests.store.making import compacted, numbers, rows, span, spans

Upgrade = Callable[..., None]
THIS = migrate.current_version()
"""The schema of this release."""


@pytest.fixture
def upgraded(monkeypatch: pytest.MonkeyPatch) -> Upgrade:
    """Makes this process a newer genaiops, with one more migration."""

    def upgrade(sql: str = "ALTER TABLE g.data.prompts ADD COLUMN owner VARCHAR") -> None:
        steps = [*migrate.built_in()]
        steps.append(Migration(steps[-1].number + 1, "9999_later", sql))

        def built_in() -> Sequence[Migration]:
            return steps

        monkeypatch.setattr(migrate, "built_in", built_in)

    return upgrade


@pytest.fixture
def old(store: LocalStore) -> LocalStore:
    """A store of this release: spans in the file, a prompt in its log, spans in the journal."""
    store.append("spans", spans(0, 10))
    compacted(store)
    with store.txn() as txn:
        txn.execute("INSERT INTO data.prompts (name, kind) VALUES ('p', 'text')")
    store.append("spans", spans(10, 12))
    return store


def version(store: LocalStore) -> int:
    with store.read() as reader:
        return int(reader.query("SELECT max(version) FROM g.data.schema_versions").rows[0][0])


def test_a_new_store_has_this_releases_schema(store: LocalStore) -> None:
    with store.txn():
        pass

    assert version(store) == migrate.current_version()
    assert not (store.folder / "backups").exists()


@pytest.mark.parametrize("by", ["read", "sql", "txn", "compact"])
def test_whoever_comes_first_migrates(old: LocalStore, upgraded: Upgrade, by: str) -> None:
    upgraded()
    old.seal()

    if by == "read":
        assert numbers(old) == list(range(12))
    elif by == "sql":
        assert old.sql("SELECT count(*) FROM spans").rows == [(12,)]
    elif by == "txn":
        with old.txn() as txn:
            txn.execute("UPDATE data.prompts SET owner = 'me'")
    else:
        assert old.compact().rows == 2

    assert version(old) == migrate.current_version()
    assert rows(old, "SELECT name FROM g.data.prompts WHERE coalesce(owner, 'me') = 'me'") == [
        ("p",)
    ]
    assert numbers(old) == list(range(12))


def test_a_backup_is_made_before(old: LocalStore, upgraded: Upgrade) -> None:
    before = {
        name: (old.folder / name).read_bytes()
        for name in ("genaiops.duckdb", "genaiops.duckdb.wal")
    }
    upgraded()

    numbers(old)

    copies = {path.name: path for path in (old.folder / "backups").iterdir()}
    assert sorted(path.read_bytes() for path in copies.values()) == sorted(before.values())
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in copies.values())
    assert all(name.startswith(f"genaiops-{THIS:04d}-") for name in copies)


def test_a_migration_that_fails_changes_nothing(old: LocalStore, upgraded: Upgrade) -> None:
    upgraded("ALTER TABLE g.data.prompts ADD COLUMN owner VARCHAR; SELECT nothing FROM nowhere")

    with pytest.raises(StoreError):
        numbers(old)

    with migrate.opened(old.folder, read_only=True) as engine:
        assert migrate.version_of(engine) == THIS
        assert "owner" not in engine.query("SELECT * FROM g.data.prompts").columns
        assert engine.query("SELECT count(*) FROM g.data.spans").rows == [(10,)]


def test_many_threads_migrate_once(old: LocalStore, upgraded: Upgrade) -> None:
    upgraded()
    seen: list[list[int]] = []
    threads = [threading.Thread(target=lambda: seen.append(numbers(old))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [list(range(12))] * 4
    assert rows(old, "SELECT count(*) FROM g.data.schema_versions") == [(THIS + 1,)]


@pytest.mark.parametrize("by", ["read", "sql", "txn", "compact"])
def test_a_newer_file_is_refused_with_both_numbers_and_left_alone(old: LocalStore, by: str) -> None:
    with old.txn() as txn:
        txn.execute("INSERT INTO data.schema_versions VALUES (77, 'future', 1)")
    old.seal()
    before = (old.folder / "genaiops.duckdb").read_bytes()
    act: dict[str, Callable[[], object]] = {
        "read": lambda: numbers(old),
        "sql": lambda: old.sql("SELECT 1"),
        "txn": lambda: old.txn().__enter__(),
        "compact": old.compact,
    }

    with pytest.raises(
        StoreVersionError, match=f"has schema 77, this genaiops knows up to {THIS}: upgrade"
    ):
        act[by]()

    assert old.append("spans", span(99)), "the application does not notice"
    assert (old.folder / "genaiops.duckdb").read_bytes() == before


@pytest.mark.parametrize("by", ["read", "sql", "txn", "compact"])
def test_a_newer_layout_is_refused_too(old: LocalStore, by: str) -> None:
    path = old.folder / "store.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 9, "min_reader": 9}))
    act: dict[str, Callable[[], object]] = {
        "read": lambda: numbers(old),
        "sql": lambda: old.sql("SELECT 1"),
        "txn": lambda: old.txn().__enter__(),
        "compact": old.compact,
    }

    with pytest.raises(StoreVersionError, match="that reads format 9, this one reads 1: upgrade"):
        act[by]()

    assert old.append("spans", span(99))


def test_a_damaged_store_json_does_not_lock_anybody_out(old: LocalStore) -> None:
    (old.folder / "store.json").write_bytes(b"\xff\0{")

    assert numbers(old) == list(range(12))


def test_a_store_on_a_network_file_system_is_refused(
    old: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.read_text

    def mounts(self: Path, *args: object, **kwargs: object) -> str:
        if str(self) == "/proc/self/mounts":
            return f"rootfs / ext4 rw 0 0\nhost:/x {old.folder.resolve()} nfs4 rw 0 0\n"
        return real(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "read_text", mounts)

    with pytest.raises(StoreError, match=r"network file system \(nfs4\)"):
        numbers(old)
