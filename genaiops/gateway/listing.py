"""``GET /v1/models`` and ``/v1/models/{id}``: what the caller may ask for, in the caller's shape."""

from typing import Any

import msgspec

from genaiops.errors import NotFoundError
from genaiops.gateway.config import Routes
from genaiops.gateway.http import CALLER, Receive, Scope, Send, send_json
from genaiops.gateway.limits import Account
from genaiops.gateway.plane import Plane
from genaiops.gateway.reply import dialect_of, open_reply

__all__ = ["is_served", "models", "one_model"]

_EPOCH = "1970-01-01T00:00:00Z"
PREFIX = "/v1/models/"


async def models(plane: Plane, scope: Scope, _receive: Receive, send: Send) -> None:
    """The models that the caller may ask for by name."""
    caller: Account | None = scope.get(CALLER)
    routes = plane.routes
    names = routes.names()
    if caller is not None:
        named = [name for name in caller.policy.models if not name.endswith("/*")]
        allowed = [name for name in named if is_served(routes, name)]
        names = [name for name in dict.fromkeys([*names, *allowed]) if caller.policy.allows(name)]
    listed = [_shown(scope, routes, name) for name in names]
    answer: dict[str, Any] = {"object": "list", "data": listed}
    if dialect_of(scope) == "anthropic":
        ends = {"first_id": names[0] if names else None, "last_id": names[-1] if names else None}
        answer = {"data": listed, "has_more": False, **ends}
    await send_json(send, 200, msgspec.json.encode(answer))


async def one_model(plane: Plane, scope: Scope, _receive: Receive, send: Send) -> None:
    """One of them; what the caller may not ask for is not there."""
    name: str = scope["path"].removeprefix(PREFIX)
    caller: Account | None = scope.get(CALLER)
    if is_served(plane.routes, name) and (caller is None or caller.policy.allows(name)):
        await send_json(send, 200, msgspec.json.encode(_shown(scope, plane.routes, name)))
        return
    reply = open_reply(scope, send, dialect_of(scope))
    message = f"model {name!r} is not served: see GET /v1/models"
    await reply.refuse(404, message, code="model_not_found")


def is_served(routes: Routes, name: str) -> bool:
    """Whether clients can ask for a model of this name."""
    try:
        routes.resolve(name)
    except NotFoundError:
        return False
    return True


def _shown(scope: Scope, routes: Routes, name: str) -> dict[str, Any]:
    if dialect_of(scope) == "anthropic":
        return {"type": "model", "id": name, "display_name": name, "created_at": _EPOCH}
    owner = routes.resolve(name).provider_name
    return {"id": name, "object": "model", "created": 0, "owned_by": owner}
