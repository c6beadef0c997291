"""OpenRouter."""

from genaiops.gateway.target import Provider

__all__ = ["PROVIDER"]

PROVIDER = Provider(
    name="openrouter",
    system="openrouter",
    dialect="openai",
    base_url="https://openrouter.ai/api/v1",
    base_url_env="OPENROUTER_BASE_URL",
    key_env="OPENROUTER_API_KEY",
)
