"""OTLP trace requests -> journal lines of the store."""

from genaiops.tracing.otlp.decode import Malformed, TooLarge, from_json, from_protobuf
from genaiops.tracing.otlp.spans import Batch, Receiver

__all__ = ["Batch", "Malformed", "Receiver", "TooLarge", "from_json", "from_protobuf"]
