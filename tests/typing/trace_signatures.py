"""What a type checker sees through `@trace`: parameters and results as they were."""

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from genaiops.tracing import trace


@trace
def plain(question: str, *, k: int = 3) -> list[str]:
    """A function."""
    return [question] * k


@trace(name="named", span_type="tool")
def named(number: int) -> float:
    """A function with options."""
    return float(number)


@trace
async def later(question: str) -> bytes:
    """A coroutine."""
    return question.encode()


@trace
def pieces(n: int) -> Iterator[int]:
    """A generator."""
    yield from range(n)


@trace
async def streamed(n: int) -> AsyncIterator[str]:
    """An async generator."""
    for number in range(n):
        yield str(number)


async def awaiting() -> None:
    """What awaiting gives."""
    assert_type(await later("q"), bytes)


class Agent:
    """Methods of every kind."""

    @trace
    def act(self, goal: str) -> int:
        """A method."""
        return len(goal)

    @classmethod
    @trace
    def made(cls, name: str) -> "Agent":
        """A classmethod."""
        return cls()

    @staticmethod
    @trace
    def helper(x: float) -> float:
        """A staticmethod."""
        return x


assert_type(plain("q", k=2), list[str])
assert_type(named(1), float)
assert_type(pieces(2), Iterator[int])
assert_type(streamed(2), AsyncIterator[str])
assert_type(Agent().act("g"), int)
assert_type(Agent.made("n"), Agent)
assert_type(Agent.helper(1.0), float)
