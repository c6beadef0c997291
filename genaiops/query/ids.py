"""Ids as people type them: whole, or the first characters."""

from collections.abc import Sequence
from typing import Literal

from genaiops.errors import NotFoundError
from genaiops.store.base import Reader

__all__ = ["resolve", "resolve_runs"]

SHORTEST = 4
_SEARCHED = {
    "trace": "SELECT trace_id AS id FROM traces",
    "run": "SELECT run_id AS id FROM runs",
}


def resolve(reader: Reader, what: Literal["trace", "run"], text: str) -> str:
    """The whole id that the text is, or begins.

    Raises: NotFoundError when none or several begin so, or the text is too short to tell.
    """
    typed = text.strip()
    if len(typed) < SHORTEST:
        raise NotFoundError(
            f"{what} id {text!r} is too short: give at least {SHORTEST} of its first characters"
        )
    searched = _SEARCHED[what]
    exact = reader.query(f"SELECT id FROM ({searched}) WHERE id = ?", [typed]).rows
    if exact:
        return str(exact[0][0])
    found = reader.query(
        f"SELECT id FROM ({searched}) WHERE starts_with(id, ?) ORDER BY id LIMIT 4",
        [typed.lower()],
    ).rows
    if not found:
        raise NotFoundError(
            f"no {what} {text!r} in the store: `genaiops {what}s list` shows what there is"
        )
    if len(found) > 1:
        ids = ", ".join(str(row[0]) for row in found[:3])
        raise NotFoundError(f"{what} id {text!r} is not unique ({ids}, …): give more characters")
    return str(found[0][0])


def resolve_runs(reader: Reader, texts: Sequence[str]) -> list[str]:
    """The whole id of each run, in order, each once; whole ids are looked up all at once.

    Raises: NotFoundError as `resolve`.
    """
    typed = [text.strip() for text in texts]
    known = {
        run_id
        for (run_id,) in reader.query(
            "SELECT run_id FROM runs WHERE run_id IN (SELECT unnest(?))", [typed]
        ).rows
    }
    ids = (text if text in known else resolve(reader, "run", text) for text in typed)
    return list(dict.fromkeys(ids))
