"""Ollama on this machine, or where ``OLLAMA_BASE_URL`` says."""

from genaiops.gateway.target import Provider

__all__ = ["PROVIDER"]

PROVIDER = Provider(
    name="ollama",
    system="ollama",
    dialect="openai",
    base_url="http://127.0.0.1:11434/v1",
    base_url_env="OLLAMA_BASE_URL",
)
