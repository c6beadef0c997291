"""Names of attributes, each once.

`gen_ai.*` names follow open-telemetry/semantic-conventions-genai as of 2026-11-23 (the changes
since v1.41.0 included); names that start with `genaiops.` are our own.
"""

CONVENTION_DATE = "2026-11-23"

# identity
OPERATION_NAME = "gen_ai.operation.name"
PROVIDER_NAME = "gen_ai.provider.name"
CONVERSATION_ID = "gen_ai.conversation.id"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
ERROR_TYPE = "error.type"
SESSION_ID = "session.id"
USER_ID = "user.id"

# request
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_PREFIX = "gen_ai.request."
REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens"
REQUEST_TEMPERATURE = "gen_ai.request.temperature"
REQUEST_TOP_P = "gen_ai.request.top_p"
REQUEST_FREQUENCY_PENALTY = "gen_ai.request.frequency_penalty"
REQUEST_PRESENCE_PENALTY = "gen_ai.request.presence_penalty"
REQUEST_STOP_SEQUENCES = "gen_ai.request.stop_sequences"
REQUEST_SEED = "gen_ai.request.seed"
REQUEST_CHOICE_COUNT = "gen_ai.request.choice.count"
REQUEST_STREAM = "gen_ai.request.stream"
REQUEST_REASONING_LEVEL = "gen_ai.request.reasoning.level"
REQUEST_PREVIOUS_RESPONSE_ID = "gen_ai.request.previous_response.id"
REQUEST_STREAM_CURSOR = "gen_ai.request.stream_cursor"
REQUEST_ENCODING_FORMATS = "gen_ai.request.encoding_formats"
EMBEDDINGS_DIMENSIONS = "gen_ai.embeddings.dimension.count"
RESEND_COUNT = "http.request.resend_count"
OUTPUT_TYPE = "gen_ai.output.type"

# response
RESPONSE_ID = "gen_ai.response.id"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons"
RESPONSE_TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
RESPONSE_STATUS = "gen_ai.response.status"
CONVERSATION_COMPACTED = "gen_ai.conversation.compacted"

# usage
USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens"
USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
USAGE_CACHE_READ_TOKENS = "gen_ai.usage.cache_read.input_tokens"
USAGE_CACHE_WRITE_TOKENS = "gen_ai.usage.cache_write.input_tokens"
USAGE_REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
USAGE_TEXT_INPUT_TOKENS = "gen_ai.usage.text.input_tokens"
USAGE_IMAGE_INPUT_TOKENS = "gen_ai.usage.image.input_tokens"
USAGE_AUDIO_INPUT_TOKENS = "gen_ai.usage.audio.input_tokens"
USAGE_TEXT_OUTPUT_TOKENS = "gen_ai.usage.text.output_tokens"
USAGE_IMAGE_OUTPUT_TOKENS = "gen_ai.usage.image.output_tokens"
USAGE_AUDIO_OUTPUT_TOKENS = "gen_ai.usage.audio.output_tokens"

# content
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
SYSTEM_INSTRUCTIONS = "gen_ai.system_instructions"
TOOL_DEFINITIONS = "gen_ai.tool.definitions"
RETRIEVAL_QUERY = "gen_ai.retrieval.query.text"
RETRIEVAL_DOCUMENTS = "gen_ai.retrieval.documents"
RETRIEVAL_TOP_K = "gen_ai.retrieval.top_k"

# prompts and evaluation
PROMPT_NAME = "gen_ai.prompt.name"
PROMPT_VERSION = "gen_ai.prompt.version"
PROMPT_VARIABLE_PREFIX = "gen_ai.prompt.variable."
EVALUATION_EVENT = "gen_ai.evaluation.result"
EVALUATION_NAME = "gen_ai.evaluation.name"
EVALUATION_SCORE = "gen_ai.evaluation.score.value"
EVALUATION_LABEL = "gen_ai.evaluation.score.label"
EVALUATION_EXPLANATION = "gen_ai.evaluation.explanation"

# OpenAI
OPENAI_API_TYPE = "openai.api.type"
OPENAI_REQUEST_SERVICE_TIER = "openai.request.service_tier"
OPENAI_SERVICE_TIER = "openai.response.service_tier"
OPENAI_SYSTEM_FINGERPRINT = "openai.response.system_fingerprint"

# ours
SPAN_TYPE = "genaiops.span_type"
RUN_ID = "genaiops.run_id"
COST_TOTAL = "genaiops.cost.total"
COST_SOURCE = "genaiops.cost.source"
STREAM_FINISH = "genaiops.stream.finish"
PROMPT_HASH = "genaiops.prompt.hash"
PROMPT_ALIAS = "genaiops.prompt.alias"
JUDGE = "genaiops.judge"
INTERNAL_ERRORS = "genaiops.internal.errors"
USAGE_RAW = "genaiops.usage"
GATEWAY_TARGET = "genaiops.gateway.target"
GATEWAY_ATTEMPTS = "genaiops.gateway.attempts"
GATEWAY_KEY = "genaiops.gateway.key"
GATEWAY_CACHE = "genaiops.gateway.cache"
GATEWAY_GUARDRAILS = "genaiops.gateway.guardrails"

OPERATION_OF_SPAN_TYPE = {
    "agent": "invoke_agent",
    "tool": "execute_tool",
    "retriever": "retrieval",
    "workflow": "invoke_workflow",
    "embedding": "embeddings",
    "llm": "chat",
}
SPAN_TYPE_OF_OPERATION = {
    "chat": "llm",
    "generate_content": "llm",
    "text_completion": "llm",
    "fetch_response": "llm",
    "embeddings": "embedding",
    "retrieval": "retriever",
    "execute_tool": "tool",
    "create_agent": "agent",
    "invoke_agent": "agent",
    "invoke_workflow": "workflow",
    "plan": "agent",
}

COLUMN_OF_ATTRIBUTE = {
    OPERATION_NAME: "operation",
    PROVIDER_NAME: "provider",
    REQUEST_MODEL: "request_model",
    RESPONSE_MODEL: "response_model",
    RESPONSE_ID: "response_id",
    RESPONSE_FINISH_REASONS: "finish_reasons",
    USAGE_INPUT_TOKENS: "input_tokens",
    USAGE_OUTPUT_TOKENS: "output_tokens",
    USAGE_CACHE_READ_TOKENS: "cache_read_tokens",
    USAGE_CACHE_WRITE_TOKENS: "cache_write_tokens",
    USAGE_REASONING_TOKENS: "reasoning_tokens",
    COST_TOTAL: "cost_usd",
    PROMPT_NAME: "prompt_name",
    PROMPT_VERSION: "prompt_version",
    CONVERSATION_ID: "session_id",
    SESSION_ID: "session_id",
    USER_ID: "user_id",
    RUN_ID: "run_id",
}
"""Columns of the view ``spans`` that are filled from an attribute of that name."""
