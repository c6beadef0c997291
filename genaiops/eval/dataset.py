"""Where evaluations get their rows from: `genaiops.runs.rows`."""

from genaiops.runs.rows import load_rows, read_records

__all__ = ["load_rows", "read_records"]
