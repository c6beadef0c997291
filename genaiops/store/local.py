"""LocalStore: journal, gate and one DuckDB file in a folder."""

import contextlib
import threading
from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from genaiops.errors import StoreBusyError, StoreError
from genaiops.model.usage import Usage
from genaiops.store import artifacts, blobs, gate, layout, live, maintainer, migrate
from genaiops.store.base import CompactStats, Group, Reader, Table, Txn
from genaiops.store.compact import compact
from genaiops.store.engine import FILE, Engine, attach, in_memory, opened
from genaiops.store.journal import Journal, prepare_folder
from genaiops.store.pricing import Ask, PriceBook
from genaiops.store.tail import KeptTail
from genaiops.store.warm import WarmEngines

__all__ = ["LocalStore"]


_Instance = tuple[Engine, KeptTail | None]
"""A DuckDB instance for one look, and what it keeps of the journal for the next one."""
LOG_BYTES = 32_000
"""A control transaction that leaves a longer log writes it into the file.

Everyone who opens the file replays the log, some 0.13 ms a transaction; a checkpoint takes 4 ms.
"""


class _Look(threading.local):
    """What this thread looks at: whether its reads are shared, the reader, what closes it."""

    wanted = False
    reader: Reader | None = None
    closing: contextlib.ExitStack | None = None

    def let_go(self) -> None:
        """Closes the reader; the next read opens another."""
        closing, self.closing, self.reader = self.closing, None, None
        if closing is not None:
            closing.close()


