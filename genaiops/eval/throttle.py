"""How fast a provider may be asked: pure decisions from what it answered; no clock, no waiting.

Calls in flight grow while the provider accepts them and are cut when it refuses. One refusal
pauses all calls for as long as the provider asks. From what it accepted until the pause is over
follows a pace that then grows again: slowly near the pace that was last refused, quickly far from
it (the cubic of RFC 9438).
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["Policy", "Throttle", "quota_wait_s"]

_CUT = 0.7  # of the calls in flight that stay after a refusal
_NEAR = 0.99  # of the pace that was refused: where the pace stays for a while
_BELOW = 0.97  # of that: where the pace begins
_FAR = 0.8  # of the pace: a provider that accepted less has become slower
_STUBBORN = 0.5  # share of pauses after which the provider refuses again: it keeps a rate
_OFTEN = 4  # refusals after which a pace is tried, though the provider accepts calls in between
_RARER = 4  # times as many after a pace was no help
_ANY = 2000.0  # calls a second: no limit
_SOON = 60  # calls at a pace: a refusal that early has another cause than the pace
_ENOUGH = 3  # such refusals in a row: a lower pace does not help
_FASTER = 2.0  # so the pace grows
_REMEMBERED = 4096  # calls that were not refused
_LEARN = 0.3  # weight of the newest pause in that share
_DOWN_AFTER = 10  # failures in a row that mean that the provider is down


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a limiter behaves.

    Attributes:
        start: Calls in flight at the beginning.
        most: Calls in flight at most.
        attempts: Tries of one call that the provider fails by itself (5xx).
        first_s: First pause where the provider names none; it doubles up to `longest_s`.
        patience_s: So long may nothing succeed before calls fail at once.
        plateau_s: How long the pace stays near the one that was refused.
    """

    start: int = 8
    most: int = 128
    attempts: int = 6
    first_s: float = 0.1
    longest_s: float = 20.0
    patience_s: float = 150.0
    plateau_s: float = 40.0


