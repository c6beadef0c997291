"""Reading what can be read of a database file with damaged blocks."""

from collections.abc import Iterator
from pathlib import Path

from genaiops.errors import StoreError
from genaiops.store import migrate
from genaiops.store.engine import FILE, DamagedError, Engine, opened

__all__ = ["salvage", "tables"]

_GROUP = 122_880
"""Rows that DuckDB stores together."""

_VECTOR = 2_048
"""Where no smaller part of a group can be told from its neighbours."""


def tables(engine: Engine) -> Iterator[tuple[str, str | None]]:
    """Name of every table, and why it cannot be read whole; None when it can."""
    keys = engine.query(
        "SELECT table_name, constraint_column_names FROM duckdb_constraints() "
        "WHERE database_name = 'g' AND constraint_type = 'PRIMARY KEY'"
    )
    keyed = {name: ", ".join(f'"{column}"' for column in columns) for name, columns in keys}
    for name in _names(engine, "g"):
        table = f'g.data."{name}"'
        failure = _failure(engine, f"SELECT bit_xor(hash(COLUMNS(*))) FROM {table}")
        if failure is None and name in keyed:  # a join reads the index, a scan does not
            joined = f"{table} AS a JOIN {table} AS b USING ({keyed[name]})"
            failure = _failure(engine, f"SELECT count(*) FROM {joined}")
        yield name, failure


def salvage(folder: Path, target: Path) -> list[str]:
    """Writes a new file in `target` with the readable rows of the file in `folder`.

    A row whose damage is in columns that may be unknown is kept without them.

    Returns: What is missing, one clause a table.
    Raises: DamagedError when nothing of the file can be read.
    """
    with opened(folder, read_only=True):
        pass
    migrate.ensure(target)
    lost: list[str] = []
    with opened(target, read_only=False) as engine:
        engine.execute(
            f"ATTACH '{str(folder / FILE).replace(chr(39), chr(39) * 2)}' AS o (READ_ONLY)"
        )
        known = set(_names(engine, "g"))
        for name in _names(engine, "o"):
            if name != "schema_versions" and name in known:
                lost += _Table(engine, name).bring_over()
        engine.execute("CHECKPOINT g")
    return lost


class _Table:
    """One table on its way from ``o`` to ``g``."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        described = engine.query(
            "SELECT column_name, is_nullable FROM duckdb_columns() "
            "WHERE database_name = 'o' AND schema_name = 'data' AND table_name = ?",
            [name],
        ).rows
        self.columns = [column for column, _ in described]
        self.needed = {column for column, nullable in described if not nullable}
        self.rows = 0
        self.values = 0

    def bring_over(self) -> list[str]:
        """Inserts what can be read; what is missing."""
        if self._insert("", self.columns):
            return []
        try:
            end = self.engine.query(f'SELECT count(*) FROM o.data."{self.name}"').rows[0][0]
        except StoreError:
            return [f"the table {self.name!r}, of which nothing can be read"]
        for start in range(0, end, _GROUP):
            self._part(start, min(start + _GROUP, end))
        lost: list[str] = []
        if self.rows:
            lost.append(f"{self.rows} rows of the table {self.name!r}")
        if self.values:
            lost.append(f"values of damaged columns in {self.values} rows of {self.name!r}")
        return lost

    def _part(self, start: int, end: int) -> None:
        """The rows of a range, halved until the damage is alone."""
        where = f"WHERE rowid >= {start} AND rowid < {end}"
        if self._insert(where, self.columns):
            return
        if end - start > _VECTOR:
            middle = (start + end) // 2
            self._part(start, middle)
            self._part(middle, end)
            return
        intact = [column for column in self.columns if self._reads(column, where)]
        if self.needed <= set(intact) and self._insert(where, intact):
            self.values += end - start
        else:
            self.rows += end - start

    def _insert(self, where: str, columns: list[str]) -> bool:
        listed = ", ".join(f'"{column}"' for column in columns)
        text = f'INSERT INTO g.data."{self.name}" BY NAME SELECT {listed} FROM o.data."{self.name}" {where}'
        return bool(columns) and _failure(self.engine, text) is None

    def _reads(self, column: str, where: str) -> bool:
        text = f'SELECT bit_xor(hash("{column}")) FROM o.data."{self.name}" {where}'
        return _failure(self.engine, text) is None


def _names(engine: Engine, database: str) -> list[str]:
    found = engine.query(
        "SELECT table_name FROM duckdb_tables() "
        "WHERE database_name = ? AND schema_name = 'data' ORDER BY table_name",
        [database],
    )
    return [name for (name,) in found.rows]


def _failure(engine: Engine, sql: str) -> str | None:
    try:
        engine.execute(sql)
    except DamagedError as error:
        return error.detail
    except StoreError as error:
        return str(error)
    return None
