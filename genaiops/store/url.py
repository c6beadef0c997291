"""From a tracking URI to a store."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from genaiops.config import configure, settings
from genaiops.errors import ConfigError
from genaiops.store.local import LocalStore

__all__ = ["current_store", "get_tracking_uri", "lend_store", "open_store", "set_tracking_uri"]

_stores: dict[tuple[str, bool], LocalStore] = {}
_current: tuple[object, LocalStore] | None = None


def current_store() -> LocalStore:
    """The store of the settings in force; the same object until they change."""
    global _current
    now = settings()
    if _current is not None and _current[0] is now:
        return _current[1]
    store = open_store(now.tracking_uri, power=now.durability == "power")
    _current = (now, store)
    return store


def lend_store(folder: Path, store: LocalStore) -> None:
    """Makes `store` the one of this folder in this process, for one that carries lines elsewhere."""
    for power in (False, True):
        _stores[str(folder.absolute()), power] = store
    set_tracking_uri(folder)


def set_tracking_uri(uri: str | Path) -> None:
    """Says where everything is stored from now on.

    Args:
        uri: A folder, or ``file:///…``.

    Raises: ConfigError when no store can be there.
    """
    _folder(str(uri))
    configure(tracking_uri=str(uri))


def get_tracking_uri() -> str:
    """Where everything is stored."""
    return settings().tracking_uri


def open_store(uri: str, *, power: bool = False) -> LocalStore:
    """The store at a tracking URI: a folder or ``file:///…``.

    Raises: ConfigError for a form that is not built, or that is another program's data.
    """
    folder = _folder(uri)
    key = (str(folder), power)
    if key not in _stores:
        _stores[key] = LocalStore(folder, power=power)
    return _stores[key]


def _folder(uri: str) -> Path:
    scheme = urlsplit(uri).scheme.lower() if ":" in uri else ""
    if scheme in ("http", "https"):
        raise ConfigError(f"the tracking URI {uri!r} names a server, which is not built yet")
    if scheme == "lake":
        raise ConfigError(f"the tracking URI {uri!r} names a lake, which is not built yet")
    if scheme == "file":
        path = Path(unquote(urlsplit(uri).path))
    elif len(scheme) > 1 and "://" in uri:
        raise ConfigError(
            f"the tracking URI {uri!r} has the unknown scheme {scheme!r}: use a folder or file:///"
        )
    else:
        path = Path(uri).expanduser()
    _refuse_mlflow(path, uri)
    if path.is_file():
        raise ConfigError(f"the tracking URI {uri!r} is a file: name a folder")
    return path.absolute()


def _refuse_mlflow(path: Path, uri: str) -> None:
    """MLflow's data is imported, never used in place."""
    if path.suffix == ".db" or (path.name == "mlruns" and path.is_dir()):
        raise ConfigError(
            f"the tracking URI {uri!r} is MLflow's data: bring it in with "
            f"`genaiops import mlflow {uri}` and use a folder of its own"
        )
