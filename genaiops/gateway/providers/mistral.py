"""Mistral."""

from genaiops.gateway.target import Provider

__all__ = ["PROVIDER"]

PROVIDER = Provider(
    name="mistral",
    system="mistral_ai",
    dialect="openai",
    base_url="https://api.mistral.ai/v1",
    base_url_env="MISTRAL_BASE_URL",
    key_env="MISTRAL_API_KEY",
)
