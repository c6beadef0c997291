"""DuckDB instances: opened for one piece of work, then closed. Nothing else imports duckdb."""

import contextlib
import json
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genaiops.errors import FilterError, StoreBusyError, StoreError
from genaiops.store.base import Table

if TYPE_CHECKING:
    import duckdb

__all__ = ["DamagedError", "Engine", "in_memory", "opened"]

FILE = "genaiops.duckdb"
SPILLED = f"{FILE}.tmp"
"""Folder in the store of what a query does not keep in memory."""
_ZONED, _NO_ZONES = "TIMESTAMP WITH TIME ZONE", "'pytz' failed to import"
_DAMAGE = ("corrupt", "checksum", "could not read enough bytes", "failed to deserialize")
_CONFIG: Mapping[str, Any] = {  # DuckDB takes text, numbers and booleans here
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
}
_SLOWER_WITH = "common_subplan"
"""An optimizer that reads a page of traces three times as slowly as without it (DuckDB 2.0)."""


class DamagedError(StoreError):
    """The database file or its log is damaged; `detail` is what DuckDB found."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class Engine:
    """One DuckDB connection with the store attached as ``g``.

    Errors of DuckDB arrive as StoreError with one sentence, except where the caller says that the
    SQL is a user's (`FilterError`).
    """

    def __init__(self, connection: "duckdb.DuckDBPyConnection") -> None:
        self.connection = connection

    def execute(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> None:
        """Runs one or several statements."""
        with _plain_errors():
            self.connection.execute(sql, params or None)

    def query(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> Table:
        """Runs one statement and returns all its rows."""
        with _plain_errors():
            return self._fetch(sql, params, None)

    def columns(
        self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()
    ) -> dict[str, Any]:  # numpy arrays, which have no names of types here
        """Runs one statement; its columns as numpy arrays, masked where a value is NULL."""
        with _plain_errors():
            return self.connection.execute(sql, params or None).fetchnumpy()

    def user_query(
        self,
        sql: str,
        params: Any,  # whatever DuckDB binds
        *,
        timeout_s: float,
        max_rows: int | None,
        stop: threading.Event | None = None,
    ) -> Table:
        """Runs a user's statement, interrupted after `timeout_s` seconds or by `stop`.

        Raises: FilterError.
        """
        import duckdb

        done, stop = threading.Event(), stop or threading.Event()
        watch = threading.Thread(target=self._watch, args=(timeout_s, done, stop), daemon=True)
        watch.start()
        try:
            try:
                return self._fetch(sql, params, max_rows)
            except duckdb.InvalidInputException as error:
                if _NO_ZONES not in str(error):
                    raise
                return self._fetch_in_utc(sql, params, max_rows)
        except duckdb.InterruptException:
            if stop.is_set():
                raise FilterError("the query was cancelled") from None
            raise FilterError(
                f"the query took longer than {timeout_s:g} s and was stopped: narrow it down"
            ) from None
        except duckdb.OutOfMemoryException as error:
            raise FilterError(
                f"the query needs more memory than it may use: {_first_line(error)}"
            ) from error
        except (duckdb.Error, ValueError, TypeError, RuntimeError) as error:
            if isinstance(failure := _failed(error), DamagedError):
                raise failure from error
            raise FilterError(f"the query cannot be run: {_first_line(error)}") from error
        finally:
            done.set()
            watch.join()  # an interruption after this would hit somebody else's query

    def _watch(self, timeout_s: float, done: threading.Event, stop: threading.Event) -> None:
        """Interrupts the query of this connection when its time is up or somebody says so."""
        ends = time.monotonic() + timeout_s
        while not done.wait(0.05):
            if stop.is_set() or time.monotonic() >= ends:
                self.connection.interrupt()

    def _fetch_in_utc(self, sql: str, params: Any, max_rows: int | None) -> Table:
        """As `_fetch`, times of a zone as plain times in UTC: DuckDB asks for pytz otherwise."""
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE answer AS {sql}", params or None)
        plain: list[str] = []
        for name, kind, *_ in self.connection.execute("DESCRIBE temp.answer").fetchall():
            quoted = '"' + str(name).replace('"', '""') + '"'
            if kind == _ZONED:
                plain.append(f"timezone('UTC', {quoted}) AS {quoted}")
            elif _ZONED in kind:  # inside a list or a struct
                plain.append(f"{quoted}::VARCHAR AS {quoted}")
        return self._fetch(f"SELECT * REPLACE ({', '.join(plain)}) FROM temp.answer", (), max_rows)

    def close(self) -> None:
        """Closes the connection, and the instance with its last one; more than once is harmless."""
        self.connection.close()

    def _fetch(self, sql: str, params: Any, max_rows: int | None) -> Table:
        cursor = self.connection.execute(sql, params or None)
        if cursor is None:  # pyright: ignore[reportUnnecessaryComparison]  text without a statement
            raise FilterError("the SQL has no statement: write SELECT …")
        described = cursor.description or []
        columns = [column[0] for column in described]
        rows = cursor.fetchall() if max_rows is None else cursor.fetchmany(max_rows)
        texts = [at for at, column in enumerate(described) if str(column[1]) == "JSON"]
        if texts:
            rows = [_decoded(row, texts) for row in rows]
        return Table(columns, rows)


def in_memory(folder: Path, *, memory: str | None = None) -> Engine:
    """A private instance without a file, for the store in this folder: there it spills to disk."""
    import duckdb

    config = {**_CONFIG, "temp_directory": str(folder / SPILLED)}
    if memory is not None:
        config["memory_limit"] = memory
    with _plain_errors():
        connection = duckdb.connect(":memory:", config=config)
    with contextlib.suppress(duckdb.Error):  # a DuckDB that knows no such optimizer
        connection.execute("SET disabled_optimizers = ?", [_SLOWER_WITH])
    return Engine(connection)


@contextlib.contextmanager
def opened(folder: Path, *, read_only: bool, engine: Engine | None = None) -> Generator[Engine]:
    """Attaches the store's file as ``g``, detaches and closes at the end; needs the gate.

    Raises: StoreError when the file is damaged, with what to do.
    """
    engine = engine or in_memory(folder)
    try:
        attach(engine, folder, read_only=read_only)
        yield engine
    finally:
        engine.connection.close()


def attach(engine: Engine, folder: Path, *, read_only: bool) -> None:
    """Attaches the store's file and makes its views the ones that plain names mean."""
    import duckdb

    quoted = str(folder / FILE).replace("'", "''")
    mode = " (READ_ONLY)" if read_only else ""
    if not read_only:  # a checkpoint is ours to time: segments go only after it
        engine.connection.execute("PRAGMA disable_checkpoint_on_shutdown")
        engine.connection.execute("SET max_vacuum_tasks = 0")
    try:
        engine.connection.execute(f"ATTACH '{quoted}' AS g{mode}")
        engine.connection.execute("USE g")
    except duckdb.Error as error:
        raise _open_failed(folder / FILE, error) from error


