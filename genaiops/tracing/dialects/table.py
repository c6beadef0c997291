"""The one table of attribute names: which column each dialect's name fills.

A row names a column, what converts a value, and the names in order: the first that gives a value
wins. ``name#a.0.b`` is the value at that path of JSON text. Read by `genaiops.tracing.dialects.read`.

Dialects: OpenTelemetry GenAI (newest and older), OpenInference, Traceloop (OpenLLMetry), MLflow,
Langfuse, Logfire, pydantic-ai, Vercel AI SDK, Laminar, Google ADK, Gemini CLI, LiveKit, Spring AI,
Claude Code, VoltAgent, OpenLIT.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from genaiops.model import semconv
from genaiops.tracing.dialects import chat, values

__all__ = ["EVENT_FAMILIES", "FAMILIES", "ROWS", "SOURCES", "Row", "Use"]


class Row(NamedTuple):
    """One column and the attributes that fill it, best first."""

    column: str
    convert: Callable[[Any], Any]  # any JSON value to the column's, or to None
    names: tuple[str, ...]


ROWS = (
    Row("span_type", values.text, (semconv.SPAN_TYPE,)),
    Row("span_type", values.kind, (
        semconv.OPERATION_NAME, "openinference.span.kind", "mlflow.spanType#", "lmnr.span.type",
        "langfuse.observation.type", "ai.operationId", "traceloop.span.kind", "llm.request.type",
        "span.type", "entity.type",
    )),
    Row("operation", values.text, (semconv.OPERATION_NAME,)),
    Row("operation", values.operation, ("llm.request.type",)),
    Row("provider", values.text, (semconv.PROVIDER_NAME,)),
    Row("provider", values.provider, (
        "gen_ai.system", "llm.provider", "llm.system", "mlflow.llm.provider#", "ai.model.provider",
        "embedding.provider",
    )),
    Row("provider", values.provider_of_format, ("mlflow.message.format#",)),
    Row("request_model", values.text, (
        semconv.REQUEST_MODEL, "llm.request.model_name", "llm.invocation_parameters#model",
        "embedding.model_name", "reranker.model_name", "ai.model.id", "llm.request.model",
        "request_data#model",
    )),
    Row("model", values.text, (  # of the answer, where there is one
        "llm.model_name", "mlflow.llm.model#", "langfuse.observation.model.name",
    )),
    Row("response_model", values.text, (
        semconv.RESPONSE_MODEL, "llm.response.model_name", "ai.response.model", "llm.response.model",
        "response_data#model",
    )),
    Row("response_id", values.text, (
        semconv.RESPONSE_ID, "llm.response.id", "ai.response.id", "response_data#id",
    )),
    Row("finish_reasons", values.reasons, (
        semconv.RESPONSE_FINISH_REASONS, "gen_ai.response.finish_reason", "llm.finish_reason",
        "llm.response.finish_reason", "llm.response.stop_reason", "anthropic.message.stop_reason",
        "ai.response.finishReason", "ai.finishReason",
    )),
    Row("input_tokens", values.count, (
        semconv.USAGE_INPUT_TOKENS, "gen_ai.usage.prompt_tokens", "llm.token_count.prompt",
        "mlflow.chat.tokenUsage#input_tokens", "langfuse.observation.usage_details#input",
        "langfuse.observation.usage_details#prompt_tokens", "ai.usage.inputTokens",
        "ai.usage.promptTokens", "ai.usage.tokens", "llm.usage.prompt_tokens",
        "usage.prompt_tokens",
    )),
    Row("output_tokens", values.count, (
        semconv.USAGE_OUTPUT_TOKENS, "gen_ai.usage.completion_tokens", "llm.token_count.completion",
        "mlflow.chat.tokenUsage#output_tokens", "langfuse.observation.usage_details#output",
        "langfuse.observation.usage_details#completion_tokens", "ai.usage.outputTokens",
        "ai.usage.completionTokens", "llm.usage.completion_tokens", "usage.completion_tokens",
    )),
    Row("cache_read_tokens", values.count, (
        semconv.USAGE_CACHE_READ_TOKENS, "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.details.cache_read_tokens", "gen_ai.usage.details.cache_read_input_tokens",
        "llm.token_count.prompt_details.cache_read", "mlflow.chat.tokenUsage#cache_read_input_tokens",
        "langfuse.observation.usage_details#input_cache_read",
        "langfuse.observation.usage_details#input_cached_tokens",
        "langfuse.observation.usage_details#cache_read_input_tokens",
        "langfuse.observation.usage_details#prompt_tokens_details.cached_tokens",
        "langfuse.observation.usage_details#input_tokens_details.cached_tokens",
        "ai.usage.cachedInputTokens",
        "ai.usage.inputTokenDetails.cacheReadTokens", "llm.usage.cache_read_input_tokens",
        "usage.cached_tokens",
    )),
    Row("cache_write_tokens", values.count, (
        semconv.USAGE_CACHE_WRITE_TOKENS, "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.details.cache_write_tokens",
        "gen_ai.usage.details.cache_creation_input_tokens",
        "llm.token_count.prompt_details.cache_write",
        "mlflow.chat.tokenUsage#cache_creation_input_tokens",
        "langfuse.observation.usage_details#input_cache_creation",
        "langfuse.observation.usage_details#cache_creation_input_tokens",
        "ai.usage.inputTokenDetails.cacheWriteTokens", "llm.usage.cache_creation_input_tokens",
    )),
    Row("reasoning_tokens", values.count, (
        semconv.USAGE_REASONING_TOKENS, "llm.token_count.completion_details.reasoning",
        "gen_ai.usage.reasoning_tokens", "gen_ai.usage.details.reasoning_tokens",
        "langfuse.observation.usage_details#output_reasoning",
        "langfuse.observation.usage_details#output_reasoning_tokens",
        "langfuse.observation.usage_details#reasoning_tokens",
        "langfuse.observation.usage_details#completion_tokens_details.reasoning_tokens",
        "langfuse.observation.usage_details#output_tokens_details.reasoning_tokens",
        "ai.usage.reasoningTokens",
        "ai.usage.outputTokenDetails.reasoningTokens", "llm.usage.reasoning_tokens",
        "usage.reasoning_tokens",
    )),
    Row("usage", values.content, (
        semconv.USAGE_RAW, "gen_ai.usage.raw", "response_data#usage",
    )),
    Row("cost_usd", values.money, (
        semconv.COST_TOTAL, "llm.cost.total", "mlflow.llm.cost#",
        "langfuse.observation.cost_details#", "operation.cost", "gen_ai.usage.cost",
        "gen_ai.usage.total_cost", "lmnr.cost.total",
    )),
    Row("ttft_ms", values.seconds, (
        semconv.RESPONSE_TIME_TO_FIRST_CHUNK, "gen_ai.server.time_to_first_token",
        "gen_ai.response.ttft", "lk.response.ttft",
    )),
    Row("ttft_ms", values.millis, (
        "ai.response.msToFirstChunk", "ai.stream.msToFirstChunk", "ttft_ms",
    )),
    Row("first_chunk_ns", values.instant_ns, ("langfuse.observation.completion_start_time",)),
    Row("session_id", values.text, (
        semconv.CONVERSATION_ID, semconv.SESSION_ID, "langfuse.session.id", "mlflow.trace.session#",
        "traceloop.association.properties.session_id", "ai.telemetry.metadata.sessionId",
        "lmnr.association.properties.session_id", "gcp.vertex.agent.session_id",
        "voltagent.conversation_id", "traceloop.association.properties.thread_id",
        "metadata#session_id", "metadata#thread_id",
    )),
    Row("user_id", values.text, (
        semconv.USER_ID, "enduser.id", "langfuse.user.id", "mlflow.trace.user#",
        "traceloop.association.properties.user_id", "ai.telemetry.metadata.userId",
        "lmnr.association.properties.user_id", "lk.participant_identity", "metadata#user_id",
    )),
    Row("run_id", values.text, (semconv.RUN_ID, "mlflow.sourceRun#")),
    Row("experiment", values.text, ("genaiops.experiment",)),
    Row("trace_name", values.text, ("langfuse.trace.name", "mlflow.traceName#")),
    Row("tags", values.tags, (
        "genaiops.tags", "langfuse.trace.tags", "tag.tags", "logfire.tags",
        "lmnr.association.properties.tags",
    )),
    Row("metadata", values.content, ("langfuse.trace.metadata", "metadata")),
    Row("prompt_name", values.text, (
        semconv.PROMPT_NAME, "langfuse.observation.prompt.name", "mlflow.linkedPrompts#0.name",
        "prompt.id", "traceloop.prompt.key", "prompt.name",
    )),
    Row("prompt_version", values.version, (
        semconv.PROMPT_VERSION, "langfuse.observation.prompt.version",
        "mlflow.linkedPrompts#0.version", "llm.prompt_template.version", "traceloop.prompt.version",
        "prompt.version",
    )),
    Row("inputs", values.content, (
        "genaiops.inputs", "input.value", "traceloop.entity.input", "mlflow.spanInputs#",
        "langfuse.observation.input", "lmnr.span.input", "request_data", "ai.toolCall.args",
        "ai.toolCall.input", "ai.prompt", "ai.value", "ai.values", "gen_ai.tool.call.arguments",
        "tool_arguments", "gcp.vertex.agent.llm_request", "gcp.vertex.agent.tool_call_args",
        "agent.messages", "llm.messages", "tool_input", "user_prompt", "lk.user_input",
        "lk.chat_ctx", "lk.user_transcript", "lk.input_text", semconv.RETRIEVAL_QUERY,
        "langfuse.trace.input",
    )),
    Row("outputs", values.content, (
        "genaiops.outputs", "output.value", "traceloop.entity.output", "mlflow.spanOutputs#",
        "langfuse.observation.output", "lmnr.span.output", "response_data", "ai.toolCall.result",
        "ai.toolCall.output", "ai.response.object", "ai.embedding", "ai.embeddings",
        "gen_ai.tool.call.result", "tool_response", "final_result", "pydantic_ai.final_result",
        "gcp.vertex.agent.llm_response", "gcp.vertex.agent.tool_response",
        "response.model_output", "lk.function_tool.output", "langfuse.trace.output",
    )),
    Row("messages_in", chat.received, (
        semconv.INPUT_MESSAGES, "ai.prompt.messages", "request_data", "gen_ai.prompt", "llm.messages",
        "lk.chat_ctx",
    )),
    Row("messages_in", chat.asked, (
        "pydantic_ai.all_messages", "all_messages_events", "events",
    )),
    Row("messages_out", chat.given, (
        semconv.OUTPUT_MESSAGES, "response_data", "gen_ai.completion", "response.model_output",
        "lk.response.text",
    )),
    Row("messages_out", chat.answered, (
        "pydantic_ai.all_messages", "all_messages_events", "events",
    )),
    Row("system", chat.system, (semconv.SYSTEM_INSTRUCTIONS, "lk.instructions")),
    Row("documents", values.content, (semconv.RETRIEVAL_DOCUMENTS,)),
)  # fmt: skip

FAMILIES = {
    "llm.input_messages.": "messages_in",
    "llm.prompts.": "messages_in",
    "gen_ai.prompt.": "messages_in",
    "llm.output_messages.": "messages_out",
    "llm.choices.": "messages_out",
    "gen_ai.completion.": "messages_out",
    "ai.response.": "messages_out",
    "retrieval.documents.": "documents",
    "reranker.output_documents.": "documents",
    "langfuse.trace.metadata.": "metadata",
    "traceloop.association.properties.": "metadata",
    "ai.telemetry.metadata.": "metadata",
    "lmnr.association.properties.": "metadata",
    "mlflow.traceTag.": "tags",
}
"""What many attributes of one beginning make together; the names of `ROWS` come first."""

EVENT_FAMILIES = {
    "gen_ai.system.message": "messages_in",
    "gen_ai.user.message": "messages_in",
    "gen_ai.assistant.message": "messages_in",
    "gen_ai.tool.message": "messages_in",
    "gen_ai.choice": "messages_out",
    "gen_ai.content.prompt": "messages_in",
    "gen_ai.content.completion": "messages_out",
}
"""What events of a span stand for, by name."""


class Use(NamedTuple):
    """What one attribute may fill: a column, unless a better name already has."""

    column: str
    rank: int
    convert: Callable[[Any], Any]  # as of Row
    path: tuple[str, ...] | None


def _sources() -> dict[str, tuple[Use, ...]]:
    """The table turned round: what each attribute name fills, so that a span is read in one pass."""
    found: dict[str, tuple[Use, ...]] = {}
    ranks: dict[str, int] = {}
    for row in ROWS:
        for name in row.names:
            rank = ranks[row.column] = ranks.get(row.column, 0) + 1
            attribute, hash_mark, path = name.partition("#")
            steps = tuple(path.split(".")) if path else ()
            use = Use(row.column, rank, row.convert, steps if hash_mark else None)
            found[attribute] = (*found.get(attribute, ()), use)
    return found


SOURCES = _sources()
"""What an attribute of each name fills."""
