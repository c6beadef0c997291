"""vLLM on this machine, or where ``VLLM_BASE_URL`` says."""

from genaiops.gateway.target import Provider

__all__ = ["PROVIDER"]

PROVIDER = Provider(
    name="vllm",
    system="vllm",
    dialect="openai",
    base_url="http://127.0.0.1:8000/v1",
    base_url_env="VLLM_BASE_URL",
)
