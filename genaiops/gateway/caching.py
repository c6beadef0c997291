"""The cache of a gateway as a step: answers that were had before, given again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from genaiops.errors import BadRequestError, GenaiopsError
from genaiops.gateway.answering import Whole
from genaiops.gateway.cache import HEADER, Cache, content_key, keepable, may_be_kept, opted_out
from genaiops.gateway.chatrequest import ChatRequest
from genaiops.gateway.config import Routes
from genaiops.gateway.embedding import embed
from genaiops.gateway.rules import CacheRule
from genaiops.gateway.semantic import Similar, question_of
from genaiops.gateway.steps import Hit, Step, Turn
from genaiops.gateway.target import Target
from genaiops.model import semconv

__all__ = ["Caching"]

_FAILED = "genaiops.gateway.cache.failure"


@dataclass(slots=True)
class _Asked:
    """What a request asks, for its answer to be kept."""

    key: str
    group: str = ""
    embedding: tuple[float, ...] = ()


class Caching(Step):
    """Looks before a call, and keeps what it brought.

    Kept is what a client got whole and unchanged: not what a guardrail had something against, what
    was cut short, or what broke.

    Args:
        rule: How long, how much, for whom.
        routes: Where the model of a semantic cache is.
        old: The step under earlier rules; what it remembers is kept where they say the same.
    """

    def __init__(self, rule: CacheRule, routes: Routes, old: "Caching | None" = None) -> None:
        self.rule = rule
        self.guardrails = routes.rules.guardrails
        self.cache, self.similar = Cache(rule), None
        self._embedder: Target | None = None
        if rule.semantic is not None:
            self.similar = Similar(rule.semantic, ttl_s=rule.ttl_s)
            self._embedder = routes.resolve(rule.semantic.model)
        if old is not None and (old.rule, old.guardrails) == (rule, self.guardrails):
            self.cache, self.similar = old.cache, old.similar
        self._asked: dict[Turn, _Asked] = {}

    async def before(self, turn: Turn) -> None:
        """Answers with what is kept."""
        request, reply = turn.request, turn.reply
        if opted_out(turn.header(HEADER)):
            reply.cache = "off"
            return
        try:
            if not keepable(request):
                return
            scope = self._scope(turn)
            asked = self._asked[turn] = _Asked(content_key(request, scope))
        except BadRequestError:  # the provider may know more of its own dialect than we do
            return
        hit, reply.cache = self.cache.get(asked.key, request.dialect), "hit"
        if hit is None:
            hit, reply.cache = await self._nearly(turn, asked, scope), "semantic"
        if hit is None:
            reply.cache = "miss"
        else:
            turn.hit = hit
        turn.record.note({semconv.GATEWAY_CACHE: reply.cache})

    def _scope(self, turn: Turn) -> list[str]:
        targets = [f"{arm.target.name} {arm.target.base_url}" for arm in turn.route.arms]
        return ["" if self.rule.shared else turn.permit.name, *targets]

    async def _nearly(self, turn: Turn, asked: _Asked, scope: Sequence[str]) -> Hit | None:
        """The answer to a question that means the same, where that is wanted."""
        request = turn.request
        question = question_of(request) if self.similar is not None else None
        if self.similar is None or self._embedder is None or not question:
            return None
        asked.group = content_key(request, scope, without=question)
        try:
            asked.embedding = await embed(self._embedder, question, turn.permit)
        except GenaiopsError as error:  # a cache is not worth more than the answer
            turn.record.note({_FAILED: str(error)})
            return None
        key = self.similar.find(asked.group, asked.embedding)
        return None if key is None else self.cache.get(key, request.dialect)

    def finished(self, turn: Turn) -> None:
        """Keeps the answer."""
        asked = self._asked.pop(turn, None)
        if asked is None or turn.said is None:
            return
        if any(found.when == "after" for found in turn.reply.found):
            return
        completion = turn.said.completion
        if may_be_kept(completion):
            dialect, body = _as_it_came(turn.request, turn.said)
            self.cache.put(asked.key, completion, dialect=dialect, body=body)
            if self.similar is not None and asked.embedding:
                self.similar.remember(asked.group, asked.embedding, asked.key)


def _as_it_came(request: ChatRequest, said: Any) -> tuple[str, bytes]:
    """A whole answer in the client's dialect as the provider wrote it, and in which that is."""
    if isinstance(said, Whole) and said.wire == request.dialect:
        return said.wire, said.body
    return "", b""
