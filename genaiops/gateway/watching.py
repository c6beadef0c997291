"""Ends an answer, and with it the call to the provider, when nobody waits for it any more."""

import asyncio
from collections.abc import Callable
from typing import cast

from genaiops.gateway.http import LEAVING, Receive, Scope
from genaiops.gateway.reply import Reply

__all__ = ["Watched"]


class Watched:
    """A block that is cancelled when the client leaves.

    `LimitedProtocol` says when that is; of other servers it is asked.
    """

    __slots__ = ("_leaving", "_receive", "_reply", "_task", "_watcher")

    def __init__(self, scope: Scope, receive: Receive, reply: Reply) -> None:
        self._leaving: set[Callable[[], None]] | None = scope.get(LEAVING)
        self._receive = receive
        self._reply = reply
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._task = cast("asyncio.Task[None]", asyncio.current_task())
        if self._leaving is not None:
            self._leaving.add(self._when_gone)
        else:
            self._watcher = asyncio.ensure_future(self._until_gone())

    def __exit__(self, *_: object) -> None:
        if self._leaving is not None:
            self._leaving.discard(self._when_gone)
        elif self._watcher is not None:
            self._watcher.cancel()

    def _when_gone(self) -> None:
        self._reply.left = True
        self._task.cancel()

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._when_gone()
