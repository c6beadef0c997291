"""Whether autolog may record what models are asked and answer."""

import os

from genaiops.tracing.span import Span

__all__ = ["records_content"]

VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_ALLOWING = ("", "span_only", "span_and_event", "true", "1")


def records_content(span: Span) -> bool:
    """Our own setting, with OpenTelemetry's variable as an upper bound."""
    mode = span.runtime.capture.mode
    return mode != "off" and os.environ.get(VARIABLE, "").strip().lower() in _ALLOWING
