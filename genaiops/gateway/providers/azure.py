"""Azure OpenAI, by its v1 endpoint; ``AZURE_BASE_URL`` ends in ``/openai/v1``."""

from genaiops.gateway.target import Provider

__all__ = ["PROVIDER"]

PROVIDER = Provider(
    name="azure",
    system="azure.ai.openai",
    dialect="openai",
    base_url_env="AZURE_BASE_URL",
    key_env="AZURE_OPENAI_API_KEY",
    root="/openai/v1",
    headers=lambda key: {"api-key": key},
)
