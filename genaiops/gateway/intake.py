"""A request before it is answered: read, its model found, its caller let in; or refused."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

from genaiops.errors import NotFoundError
from genaiops.gateway.chatrequest import BadRequest, ChatRequest, read_request
from genaiops.gateway.http import CALLER, Receive, Scope
from genaiops.gateway.limits import Denied, Permit, admit
from genaiops.gateway.plane import Plane
from genaiops.gateway.reply import Reply
from genaiops.gateway.routing import Route
from genaiops.gateway.steps import Step
from genaiops.tracing import extract

__all__ = ["Taken", "continued", "take_in"]


class Taken(NamedTuple):
    """A request that was let in, and what was in force at that moment."""

    request: ChatRequest
    route: Route
    permit: Permit
    steps: Sequence[Step]


async def take_in(
    reply: Reply, plane: Plane, scope: Scope, receive: Receive, needs: str | None = None
) -> Taken | None:
    """What is asked, of whom, and the permit to hold meanwhile; None once it is refused, or left.

    Args:
        reply: Where a refusal goes.
        plane: What is served.
        scope: Of the request.
        receive: Its body.
        needs: The field that a request holds which is no chat.
    """
    try:
        request = await read_request(scope, receive, reply.dialect)
        route, steps = plane.routes.route(request.model), plane.steps
        reply.target, reply.model = route.target, request.model
        request.check(prompt=route.prompt is not None, needs=needs)
        permit = await admit(scope.get(CALLER), request.model)
        reply.key = permit.name
        return Taken(request, route, permit, steps)
    except ConnectionAbortedError:
        pass
    except BadRequest as error:
        await reply.refuse(error.status, error.message)
    except Denied as denied:
        await reply.deny(denied)
    except NotFoundError as error:
        await reply.refuse(404, str(error), code="model_not_found")
    return None


def continued(scope: Scope) -> AbstractContextManager[object]:
    """A block in which spans continue the trace that the request names, where it names one."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    remote = any(name == b"traceparent" for name, _ in headers)
    return extract(headers) if remote else nullcontext()