def _open_failed(path: Path, error: Exception) -> StoreError:
    text = _first_line(error)
    lower = text.lower()
    if "conflicting lock" in lower:
        return StoreBusyError(f"{str(path)!r} is open in another program: close it ({text})")
    if "permission denied" in lower or "read-only file system" in lower:
        return StoreError(f"{str(path)!r} cannot be opened: check who owns the store ({text})")
    if "no space left" in lower:
        return StoreError(f"{str(path)!r} cannot be opened: make room on its disk ({text})")
    return DamagedError(
        f"{str(path)!r} cannot be opened, it seems damaged: run `genaiops store doctor` ({text})",
        text,
    )


def _failed(error: Exception) -> StoreError:
    text = _first_line(error)
    if any(sign in text.lower() for sign in _DAMAGE):
        return DamagedError(
            f"the database file is damaged: run `genaiops store doctor` ({text})", text
        )
    return StoreError(f"the store cannot answer: {text}")


@contextlib.contextmanager
def _plain_errors() -> Generator[None]:
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise _failed(error) from error


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__


def _decoded(row: tuple[Any, ...], texts: Sequence[int]) -> tuple[Any, ...]:
    """The row with its JSON texts as Python values."""
    values = list(row)
    for at in texts:
        if isinstance(values[at], str):
            try:
                values[at] = json.loads(values[at])
            except (ValueError, RecursionError):
                continue  # text that is no JSON stays text
    return tuple(values)
