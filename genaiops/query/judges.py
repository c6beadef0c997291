"""What the judges of an evaluation said about themselves: which way is better, on which scale."""

import json
from typing import Any, cast

from genaiops.store.base import Reader

__all__ = ["falling_of", "scale_of"]

_TAG = "eval.judges"
"""Tag of a run: its judges as JSON, written by `evaluate`."""


def falling_of(reader: Reader, run_id: str) -> set[str]:
    """Scores of a run that are the better the lower, as its judges said."""
    tags = reader.query("SELECT value FROM run_tags WHERE run_id = ? AND key = ?", [run_id, _TAG])
    facts = _facts(tags.rows[0][0]) if tags.rows else {}
    return {name for name, known in facts.items() if known.get("higher_is_better") is False}


def scale_of(reader: Reader, judge: str) -> tuple[float, float] | None:
    """Smallest and largest number of a judge, as its newest evaluation has it; None if unknown."""
    tags = reader.query(
        """
        SELECT t.value
        FROM run_tags AS t
        JOIN runs AS r ON r.run_id = t.run_id
        WHERE t.key = ? AND contains(t.value, ?)
        ORDER BY r.start_ns DESC
        LIMIT 20
        """,
        [_TAG, judge],
    )
    for (text,) in tags.rows:
        match _facts(text).get(judge, {}).get("scale"):
            case [int() | float() as low, int() | float() as high] if low < high:
                return float(low), float(high)
            case _:
                continue
    return None


def _facts(text: str) -> dict[str, dict[str, Any]]:
    """The judges by name; none where somebody else has written the tag."""
    try:
        loaded: object = json.loads(text)
    except (TypeError, ValueError):
        return {}
    if not isinstance(loaded, dict):
        return {}
    named = cast("dict[str, object]", loaded)
    return {
        name: cast("dict[str, Any]", known)
        for name, known in named.items()
        if isinstance(known, dict)
    }
