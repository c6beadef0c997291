"""DeepSeek."""

from genaiops.gateway.target import Provider

__all__ = ["PROVIDER"]

PROVIDER = Provider(
    name="deepseek",
    system="deepseek",
    dialect="openai",
    base_url="https://api.deepseek.com/v1",
    base_url_env="DEEPSEEK_BASE_URL",
    key_env="DEEPSEEK_API_KEY",
)
