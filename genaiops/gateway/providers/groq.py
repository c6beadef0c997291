"""Groq."""

from genaiops.gateway.target import Provider

__all__ = ["PROVIDER"]

PROVIDER = Provider(
    name="groq",
    system="groq",
    dialect="openai",
    base_url="https://api.groq.com/openai/v1",
    base_url_env="GROQ_BASE_URL",
    root="/openai/v1",
    key_env="GROQ_API_KEY",
)
