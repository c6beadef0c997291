"""Which steps the routes of a gateway ask for, in the order in which a request takes them.

A prompt is put in first, so that guardrails see all that will be asked; then comes the cache, which
knows only what guardrails let pass.
"""

from collections.abc import Iterable, Sequence

from genaiops.gateway.caching import Caching
from genaiops.gateway.config import Routes
from genaiops.gateway.guarding import Guarding
from genaiops.gateway.prompted import Prompting
from genaiops.gateway.steps import Step

__all__ = ["steps_of"]


def steps_of(routes: Routes, before: Iterable[Step] = ()) -> Sequence[Step]:
    """The steps of these routes.

    Args:
        routes: What is served from now on.
        before: The steps so far; what they remember is kept where nothing of theirs has changed.
    """
    rules = routes.rules
    steps: list[Step] = []
    if any(route.prompt is not None for route in routes.named.values()):
        steps.append(Prompting())
    if rules.guardrails:
        steps.append(Guarding(rules.guardrails))
    if rules.cache is not None:
        old = next((step for step in before if isinstance(step, Caching)), None)
        steps.append(Caching(rules.cache, routes, old))
    return tuple(steps)
