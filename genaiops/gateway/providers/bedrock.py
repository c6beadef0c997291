"""Amazon Bedrock, by its OpenAI-compatible endpoint and a Bedrock API key."""

from genaiops.gateway.target import Provider

__all__ = ["PROVIDER"]

PROVIDER = Provider(
    name="bedrock",
    system="aws.bedrock",
    dialect="openai",
    base_url="https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1",
    base_url_env="BEDROCK_BASE_URL",
    root="/openai/v1",
    key_env="AWS_BEARER_TOKEN_BEDROCK",
)
