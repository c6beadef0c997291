"""SQL of a user can look at the store and do nothing else."""

import datetime
import hashlib
import os
import threading
import time
from pathlib import Path

import pytest

from genaiops.errors import FilterError, GenaiopsError
from genaiops.store import LocalStore
from tests.store.making import compacted, spans

secret = {"answer": 42}
"""What a replacement scan of Python variables would find."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> LocalStore:
    """One store for every attack: none of them may change it."""
    store = LocalStore(tmp_path_factory.mktemp("safety") / "store")
    store.append("spans", spans(0, 20))
    compacted(store)
    with store.txn() as txn:
        txn.execute("INSERT INTO data.gateway_keys (name, key_hash) VALUES ('a', 'hash')")
    store.append("spans", spans(20, 25))
    store.seal()
    return store


def fingerprint(folder: Path) -> dict[str, str]:
    """Digest of every file around the store but its locks."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


ATTACKS = (
    "COPY (SELECT 1) TO '{db}'",
    "COPY (SELECT 1) TO '{db}' (USE_TMP_FILE false)",
    "COPY (SELECT 1) TO '{db}.wal' (USE_TMP_FILE false)",
    "WITH x AS (COPY (SELECT 1) TO '{db}' (USE_TMP_FILE false)) SELECT * FROM x",
    "WITH y AS (WITH x AS (COPY (SELECT 1) TO '{db}') SELECT * FROM x) SELECT * FROM y",
    "COPY spans TO '{out}' (FORMAT parquet)",
    "COPY (SELECT 1) TO '/dev/stdout'",
    "EXPORT DATABASE '{out}'",
    "IMPORT DATABASE '{folder}'",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('{db}')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_csv_auto('{folder}/store.json')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM read_json('{folder}/store.json')",
    "SELECT * FROM read_parquet('{folder}/x.parquet')",
    "SELECT * FROM parquet_metadata('{db}')",
    "SELECT * FROM '{folder}/store.json'",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')",
    "SELECT * FROM query_table('/etc/passwd')",
    "ATTACH '{db}' AS again",
    "ATTACH '{out}' AS fresh",
    "ATTACH 'https://example.org/x.duckdb'",
    "DETACH g",
    "INSTALL httpfs",
    "LOAD httpfs",
    "FORCE INSTALL fts",
    "UPDATE EXTENSIONS",
    "SET lock_configuration = false",
    "SET memory_limit = '100GB'",
    "SET enable_external_access = true",
    "SET disabled_filesystems = ''",
    "SET temp_directory = '{folder}'",
    "SET allowed_paths = ['/etc/passwd']",
    "RESET disabled_filesystems",
    "PRAGMA disabled_filesystems=''",
    "PRAGMA enable_profiling",
    "PRAGMA profiling_output='{out}'",
    "PRAGMA enable_logging",
    "CALL enable_logging(storage = 'file', storage_path = '{out}')",
    "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "INSERT INTO data.prompts VALUES ('a', 'text', NULL, 1)",
    "UPDATE g.data.spans SET name = 'x'",
    "DELETE FROM g.data.spans",
    "DROP TABLE g.data.spans",
    "DROP VIEW g.main.spans",
    "CREATE TABLE g.data.mine (a INTEGER)",
    "CREATE OR REPLACE VIEW g.main.spans AS SELECT 1",
    "ALTER TABLE g.data.spans DROP COLUMN name",
    "TRUNCATE g.data.spans",
    "SELECT * FROM secret",
    "SELECT getenv('HOME')",
    "SELECT 1; COPY (SELECT 1) TO '{db}' (USE_TMP_FILE false)",
    "BEGIN; DELETE FROM g.data.spans; COMMIT",
    "SELECT system('true')",
    "EXECUTE nothing",
    "",
    ";",
    "SELECT",
    "not sql at all",
    "SELECT '\ud800'",
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_store_is_the_same_after(filled: LocalStore, attack: str, tmp_path: Path) -> None:
    folder = filled.folder
    sql = attack.format(db=folder / "genaiops.duckdb", folder=folder, out=tmp_path / "out")
    before = fingerprint(folder)

    with pytest.raises(GenaiopsError) as raised:
        filled.sql(sql)

    assert fingerprint(folder) == before
    assert list(tmp_path.iterdir()) == []
    assert "\n" not in str(raised.value)
    assert filled.sql("SELECT count(*) FROM spans").rows == [(25,)]


@pytest.mark.parametrize(
    "allowed",
    [
        "ATTACH ':memory:' AS mine",
        "SET VARIABLE a = 1",
        "CREATE TEMP TABLE mine AS SELECT 1 AS a",
        "SELECT * FROM duckdb_settings()",
        "EXPLAIN SELECT * FROM spans",
        "SELECT * FROM query('SELECT 1')",
        "DROP VIEW IF EXISTS temp.spans",
        "COPY FROM DATABASE g TO memory",
        "CHECKPOINT g",
        "FORCE CHECKPOINT",
        "VACUUM g.data.spans",
        "SELECT 1 \0",
    ],
)
def test_what_touches_only_its_own_memory_does_no_harm(
    filled: LocalStore, allowed: str, tmp_path: Path
) -> None:
    before = fingerprint(filled.folder)

    filled.sql(allowed)

    assert fingerprint(filled.folder) == before
    assert list(tmp_path.iterdir()) == []
    assert filled.sql("SELECT count(*) FROM spans").rows == [(25,)]


def test_what_one_query_leaves_behind_the_next_does_not_see(filled: LocalStore) -> None:
    filled.sql("CREATE TEMP TABLE mine AS SELECT 1 AS a")

    with pytest.raises(FilterError, match="mine"):
        filled.sql("SELECT * FROM mine")


def test_no_environment_variable_is_readable(filled: LocalStore) -> None:
    os.environ["GENAIOPS_TEST_SECRET"] = "s3cret"
    try:
        with pytest.raises(GenaiopsError):
            filled.sql("SELECT getenv('GENAIOPS_TEST_SECRET')")
    finally:
        del os.environ["GENAIOPS_TEST_SECRET"]


def test_the_hash_of_a_key_is_in_no_view(filled: LocalStore) -> None:
    assert "key_hash" not in filled.sql("SELECT * FROM gateway_keys").columns


def test_parameters_are_bound_and_never_part_of_the_text(filled: LocalStore) -> None:
    evil = "'; DROP TABLE g.data.spans; --"

    assert filled.sql("SELECT ? AS a", [evil]).rows == [(evil,)]
    assert filled.sql("SELECT $a AS a", {"a": evil}).rows == [(evil,)]


@pytest.mark.parametrize("params", [[1, 2], [], {"b": 1}, [object()]])
def test_parameters_that_do_not_fit_are_a_clear_error(filled: LocalStore, params: object) -> None:
    with pytest.raises(FilterError, match="the query cannot be run"):
        filled.sql("SELECT $a" if isinstance(params, dict) else "SELECT ?", params)  # type: ignore[arg-type]


def test_a_query_that_takes_too_long_is_stopped(filled: LocalStore) -> None:
    began = time.monotonic()

    with pytest.raises(FilterError, match=r"took longer than 0\.2 s and was stopped"):
        filled.sql("SELECT count(*) FROM range(100000000000) a, range(1000) b", timeout_s=0.2)

    assert time.monotonic() - began < 30
    assert filled.sql("SELECT count(*) FROM spans").rows == [(25,)]


def test_a_query_is_stopped_from_another_thread(filled: LocalStore) -> None:
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()

    with pytest.raises(FilterError, match="the query was cancelled"):
        filled.sql("SELECT count(*) FROM range(100000000000) a, range(1000) b", stop=stop)

    assert filled.sql("SELECT count(*) FROM spans").rows == [(25,)]


def test_times_of_a_zone_are_answered_in_utc(filled: LocalStore) -> None:
    found = filled.sql(
        'SELECT \'2026-01-02 03:04:05+02\'::TIMESTAMPTZ AS at, ? AS "a ""b", now() IS NULL AS no, '
        "[TIMESTAMPTZ '2026-01-02 03:04:05+00'] AS list ORDER BY 1; -- newest",
        [7],
    )

    assert found.columns == ["at", 'a "b', "no", "list"]
    ((at, seven, no, listed),) = found.rows
    assert (at, seven, no) == (datetime.datetime(2026, 1, 2, 1, 4, 5), 7, False)  # noqa: DTZ001
    assert "2026-01-02" in listed


def test_a_query_that_needs_too_much_memory_is_refused_and_spills_nothing(
    filled: LocalStore, tmp_path: Path
) -> None:
    before = fingerprint(filled.folder)

    with pytest.raises(FilterError):
        filled.sql("SELECT list(a || repeat('x', 1000)) FROM range(20000000) t(a)", timeout_s=60)

    assert fingerprint(filled.folder) == before
    assert list(tmp_path.iterdir()) == []


def test_a_long_answer_can_be_cut(filled: LocalStore) -> None:
    assert len(filled.sql("SELECT * FROM range(1000000)", max_rows=10)) == 10


def test_queries_of_many_threads_do_not_disturb_each_other(store: LocalStore) -> None:
    store.append("spans", spans(0, 25))
    compacted(store)
    seen: list[object] = []

    def ask() -> None:
        seen.extend(store.sql("SELECT count(*) FROM spans").rows[0][0] for _ in range(3))

    def write() -> None:
        with store.txn() as txn:
            txn.execute("INSERT INTO data.prompts VALUES ('b', 'text', NULL, 1)")

    threads = [threading.Thread(target=ask) for _ in range(4)] + [threading.Thread(target=write)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [25] * 12


def test_an_empty_store_answers_and_is_not_created(store: LocalStore) -> None:
    assert store.sql("SELECT count(*) FROM spans").rows == [(0,)]
    with pytest.raises(GenaiopsError):
        store.sql("SELECT * FROM read_text('/etc/passwd')")
    assert not store.folder.exists()
