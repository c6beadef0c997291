"""Where a call goes: a provider, one of its models, and how long to wait."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

__all__ = ["LocalModel", "Provider", "Target", "Timeouts"]

DialectName = Literal["openai", "anthropic", "local"]
"""What a provider speaks; ``local`` providers answer in this process."""


class LocalModel(Protocol):
    """A model that answers in this process, in the shapes of OpenAI's chat completions."""

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The whole completion."""
        ...

    def chunks(self, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The same completion in pieces."""
        ...


def _bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"} if key else {}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Provider:
    """A kind of provider: all that is particular to it, as data.

    Attributes:
        name: First part of a model string, as in ``openai/gpt-5-mini``.
        system: Its value of ``gen_ai.provider.name``.
        dialect: What it speaks.
        base_url: Where it is when nothing else is said.
        base_url_env: Environment variable that says otherwise.
        key_env: Environment variable of its key; empty when it needs none.
        headers: Makes the headers that carry a key; a bearer token where nothing else is said.
        responses: Whether it answers OpenAI's Responses API too.
        root: End of its `base_url` that its own paths have instead, below ``/proxy/``.
        own_headers: Makes the headers that carry a key there, where they differ.
        local: The models that answer in this process, by name.
    """

    name: str
    system: str
    dialect: DialectName
    base_url: str = ""
    base_url_env: str = ""
    key_env: str = ""
    headers: Callable[[str], dict[str, str]] = _bearer
    responses: bool = False
    root: str = "/v1"
    own_headers: Callable[[str], dict[str, str]] | None = None
    local: Mapping[str, LocalModel] = field(default_factory=dict[str, LocalModel])


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait, in seconds.

    Attributes:
        connect_s: For a connection.
        first_event_s: For the first event of a stream that says something.
        idle_s: For the next byte of an answer.
        total_s: For a whole call, all of its attempts included.
    """

    connect_s: float = 5.0
    first_event_s: float = 300.0
    idle_s: float = 300.0
    total_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Target:
    """One model of one provider, ready to be called.

    Attributes:
        provider_name: The provider as it was named, which may differ from its kind's name.
        model: Name of the model at the provider.
        key: The provider's key; empty when it needs none.
        name: The target as users write it, ``provider/model``.
    """

    provider: Provider
    provider_name: str
    model: str
    base_url: str = ""
    key: str = field(default="", repr=False)
    timeouts: Timeouts = Timeouts()
    name: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"{self.provider_name}/{self.model}")
