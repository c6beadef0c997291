"""Where an alias pointed, move by move, and moving it."""

import time
from collections.abc import Mapping, Sequence

from genaiops.prompts.author import author_name
from genaiops.store import Reader, Txn

__all__ = ["Arms", "before_last", "heaviest", "move_to", "moves_of", "note_move"]

Arms = Mapping[int, float]
"""Share by version; empty when the alias means nothing."""


def moves_of(reader: Reader, name: str, alias: str) -> list[Arms]:
    """What the alias meant after each of its moves, oldest first."""
    rows = reader.query(
        """
        SELECT moved_ns, version, coalesce(weight, 1.0)
        FROM data.prompt_alias_history
        WHERE name = ?
        AND alias = ?
        ORDER BY moved_ns, version
        """,
        [name, alias],
    ).rows
    moves: dict[int, dict[int, float]] = {}
    for moved_ns, version, weight in rows:
        arms = moves.setdefault(moved_ns, {})
        if version is not None:
            arms[int(version)] = float(weight)
    return list(moves.values())


def before_last(moves: Sequence[Arms]) -> Arms | None:
    """What the alias meant before its last move.

    A move back to what was before takes the last move away, so that a second rollback goes one
    further back and does not return.
    """
    line: list[Arms] = []
    for arms in moves:
        if not arms:
            continue
        if len(line) > 1 and line[-2] == arms:
            line.pop()
        elif not line or line[-1] != arms:
            line.append(arms)
    if not moves[-1]:
        return line[-1]
    return line[-2] if len(line) > 1 else None


def heaviest(arms: Arms) -> int | None:
    """The version with the largest share, the smaller number of two; None for no version."""
    return max(arms, key=lambda version: (arms[version], -version), default=None)


def move_to(txn: Txn, name: str, alias: str, arms: Arms, *, reason: str | None) -> None:
    """Moves the alias, or with no versions removes it, and writes the move down."""
    txn.execute("DELETE FROM data.prompt_aliases WHERE name = ? AND alias = ?", [name, alias])
    for version, weight in arms.items():
        txn.execute(
            "INSERT INTO data.prompt_aliases (name, alias, version, weight) VALUES (?, ?, ?, ?)",
            [name, alias, version, weight],
        )
    note_move(txn, name, alias, arms, reason=reason)


def note_move(txn: Txn, name: str, alias: str, arms: Arms, *, reason: str | None) -> None:
    """Writes down what the alias means now; later than every note before, whatever the clock says."""
    last = txn.query(
        "SELECT max(moved_ns) FROM data.prompt_alias_history WHERE name = ? AND alias = ?",
        [name, alias],
    ).rows[0][0]
    moved_ns = max(time.time_ns(), 0 if last is None else last + 1)
    author = author_name()
    rows: list[tuple[int | None, float | None]] = [*arms.items()] or [(None, None)]
    for version, weight in rows:
        txn.execute(
            """
            INSERT INTO data.prompt_alias_history (
              name, alias, version, weight, moved_ns, author, reason
            )
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [name, alias, version, weight, moved_ns, author, reason],
        )