class LocalStore:
    """A store folder; safe to use from many threads and processes at once."""

    def __init__(self, folder: Path, *, power: bool = False) -> None:
        self.folder = folder
        self._journal = Journal(folder, power=power)
        self._journal.on_seal = self._sealed
        self._prices = PriceBook(folder)
        self._prepared = False
        self._txn_lock = threading.Lock()
        self._warm: WarmEngines | None = None
        self._look = _Look()

    @property
    def uri(self) -> str:
        """The folder."""
        return str(self.folder)

    @property
    def dropped(self) -> int:
        """Lines of this process that could not be written and are lost."""
        return self._journal.dropped

    def cost(
        self, provider: str | None, model: str, usage: Usage, *, tier: str | None = None
    ) -> float | None:
        """See `Store.cost`."""
        return self._prices.cost(provider, model, usage, tier)

    def learned_cost(
        self, provider: str | None, model: str, usage: Usage, *, tier: str | None = None
    ) -> float | None:
        """The same where somebody waits: asks for a price that the table does not have yet."""
        day = datetime.now(UTC).date().isoformat()
        self._prices.rates([Ask(provider, model, tier, day)])
        return self._prices.cost(provider, model, usage, tier)

    def append(self, group: Group, lines: bytes) -> bool:
        """See `Store.append`."""
        if not self._prepared:
            self._prepare()
        return self._journal.append(group, lines)

    def put_blob(self, data: bytes) -> str:
        """See `Store.put_blob`."""
        if not self._prepared:
            self._prepare()
        return blobs.put(self.folder, data)

    def get_blob(self, digest: str) -> bytes:
        """See `Store.get_blob`."""
        return blobs.get(self.folder, digest)

    def put_artifact(self, run_id: str, path: str, data: bytes | Path) -> None:
        """See `Store.put_artifact`."""
        if not self._prepared:
            self._prepare()
        artifacts.put(self.folder, run_id, path, data)

    def artifacts(self, run_id: str, path: str | None = None) -> list[tuple[str, int]]:
        """See `Store.artifacts`."""
        return artifacts.listed(artifacts.root_of(self.folder, run_id), path)

    def artifact(self, run_id: str, path: str) -> Path:
        """See `Store.artifact`."""
        return artifacts.opened(artifacts.root_of(self.folder, run_id), path)

    def flush(self, timeout_s: float = 5.0) -> bool:
        """See `Store.flush`: lines are readable as soon as they are written; retries the rest."""
        del timeout_s  # nothing here waits
        return self._journal.write_pending()

    def seal(self) -> None:
        """Closes this process's open segments, so that they can be compacted now."""
        self._journal.seal()

    @contextlib.contextmanager
    def read(self, *, timeout_s: float = 10.0) -> Generator[Reader]:
        """See `Store.read`."""
        look = self._look
        if look.reader is None:
            with contextlib.ExitStack() as opening:
                engine, kept = opening.enter_context(self._engine(timeout_s))
                reader = live.LiveReader(engine, self.folder, kept)
                if not look.wanted:
                    yield reader
                    return
                look.reader, look.closing = reader, opening.pop_all()
        yield look.reader

    @contextlib.contextmanager
    def look(self) -> Generator[None]:
        """See `Store.look`; one inside another is the same."""
        if self._look.wanted:
            yield
            return
        self._look.wanted = True
        try:
            yield
        finally:
            self._look.wanted = False
            self._look.let_go()

    def sql(
        self,
        sql: str,
        params: Sequence[Any] | Mapping[str, Any] = (),
        *,
        timeout_s: float = 30.0,
        max_rows: int | None = None,
        stop: threading.Event | None = None,
    ) -> Table:
        """See `Store.sql`."""
        with self._engine(10.0, memory="2GB") as (engine, _):
            live.LiveReader(engine, self.folder).read_spans()
            engine.execute("SET disabled_filesystems = 'LocalFileSystem'")
            engine.execute("SET lock_configuration = true")
            return engine.user_query(sql, params, timeout_s=timeout_s, max_rows=max_rows, stop=stop)

    @contextlib.contextmanager
    def txn(self, *, timeout_s: float = 10.0) -> Generator[Txn]:
        """See `Store.txn`; the transactions of one process queue here and not at the gate."""
        self._look.let_go()
        if not self._prepared:
            self._prepare(strict=True)
        if not self._txn_lock.acquire(timeout=timeout_s):
            raise StoreBusyError(
                f"another thread of this program holds the store {self.uri!r} for {timeout_s:g} s"
            )
        try:
            layout.check(self.folder)
            instance = in_memory(self.folder)  # before the gate: it takes its time
            with (
                contextlib.closing(instance),
                gate.exclusive(self.folder, timeout_s=timeout_s),
                self._writable(instance) as engine,
            ):
                engine.execute("SET checkpoint_threshold = '1TB'")
                engine.execute("BEGIN")
                yield engine
                engine.execute("COMMIT")
                self._tend_log(engine)
        finally:
            self._txn_lock.release()

    def _tend_log(self, engine: Engine) -> None:
        """A checkpoint now and then; apart from the commit, which stands whether it works or not."""
        log = self.folder / f"{FILE}.wal"
        with contextlib.suppress(StoreError, OSError):  # the disk is full: the log has everything
            log.chmod(0o600)
            if log.stat().st_size > LOG_BYTES:
                engine.execute("CHECKPOINT g")

    def compact(self, *, budget_bytes: int = 8_000_000) -> CompactStats:
        """See `Store.compact`."""
        self._look.let_go()
        if not self.folder.exists():
            return CompactStats()
        layout.check(self.folder)
        return compact(self.folder, budget_bytes=budget_bytes)

    def keep_warm(self) -> None:
        """Makes reads of this process faster, for one that reads all the time and never forks."""
        self._warm = self._warm or WarmEngines(self.folder)

    @contextlib.contextmanager
    def _engine(self, timeout_s: float, memory: str | None = None) -> Generator[_Instance]:
        """A private instance with the file attached, under the shared gate."""
        layout.check(self.folder)
        instance = self._instance(memory)  # before the gate, since it takes its time
        if not self.folder.exists():
            with instance as lent:
                self._attach_empty(lent[0])
                yield lent
            return
        with gate.shared(self.folder, timeout_s=timeout_s), instance as lent:
            if self._attach(lent[0]):
                yield lent
                return
        with gate.exclusive(self.folder, timeout_s=timeout_s):
            migrate.ensure(self.folder)
        instance = self._instance(memory)
        with gate.shared(self.folder, timeout_s=timeout_s), instance as lent:
            self._attach(lent[0])
            yield lent

    def _instance(self, memory: str | None) -> contextlib.AbstractContextManager[_Instance]:
        """An instance that lets go of the file at the end, which must be inside the gate."""
        if self._warm is not None and memory is None:
            return self._warm.lend()
        return _closing(in_memory(self.folder, memory=memory))

    def _attach(self, engine: Engine) -> bool:
        """Attaches the file; False when it must be migrated first."""
        if not (self.folder / FILE).exists():
            self._attach_empty(engine)
            return True
        attach(engine, self.folder, read_only=True)
        return migrate.check(engine, self.folder)

    def _attach_empty(self, engine: Engine) -> None:
        """Nothing was compacted yet: the schema in memory, so that the views exist."""
        engine.execute("ATTACH ':memory:' AS g; USE g")
        migrate.apply(engine, 0)

    @contextlib.contextmanager
    def _writable(self, instance: Engine) -> Generator[Engine]:
        """The file open for writing, made or migrated when it must be; needs the exclusive gate."""
        if (self.folder / FILE).exists():
            with opened(self.folder, read_only=False, engine=instance) as engine:
                if migrate.check(engine, self.folder):
                    yield engine
                    return
        migrate.ensure(self.folder)
        with opened(self.folder, read_only=False) as engine:
            yield engine

    def prepare(self) -> None:
        """Creates the folder unless it is there. Raises StoreError."""
        self._prepare(strict=True)

    def _prepare(self, *, strict: bool = False) -> None:
        """Creates the folder on first write; a failure is the journal's to report."""
        try:
            prepare_folder(self.folder)
            layout.write_store_json(self.folder)
            self._prepared = True
        except OSError as error:
            if strict:
                raise StoreError(
                    f"the store {self.uri!r} cannot be created: {error.strerror}: "
                    "make the folder writable or set another tracking URI"
                ) from error

    def _sealed(self) -> None:
        """A segment was closed: starts a maintainer when much is waiting and nobody works."""
        maintainer.start_if_behind(self.folder)


@contextlib.contextmanager
def _closing(engine: Engine) -> Generator[_Instance]:
    try:
        yield engine, None
    finally:
        engine.close()
