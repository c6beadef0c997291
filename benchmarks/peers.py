"""How each other library traces OpenAI, in its cheapest real setting: any exporter, batched.

Imports nothing of genaiops: it runs in the interpreter of an environment that has these libraries.
"""

from collections.abc import Callable

import openai
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

Flush = Callable[[], object]


class Nowhere(SpanExporter):
    def export(self, spans: object) -> SpanExportResult:  # noqa: ARG002  of the interface
        return SpanExportResult.SUCCESS


def _provider(exporter: SpanExporter) -> TracerProvider:
    provider = TracerProvider(resource=Resource.create({"service.name": "peer"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def openinference(client: openai.OpenAI, exporter: SpanExporter) -> Flush:  # noqa: ARG001
    from openinference.instrumentation.openai import OpenAIInstrumentor

    provider = _provider(exporter)
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    return provider.force_flush


def traceloop(client: openai.OpenAI, exporter: SpanExporter) -> Flush:  # noqa: ARG001
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    provider = _provider(exporter)
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    return provider.force_flush


def langfuse(client: openai.OpenAI, exporter: SpanExporter) -> Flush:  # noqa: ARG001
    import langfuse.openai  # noqa: F401  the import patches the package
    from langfuse import Langfuse

    made = Langfuse(
        public_key="none", secret_key="none", base_url="http://127.0.0.1:9", span_exporter=exporter,
        tracer_provider=TracerProvider(resource=Resource.create({"service.name": "peer"})),
    )  # fmt: skip
    return made.flush


def logfire(client: openai.OpenAI, exporter: SpanExporter) -> Flush:
    import logfire

    logfire.configure(
        send_to_logfire=False, console=False, metrics=False, service_name="peer",
        additional_span_processors=[BatchSpanProcessor(exporter)],
    )  # fmt: skip
    logfire.instrument_openai(client)
    return logfire.force_flush


def mlflow(client: openai.OpenAI, exporter: SpanExporter) -> Flush:  # noqa: ARG001
    """Into its default store, an SQLite file of the current folder; or where the environment says."""
    import mlflow
    from mlflow.tracing.provider import provider

    mlflow.openai.autolog()

    def flush() -> None:
        mlflow.flush_trace_async_logging()
        provider.get().force_flush()

    return flush


PEERS: dict[str, Callable[[openai.OpenAI, SpanExporter], Flush]] = {
    "openinference": openinference,
    "traceloop": traceloop,
    "mlflow": mlflow,
    "langfuse": langfuse,
    "logfire": logfire,
}
