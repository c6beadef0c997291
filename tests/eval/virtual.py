"""An event loop on which time passes only while everything waits, and providers that keep limits."""

import asyncio
import selectors
from collections import deque

from genaiops.errors import ProviderError, RateLimitedError


class _Jumping(selectors.DefaultSelector):
    """Does not wait for the timeout: the clock jumps over it."""

    def __init__(self):
        super().__init__()
        self.now = 1000.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        return ready


def run(make):
    """Runs a coroutine in virtual time; gives its result and the seconds it took."""
    clock = _Jumping()
    loop = asyncio.SelectorEventLoop(clock)
    loop.time = lambda: clock.now
    try:
        began = clock.now
        return loop.run_until_complete(make()), clock.now - began
    finally:
        loop.close()


class Capped:
    """Accepts so many calls in any second; the others are refused."""

    def __init__(self, cap, *, retry_after_s=1.0, latency_s=0.002, window_s=1.0):
        self.cap, self.retry_after_s, self.latency_s = cap, retry_after_s, latency_s
        self.window_s = window_s
        self.recent = deque()
        self.calls = self.refused = self.in_flight = self.most = 0
        self.times = []

    async def __call__(self):
        now = asyncio.get_running_loop().time()
        self.calls += 1
        while self.recent and now - self.recent[0] > self.window_s:
            self.recent.popleft()
        if len(self.recent) >= self.cap:
            self.refused += 1
            self.times.append(now)
            raise RateLimitedError("slow down", status=429, retry_after_s=self.retry_after_s)
        self.recent.append(now)
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        await asyncio.sleep(self.latency_s)
        self.in_flight -= 1
        return "yes"


class Bucket:
    """Has so many tokens, of which so many come back in a second; refuses without a word."""

    def __init__(self, rate, *, latency_s):
        self.rate, self.latency_s = rate, latency_s
        self.tokens, self.at = float(rate), None
        self.calls = self.refused = 0

    async def __call__(self):
        now = asyncio.get_running_loop().time()
        self.calls += 1
        since = now - (now if self.at is None else self.at)
        self.tokens, self.at = min(self.rate, self.tokens + since * self.rate), now
        if self.tokens < 1.0:
            self.refused += 1
            raise RateLimitedError("slow down", status=429)
        self.tokens -= 1.0
        await asyncio.sleep(self.latency_s)
        return "yes"


class Down:
    """Cannot be reached until so many seconds have passed."""

    def __init__(self, seconds, *, status=None):
        self.seconds, self.status = seconds, status
        self.calls = 0
        self.began = None

    async def __call__(self):
        now = asyncio.get_running_loop().time()
        self.began = self.began or now
        self.calls += 1
        await asyncio.sleep(0.001)
        if now - self.began < self.seconds:
            raise ProviderError("down", status=self.status, unreachable=self.status is None)
        return "yes"
