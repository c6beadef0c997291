"""Who answers the requests of an OpenAI client: the provider by its address."""

import weakref
from typing import Any

from genaiops.model import semconv

__all__ = ["identity"]

_PROVIDERS = (  # ends of host names
    ("openai.com", "openai"),
    ("openai.azure.com", "azure.ai.openai"),
    ("cognitiveservices.azure.com", "azure.ai.openai"),
    ("services.ai.azure.com", "azure.ai.inference"),
    ("models.ai.azure.com", "azure.ai.inference"),
    ("anthropic.com", "anthropic"),
    ("amazonaws.com", "aws.bedrock"),
    ("cohere.ai", "cohere"),
    ("cohere.com", "cohere"),
    ("deepseek.com", "deepseek"),
    ("generativelanguage.googleapis.com", "gcp.gemini"),
    ("aiplatform.googleapis.com", "gcp.vertex_ai"),
    ("groq.com", "groq"),
    ("mistral.ai", "mistral_ai"),
    ("moonshot.ai", "moonshot_ai"),
    ("moonshot.cn", "moonshot_ai"),
    ("openrouter.ai", "openrouter"),
    ("perplexity.ai", "perplexity"),
    ("x.ai", "x_ai"),
)
_known: weakref.WeakKeyDictionary[Any, tuple[Any, dict[str, Any]]] = weakref.WeakKeyDictionary()


def identity(client: Any) -> dict[str, Any]:  # an OpenAI client
    """Provider, host and port; worked out once for each client."""
    url = client.base_url
    known = _known.get(client)
    if known is not None and known[0] is url:
        return known[1]
    found = {semconv.PROVIDER_NAME: _provider(client, url.host), semconv.SERVER_ADDRESS: url.host}
    if url.port is not None:
        found[semconv.SERVER_PORT] = url.port
    _known[client] = (url, found)
    return found


def _provider(client: Any, host: str) -> str:
    for end, name in _PROVIDERS:
        if host == end or host.endswith(f".{end}"):
            return name
    kind = type(client).__name__
    if "Azure" in kind:
        return "azure.ai.openai"
    return "aws.bedrock" if "Bedrock" in kind else "openai"
