"""What was said about traces, for lists."""

from collections.abc import Mapping, Sequence

from genaiops.model.assessment import Assessment
from genaiops.query.records import assessment
from genaiops.store import current_store

__all__ = ["of_traces"]


def of_traces(trace_ids: Sequence[str]) -> Mapping[str, Sequence[Assessment]]:
    """What was said about each of the traces, oldest first; traces without are left out.

    Raises: StoreError.
    """
    if not trace_ids:
        return {}
    marks = ", ".join("?" for _ in trace_ids)
    query = f"""
        SELECT *
        FROM assessments
        WHERE trace_id IN ({marks})
        ORDER BY created_ns, assessment_id
    """
    with current_store().read() as reader:
        rows = reader.query(query, list(trace_ids)).dicts()
    said: dict[str, list[Assessment]] = {}
    for row in rows:
        said.setdefault(row["trace_id"], []).append(assessment(row))
    return said
