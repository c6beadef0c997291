"""Which prompt versions traces used, for lists."""

from collections.abc import Mapping, Sequence

from genaiops.model.span import TraceSummary
from genaiops.store import current_store

__all__ = ["of_traces"]


def of_traces(items: Sequence[TraceSummary]) -> Mapping[str, Sequence[tuple[str, int | None]]]:
    """Prompts as (name, version) by trace id, in order of use; traces without are left out.

    Raises: StoreError.
    """
    if not items:
        return {}
    marks = ", ".join("?" for _ in items)
    ends = [item.end_ns for item in items if item.end_ns is not None]
    until = f"AND start_ns <= {max(ends)}" if len(ends) == len(items) else ""
    query = f"""
        SELECT trace_id, prompt_name, prompt_version
        FROM spans
        WHERE start_ns >= {min(item.start_ns for item in items)}
        {until}
        AND prompt_name IS NOT NULL
        AND trace_id IN ({marks})
        GROUP BY trace_id, prompt_name, prompt_version
        ORDER BY min(start_ns), prompt_name, prompt_version
    """
    with current_store().read() as reader:
        rows = reader.query(query, [item.trace_id for item in items]).rows
    found: dict[str, list[tuple[str, int | None]]] = {}
    for trace_id, name, version in rows:
        found.setdefault(trace_id, []).append((name, version))
    return found
