"""OpenAI, and everything that speaks its dialect behind ``OPENAI_BASE_URL``."""

from genaiops.gateway.target import Provider

__all__ = ["PROVIDER"]

PROVIDER = Provider(
    name="openai",
    system="openai",
    dialect="openai",
    base_url="https://api.openai.com/v1",
    base_url_env="OPENAI_BASE_URL",
    key_env="OPENAI_API_KEY",
    responses=True,
)