class Throttle:
    """What one provider allows. All times are seconds of one monotonic clock."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.allowed = float(policy.start)
        self.doubts = 0  # refusals in a row
        self.failures = 0  # failures in a row
        self.bad_since: float | None = None  # nothing has succeeded since
        self.paused_until = 0.0
        self._slow_start = True
        self._cut_at = -1.0
        self._sent: deque[float] = deque(maxlen=_REMEMBERED)  # when, without refused calls
        self._measure = False  # when the pause is over, the pace follows from what was accepted
        self._again = 0.0  # share of pauses after which the next call was refused
        self._in_vain = 0  # refusals in a row soon after the pace was lowered
        self._told = False  # the provider named the length of the last pause
        self._often = _OFTEN  # more each time a pace was no help
        self._strikes = 0  # refusals since the pace was set
        self._paced = 0  # calls since the pace was set
        self._plateau_s = policy.plateau_s
        self._pace: float | None = None  # calls a second that were refused last
        self._pace_at = 0.0
        self._next_at = 0.0

    @property
    def limit(self) -> int:
        """Calls in flight that are allowed now; one at a time while the provider is in doubt."""
        in_doubt = self.doubts > 1 or self.failures >= _DOWN_AFTER
        return 1 if in_doubt else max(1, int(self.allowed))

    @property
    def down(self) -> bool:
        """Nothing but failures for a while."""
        return self.failures >= _DOWN_AFTER

    def wait_s(self, now: float) -> float:
        """Seconds until the next call may be sent; 0 or less for now."""
        if self._measure and now >= self.paused_until:
            self._settle()
        return max(self.paused_until, self._next_at) - now

    def pace(self, now: float) -> float | None:
        """Calls a second that are allowed, None for any number."""
        if self._pace is None:
            return None
        plateau = self._plateau(self._pace)
        step = (now - self._pace_at - plateau) / plateau
        return self._pace * max(0.1, 1.0 + (1.0 - _BELOW) * step**3)

    def sent(self, now: float) -> None:
        """A call was sent."""
        self._sent.append(now)
        self._paced += 1
        pace = self.pace(now)
        if pace is not None:
            self._next_at = max(now - 0.3 / pace, self._next_at) + 1.0 / pace

    def accepted(self, now: float, *, wanted: bool, wait_s: float = 0.0) -> None:
        """A call was answered.

        Args:
            now: The time.
            wanted: Further calls wait.
            wait_s: What the provider says about its quota: pause so long.
        """
        self.bad_since = None
        if self.doubts:
            self._again *= 1.0 - _LEARN
        self.doubts = self.failures = 0
        if wanted:
            grown = self.allowed + (0.5 if self._slow_start else 1.0 / self.allowed)
            self.allowed = min(grown, float(self.policy.most))
        if wait_s > 0.0:
            self.paused_until = max(self.paused_until, now + wait_s)

    def refused(self, now: float, *, sent_at: float, retry_after_s: float | None) -> None:
        """The provider asked to slow down (429, 503, 529): all calls pause."""
        asked = retry_after_s or 0.0
        if sent_at in self._sent:
            self._sent.remove(sent_at)
        self.bad_since = self.bad_since or now
        if sent_at <= self._cut_at:  # the same refusal, seen by another call
            self.paused_until = max(self.paused_until, now + asked)
            return
        if self.doubts:
            self._again += _LEARN * (1.0 - self._again)
        self.doubts += 1
        self._slow_start = False
        self._cut_at = now
        self.allowed = max(1.0, self.allowed * _CUT)
        pause = asked or min(self.policy.first_s * 2 ** (self.doubts - 1), self.policy.longest_s)
        self.paused_until = max(self.paused_until, now + pause)
        self._plateau_s = self.policy.plateau_s
        self._strikes += 1
        if self._pace is None:
            self._measure = self._strikes >= self._often or self._again > _STUBBORN
        else:
            self._measure = self._measure or self.doubts == 1
        self._measure = self._measure or asked > 0.0
        self._told = asked > 0.0

    def failed(self, now: float, *, reached: bool) -> None:
        """A call failed by the provider's fault.

        Args:
            now: The time.
            reached: The provider gave an answer (5xx); False when it cannot be reached.
        """
        self.bad_since = self.bad_since or now
        self.failures = max(self.failures + 1, 0 if reached else _DOWN_AFTER)
        if self.down:
            doubled = self.policy.first_s * 2 ** min(self.failures - _DOWN_AFTER, 20)
            self.paused_until = max(self.paused_until, now + min(doubled, self.policy.longest_s))

    def out_of_patience(self, now: float) -> bool:
        """Whether nothing has succeeded for so long that waiting further makes no sense."""
        return self.bad_since is not None and now - self.bad_since > self.policy.patience_s

    def _settle(self) -> None:
        """The pause is over: the pace follows from what was accepted in the time before it."""
        self._measure, self._strikes = False, 0
        cut, span = self._cut_at, max(self.paused_until - self._cut_at, 1.0)
        measured = sum(cut - span < sent_at <= cut for sent_at in self._sent) / span
        known = self.pace(cut)
        soon = known is not None and self._paced < _SOON
        self._in_vain = self._in_vain + 1 if soon else 0
        if known is None or (measured < _FAR * known and self._in_vain < _ENOUGH):
            self._pace = max(measured or (known or 0.0) * _CUT, 1.0 / span)
        elif self._in_vain >= _ENOUGH:
            self._pace = known * _FASTER
        elif soon and not self._told:
            self._pace = min(max(measured, known * _FAR), known * _NEAR)
        else:
            self._pace = known * _NEAR
        if self._pace > _ANY:
            self._pace = None
            self._often *= _RARER
        self._paced = 0
        self._pace_at = self._next_at = self.paused_until

    def _plateau(self, pace: float) -> float:
        return self._plateau_s * max(1.0, 1.0 / pace)


def quota_wait_s(headers: Mapping[str, str], now: datetime | None = None) -> float:
    """Seconds to wait before the next call, from a provider's headers about its quota.

    Read are ``x-ratelimit-{limit,remaining,reset}-{requests,tokens}`` and
    ``anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}``. Where nothing remains, the
    wait is the time in which one unit comes back; with less than a hundredth of a token quota,
    a hundredth of it.

    Args:
        headers: Lower-case names.
        now: For times of day; now when omitted.
    """
    return max(_wait_of(headers, kind, now) for kind in ("requests", "tokens"))


def _wait_of(headers: Mapping[str, str], kind: str, now: datetime | None) -> float:
    def found(field: str) -> str:
        ours = headers.get(f"anthropic-ratelimit-{kind}-{field}")
        return ours or headers.get(f"x-ratelimit-{field}-{kind}") or ""

    try:
        remaining = float(found("remaining"))
        limit = float(found("limit") or 1.0)
        reset = _seconds(found("reset"), now)
    except ValueError:
        return 0.0
    unit = 1.0 if kind == "requests" else max(1.0, limit / 100.0)
    if remaining >= unit or limit <= 0.0:
        return 0.0
    return min(reset * unit / max(limit - remaining, 1.0), reset)


def _seconds(text: str, now: datetime | None) -> float:
    """``1s``, ``6m0s``, ``20ms``, ``12.5`` or a time of day. Raises ValueError."""
    if "T" in text:
        moment = datetime.fromisoformat(text)
        return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
    units = {"ms": 1e-3, "h": 3600.0, "m": 60.0, "s": 1.0}
    total, number, rest = 0.0, "", text.strip()
    while rest:
        unit = next((name for name in units if rest.startswith(name)), "")
        if unit and number:
            total, number, rest = total + float(number) * units[unit], "", rest[len(unit) :]
        else:
            number, rest = number + rest[0], rest[1:]
    return total + float(number or 0.0) if text.strip() else _nothing()


def _nothing() -> float:
    raise ValueError("there is no time")
