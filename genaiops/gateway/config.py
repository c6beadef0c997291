"""Which models the gateway serves: from the environment, or from a ``gateway.yaml``.

Without a file every provider whose key is in the environment is served as ``provider/model``.
Secrets come as ``${NAME}`` from the environment or ``${file:PATH}`` from a file; they never pass
through the YAML reader.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from genaiops.errors import ConfigError, NotFoundError
from genaiops.gateway import providers
from genaiops.gateway.models import make_routes
from genaiops.gateway.references import check_secret, shown, variable
from genaiops.gateway.routing import Arm, Route
from genaiops.gateway.rules import Rules
from genaiops.gateway.target import Provider, Target, Timeouts

__all__ = ["Endpoint", "Routes", "from_environment", "load", "target_from_environment"]

_log = logging.getLogger("genaiops")
_MOST_DIRECT, _LONG_NAME = 1_000, 200
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,99}")
_URL = re.compile(r"https?://[\w.:\[\]-]+(?:/[!-~]*)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A provider as it is configured: where it is and with which key."""

    name: str
    provider: Provider
    base_url: str = ""
    key: str = field(default="", repr=False)
    timeouts: Timeouts = field(default_factory=Timeouts)

    def target(self, model: str) -> Target:
        """One of its models. Raises NotFoundError for a model that is known not to exist."""
        local = self.provider.local
        if local and model not in local:
            known = ", ".join(f"{self.name}/{name}" for name in sorted(local))
            raise NotFoundError(
                f"provider {self.name!r} has no model {model!r}: use one of {known}"
            )
        return Target(
            provider=self.provider,
            provider_name=self.name,
            model=model,
            base_url=self.base_url,
            key=self.key,
            timeouts=self.timeouts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Everything a gateway serves; made as a whole and never changed.

    Attributes:
        endpoints: The providers by the names that model strings use.
        named: The routes that have a name of their own.
        source: Where this comes from, for messages.
        rules: What is asked of callers besides.
        passes: Whether requests below ``/proxy/`` are passed on.
    """

    endpoints: Mapping[str, Endpoint]
    named: Mapping[str, Route] = field(default_factory=dict[str, Route])
    source: str = "the environment"
    rules: Rules = field(default_factory=Rules)
    passes: bool = True
    _direct: dict[str, Route] = field(default_factory=dict[str, Route], repr=False, compare=False)

    def route(self, model: str) -> Route:
        """What a client means by this name.

        Raises: NotFoundError when nothing of this name is served; it says what is.
        """
        found = self.named.get(model) or self._direct.get(model)
        if found is not None:
            return found
        name, slash, rest = model.partition("/")
        if not slash or not rest or name not in self.endpoints:
            raise NotFoundError(
                f"model {model!r} is not served: use one of {', '.join(self.offers())}"
            )
        made = Route(name=model, arms=(Arm(target=self.endpoints[name].target(rest)),))
        if len(self._direct) < _MOST_DIRECT and len(model) < _LONG_NAME:
            self._direct[model] = made
        return made

    def resolve(self, model: str) -> Target:
        """The first target of `route`, for what does not depend on the choice."""
        return self.route(model).target

    def names(self) -> list[str]:
        """The model names that are known; remote providers serve more, as ``provider/model``."""
        local = [f"{e.name}/{model}" for e in self.endpoints.values() for model in e.provider.local]
        return [*sorted(self.named), *sorted(local)]

    def offers(self) -> list[str]:
        """What clients can ask for: every known name, then ``provider/<model>``."""
        remote = [f"{e.name}/<model>" for e in self.endpoints.values() if not e.provider.local]
        return [*self.names(), *sorted(remote)]


def from_environment() -> Routes:
    """Every provider whose key is in the environment, and those that need none.

    One that a broken package brings is left out, with a warning.
    """
    found: dict[str, Endpoint] = {}
    for kind in providers.kinds():
        try:
            provider = providers.provider(kind)
        except ConfigError as error:
            _log.warning("%s", error)
            continue
        if _is_set_up(provider):
            found[kind] = _from_environment(provider)
    return Routes(endpoints=found)


def _is_set_up(provider: Provider) -> bool:
    """Whether the environment has all it needs: its key, and an address where it has no usual one.

    A server of one's own without a key is meant only where its address is given.
    """
    address = bool(variable(provider.base_url_env))
    if provider.key_env:
        return bool(variable(provider.key_env)) and (address or bool(provider.base_url))
    return address or bool(provider.local)


def target_from_environment(model: str, timeouts: Timeouts | None = None) -> Target:
    """The target of a ``provider/model``, with the provider's key from the environment.

    Raises: ConfigError when the provider is unknown or its key is missing, NotFoundError when it
        is known not to have the model.
    """
    kind, slash, name = model.partition("/")
    if not slash or not name:
        known = ", ".join(f"{kind}/<model>" for kind in providers.kinds())
        raise ConfigError(f"model {model!r} does not name its provider: write one of {known}")
    provider = providers.provider(kind)
    if provider.key_env and not variable(provider.key_env):
        raise ConfigError(f"provider {kind!r} has no key: set {provider.key_env}")
    endpoint = _from_environment(provider)
    return (endpoint if timeouts is None else replace(endpoint, timeouts=timeouts)).target(name)


def load(path: Path | str) -> Routes:
    """The routes of a ``gateway.yaml``.

    Raises: ConfigError that names the file, the line and what is allowed.
    """
    from genaiops.gateway.configfile import read_file
    from genaiops.gateway.naming import check_names
    from genaiops.gateway.rulesfile import rules_of

    file, lines = read_file(path)
    found: dict[str, Endpoint] = {}
    for name, entry in file.providers.items():
        place = f"{path}:{lines.of('providers', name)}"
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{place}: {name!r} cannot be the name of a provider: use letters, digits, '-', '_' "
                "and '.'"
            )
        provider = _kind(entry.kind or name, name, place)
        base = shown(entry.base_url or "", place) or variable(provider.base_url_env)
        base = base or provider.base_url
        if not base and not provider.local:
            raise ConfigError(f"{place}: provider {name!r} needs a base_url")
        endpoint = Endpoint(
            name=name,
            provider=provider,
            base_url=_checked_url(base, f"{place}: base_url") if not provider.local else "",
            key=check_secret(shown(entry.api_key or "", place).strip(), f"{place}: api_key"),
        )
        if entry.timeout_s is not None:
            waits = replace(Timeouts(), total_s=entry.timeout_s, idle_s=entry.timeout_s)
            endpoint = replace(endpoint, timeouts=waits)
        if name == provider.name and provider.key_env and not endpoint.key:
            raise ConfigError(f"{place}: provider {name!r} needs an api_key")
        found[name] = endpoint
    found.setdefault("offline", _from_environment(providers.provider("offline")))
    named = make_routes(
        file.models,
        lambda name: _target_of(found, name),
        lambda *keys: f"{path}:{lines.of('models', *keys)}",
    )
    rules = rules_of(
        file.keys,
        file.cache,
        file.guardrails,
        file.redis,
        secret=shown,
        place=lambda *keys: f"{path}:{lines.of(*keys)}",
    )
    passes = not rules.guardrails if file.proxy is None else file.proxy
    made = Routes(endpoints=found, named=named, source=str(path), rules=rules, passes=passes)
    check_names(file, made.route, made.offers(), lambda *keys: f"{path}:{lines.of(*keys)}")
    return made


def _target_of(endpoints: Mapping[str, Endpoint], model: str) -> Target:
    """The target of a ``provider/model``. Raises NotFoundError."""
    provider, slash, rest = model.partition("/")
    if not slash or not rest or provider not in endpoints:
        offer = ", ".join(f"{known}/<model>" for known in sorted(endpoints))
        raise NotFoundError(f"use one of {offer}")
    return endpoints[provider].target(rest)


def _kind(kind: str, name: str, place: str) -> Provider:
    try:
        return providers.provider(kind)
    except ConfigError as error:
        if kind in providers.kinds():
            raise ConfigError(f"{place}: {error}") from None
        offer = ", ".join(providers.kinds())
        raise ConfigError(
            f"{place}: provider {name!r} is of unknown kind {kind!r}: set kind to one of {offer}"
        ) from None


def _from_environment(provider: Provider) -> Endpoint:
    return Endpoint(
        name=provider.name,
        provider=provider,
        base_url="" if provider.local else _base_url(provider),
        key=check_secret(variable(provider.key_env), provider.key_env),
    )


def _base_url(provider: Provider) -> str:
    url = variable(provider.base_url_env) or provider.base_url
    return _checked_url(url, provider.base_url_env or f"base_url of {provider.name!r}")


def _checked_url(url: str, origin: str) -> str:
    try:
        place = urlsplit(url) if _URL.fullmatch(url) else None
        if place is not None and (not place.hostname or place.port == 0):
            place = None
    except ValueError:  # a port beyond the last, half an IPv6 address
        place = None
    if place is None or "?" in url or "#" in url:
        raise ConfigError(
            f"{origin} is not an address: use https://host or http://host:port/path, without user, "
            "password and query"
        )
    return urlunsplit(place).rstrip("/")
