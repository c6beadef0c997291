"""A request before it is answered: read, its model found, its caller let in; or refused."""

from genaiops.errors import NotFoundError
from genaiops.gateway.chatrequest import BadRequest, ChatRequest, read_request
from genaiops.gateway.config import Routes
from genaiops.gateway.http import CALLER, Receive, Scope
from genaiops.gateway.limits import Denied, Permit, admit
from genaiops.gateway.reply import Reply
from genaiops.gateway.target import Target

__all__ = ["take_in"]


async def take_in(
    reply: Reply, routes: Routes, scope: Scope, receive: Receive
) -> tuple[ChatRequest, Target, Permit] | None:
    """What is asked, of whom, and the permit to hold meanwhile; None once it is refused, or left."""
    try:
        request = await read_request(scope, receive, reply.dialect)
        reply.target = target = routes.resolve(request.model)
        return request, target, admit(scope.get(CALLER), request.model)
    except ConnectionAbortedError:
        pass
    except BadRequest as error:
        await reply.refuse(error.status, error.message)
    except Denied as denied:
        await reply.deny(denied)
    except NotFoundError as error:
        await reply.refuse(404, str(error), code="model_not_found")
    return None
