"""Whether what the rules of a gateway.yaml name is there: models of keys and guardrails, prompts."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from genaiops.errors import ConfigError, NotFoundError, PromptError
from genaiops.gateway.configfile import GatewayFile
from genaiops.gateway.routing import Route
from genaiops.prompts.names import parse_reference

__all__ = ["check_names"]


def check_names(
    file: GatewayFile,
    find: Callable[[str], Route],
    offers: Iterable[str],
    place: Callable[..., str],
) -> None:
    """Raises ConfigError for the first name that means nothing.

    Args:
        file: What the file says.
        find: The route of a name; raises NotFoundError.
        offers: All that is served, for messages.
        place: File and line of a key of the file.
    """
    served = list(offers)
    for name, model in file.models.items():
        _check_prompt(model.prompt, lambda name=name: place("models", name, "prompt"))
    for names, who, *where in _named(file):
        for name in names:
            if not _means_something(name, find, served):
                raise ConfigError(
                    f"{place(*where)}: {who} names {name!r}, which is not served: "
                    f"use one of {', '.join(served)}"
                )
    if file.cache is not None and file.cache.semantic is not None:
        model = file.cache.semantic.model
        if find(model).target.provider.dialect != "openai":
            where = place("cache", "semantic", "model")
            raise ConfigError(f"{where}: {model!r} makes no embeddings: name a model that does")


def _check_prompt(reference: str | None, where: Callable[[], str]) -> None:
    if reference is not None:
        try:
            parse_reference(reference)
        except PromptError as error:
            raise ConfigError(f"{where()}: {error}") from None


def _named(file: GatewayFile) -> Iterator[tuple[Any, ...]]:
    """Names of models, who names them, and where that stands."""
    for number, key in enumerate(file.keys):
        yield key.models, f"the key {key.name!r}", "keys", number, "models"
    for number, guard in enumerate(file.guardrails):
        yield guard.models, f"the guardrail {guard.judge!r}", "guardrails", number, "models"
    if file.cache is not None and file.cache.semantic is not None:
        yield [file.cache.semantic.model], "the cache", "cache", "semantic", "model"


def _means_something(name: str, find: Callable[[str], Route], served: Iterable[str]) -> bool:
    start = name.removesuffix("*")
    if name.endswith("/*"):
        return any(offer.startswith(start) for offer in served)
    try:
        find(name)
    except NotFoundError:
        return False
    return True
