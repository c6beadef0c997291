"""Every exception genaiops raises on purpose, in one tree.

    GenaiopsError
    ├── ConfigError            a setting is wrong or missing
    ├── NotFoundError          no such trace, run, prompt, version, alias, ...
    ├── ConflictError          someone else was first, or an immutable thing would change
    ├── FilterError            a filter or SQL text cannot be understood
    ├── StoreError             the store cannot be read or written
    │   ├── StoreBusyError     another process holds it for too long
    │   └── StoreVersionError  made by a version that is newer than this one
    ├── PromptError            a template or its variables are wrong
    ├── EvalError              the evaluation cannot start, or data is wrong
    └── ProviderError          a model provider refused or failed
        ├── AuthenticationError
        ├── RateLimitedError
        ├── ProviderTimeoutError
        └── BadRequestError

A message says what failed, with which value, and what to do.
"""

__all__ = [
    "AuthenticationError",
    "BadRequestError",
    "ConfigError",
    "ConflictError",
    "EvalError",
    "FilterError",
    "GenaiopsError",
    "NotFoundError",
    "PromptError",
    "ProviderError",
    "ProviderTimeoutError",
    "RateLimitedError",
    "StoreBusyError",
    "StoreError",
    "StoreVersionError",
]


class GenaiopsError(Exception):
    """The root of every error that genaiops raises on purpose."""


class ConfigError(GenaiopsError):
    """A setting is wrong or missing."""


class NotFoundError(GenaiopsError):
    """The named thing is not in the store."""


class ConflictError(GenaiopsError):
    """The change collides with what is already there."""


class FilterError(GenaiopsError):
    """A filter or an SQL statement cannot be understood."""


class StoreError(GenaiopsError):
    """The store cannot be read or written."""


class StoreBusyError(StoreError):
    """Another process holds the store for too long."""


class StoreVersionError(StoreError):
    """The store was written by a newer version of genaiops."""


class PromptError(GenaiopsError):
    """A prompt template or the values given to it are wrong."""


class EvalError(GenaiopsError):
    """An evaluation cannot start, or its data is wrong."""


class ProviderError(GenaiopsError):
    """A model provider refused a call or failed.

    Attributes:
        status: HTTP status of the provider's answer, None when there was none.
        provider: Name of the provider, as in ``openai/gpt-5-mini``.
        retry_after_s: Seconds the provider asked to wait, None when it did not say.
        unreachable: There was no connection.
    """

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        status: int | None = None,
        retry_after_s: float | None = None,
        unreachable: bool = False,
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.status = status
        self.retry_after_s = retry_after_s
        self.unreachable = unreachable


class AuthenticationError(ProviderError):
    """The provider did not accept the key."""


class RateLimitedError(ProviderError):
    """The provider asked to slow down."""


class ProviderTimeoutError(ProviderError):
    """The provider did not answer in time."""


class BadRequestError(ProviderError):
    """The provider did not accept the request."""
