"""Google's Gemini, by its OpenAI-compatible endpoint."""

from genaiops.gateway.target import Provider

__all__ = ["PROVIDER"]

PROVIDER = Provider(
    name="gemini",
    system="gcp.gemini",
    dialect="openai",
    base_url="https://generativelanguage.googleapis.com/v1beta/openai",
    base_url_env="GEMINI_BASE_URL",
    key_env="GEMINI_API_KEY",
    root="/v1beta/openai",
    own_headers=lambda key: {"x-goog-api-key": key},
)
