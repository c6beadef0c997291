"""Together."""

from genaiops.gateway.target import Provider

__all__ = ["PROVIDER"]

PROVIDER = Provider(
    name="together",
    system="together_ai",
    dialect="openai",
    base_url="https://api.together.xyz/v1",
    base_url_env="TOGETHER_BASE_URL",
    key_env="TOGETHER_API_KEY",
)
