"""What all requests of a gateway share."""

import random
import time
from collections.abc import Callable, Sequence

from genaiops.errors import BadRequestError
from genaiops.gateway.calling import Tries
from genaiops.gateway.config import Routes
from genaiops.gateway.faults import unavailable
from genaiops.gateway.features import steps_of
from genaiops.gateway.routing import Route, Watch, order
from genaiops.gateway.steps import Step
from genaiops.gateway.target import Target

__all__ = ["Plane"]


class Plane:
    """What is served and how it fares.

    Attributes:
        routes: What is served; a request reads them once, and their steps with them.
        watch: The health of targets.
        steps: What `routes` ask for, see `genaiops.gateway.steps`.
        chance: Decides where weights do.
    """

    __slots__ = ("chance", "routes", "steps", "watch")

    def __init__(self, routes: Routes) -> None:
        self.routes = routes
        self.watch = Watch()
        self.steps: Sequence[Step] = steps_of(routes)
        self.chance = random.Random()  # noqa: S311  for shares, not for secrets

    def tries(self, route: Route, fits: Callable[[Target], bool] | None = None) -> Tries:
        """The attempts of a call.

        Args:
            route: Where it goes.
            fits: Which targets can do what is asked; all, when nothing is said.

        Raises: BadRequestError when none can; ProviderError when all are left alone for a while.
        """
        now = time.monotonic()
        targets, resting = order(route, self.routes.named, self.watch, now=now, chance=self.chance)
        if fits is not None:
            targets, resting = list(filter(fits, targets)), list(filter(fits, resting))
            if not targets and not resting:
                raise BadRequestError(
                    f"model {route.name!r} cannot do this: use another", status=400
                )
        if not targets:
            raise unavailable(route.name, self.watch.rest_s(resting, now=now))
        total_s = route.target.timeouts.total_s
        return Tries(
            targets, route.retry, total_s=total_s, watch=self.watch, cooldown=route.cooldown
        )

    def follow(self, routes: Routes) -> None:
        """Serves other routes from now on; requests that are under way keep theirs."""
        self.steps, self.routes = steps_of(routes, self.steps), routes
