"""From the entries of ``models`` in a gateway.yaml to routes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from genaiops.errors import ConfigError, NotFoundError
from genaiops.gateway.attempts import Retry
from genaiops.gateway.routing import Arm, Cooldown, Route
from genaiops.gateway.target import Target

if TYPE_CHECKING:  # pydantic and YAML take a while to load, and without a file nobody needs them
    from genaiops.gateway.configfile import ModelEntry, TimeoutsEntry

__all__ = ["make_routes"]

_NAME = re.compile(r"[^\s*\x00-\x1f\x7f]{1,200}")


def make_routes(
    entries: "Mapping[str, ModelEntry]",
    find: Callable[[str], Target],
    place: Callable[..., str],
) -> dict[str, Route]:
    """The routes by name.

    Args:
        entries: What the file says.
        find: The target of a ``provider/model``; raises NotFoundError.
        place: File and line of the keys below ``models``, for messages.

    Raises: ConfigError that names the place.
    """
    for name in entries:
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{place(name)}: {name!r} cannot be the name of a model: use up to 200 letters, "
                "digits and signs other than blanks and '*'"
            )
    made = _Maker(entries, find, place)
    routes = {name: made.route(name) for name in entries}
    for name, route in routes.items():
        for other in route.fallback:
            if other not in routes:
                raise ConfigError(
                    f"{place(name, 'fallback')}: model {name!r} falls back to {other!r}, which "
                    f"is no name of models: use one of {', '.join(sorted(routes))}"
                )
    return routes


class _Maker:
    def __init__(
        self,
        entries: "Mapping[str, ModelEntry]",
        find: Callable[[str], Target],
        place: Callable[..., str],
    ) -> None:
        self._entries = entries
        self._find = find
        self._place = place

    def route(self, name: str) -> Route:
        entry = self._entries[name]
        arms = self._arms(name, ())
        cooldown = entry.cooldown
        choice = len(arms) > 1 or bool(entry.fallback)
        return Route(
            name=name,
            arms=arms,
            how=entry.route,
            fallback=tuple(entry.fallback),
            retry=Retry(retries=entry.retries),
            cooldown=(Cooldown() if choice else None)
            if cooldown is None
            else Cooldown(failures=cooldown.failures, seconds=cooldown.seconds),
            prompt=entry.prompt,
        )

    def _arms(self, name: str, above: tuple[str, ...]) -> tuple[Arm, ...]:
        """The targets; those of another model that is named take shares of its weight."""
        entry = self._entries[name]
        if name in above:
            raise ConfigError(
                f"{self._place(name)}: model {name!r} is its own target: name another"
            )
        found: list[Arm] = []
        for one in entry.targets:
            if one.model in self._entries:
                inner = self._arms(one.model, (*above, name))
                whole = sum(arm.weight for arm in inner)
                found += [replace(arm, weight=one.weight * arm.weight / whole) for arm in inner]
            else:
                found.append(Arm(target=self._target(name, one.model), weight=one.weight))
        return tuple(replace(arm, target=_waiting(arm.target, entry.timeouts)) for arm in found)

    def _target(self, name: str, model: str) -> Target:
        place = self._place(name, "targets")
        if not model.isprintable() or model != model.strip():
            raise ConfigError(f"{place}: {model!r} is no model: write 'provider/model'")
        try:
            return self._find(model)
        except NotFoundError as error:
            said = str(error)
            known = said if said.startswith("provider") else f"model {name!r} is {model!r}: {said}"
            raise ConfigError(f"{place}: {known}") from None


def _waiting(target: Target, timeouts: "TimeoutsEntry") -> Target:
    given = timeouts.model_dump(exclude_none=True)
    return replace(target, timeouts=replace(target.timeouts, **given)) if given else target
