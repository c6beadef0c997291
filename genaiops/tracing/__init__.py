"""Tracing: `@trace`, spans, context, and what is said about traces."""

from genaiops.tracing.autolog import autolog
from genaiops.tracing.current import (
    get_current_active_span,
    get_last_active_trace_id,
    update_current_trace,
)
from genaiops.tracing.decorator import start_span, trace
from genaiops.tracing.feedback import flush, log_expectation, log_feedback
from genaiops.tracing.headers import extract, inject

__all__ = [
    "autolog",
    "extract",
    "flush",
    "get_current_active_span",
    "get_last_active_trace_id",
    "inject",
    "log_expectation",
    "log_feedback",
    "start_span",
    "trace",
    "update_current_trace",
]
