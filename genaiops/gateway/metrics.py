"""Counters of a gateway as Prometheus reads them."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

__all__ = ["CACHED", "COOLDOWN", "GAUGES", "Metrics", "Series", "text_of"]

Labels = tuple[tuple[str, str], ...]
Series = dict[tuple[str, Labels], float]
"""Values by the name of the metric and its labels; summed up where several processes serve."""

_BOUNDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""Seconds, as OpenTelemetry's conventions for generative AI propose them."""
_MOST = 500
"""Targets that are told apart; callers choose the names, so there has to be an end."""
_OTHER = "other"

REQUESTS = "genaiops_gateway_requests_total"
DURATION = "gen_ai_server_request_duration_seconds"
FIRST = "gen_ai_server_time_to_first_token_seconds"
TOKENS = "genaiops_gateway_tokens_total"
COST = "genaiops_gateway_cost_usd_total"
CACHE = "genaiops_gateway_cache_total"
GUARDED = "genaiops_gateway_guardrails_total"
IN_FLIGHT = "genaiops_gateway_in_flight"
COOLDOWN = "genaiops_gateway_target_cooling_down"
CACHED = "genaiops_gateway_cache_bytes"

_HELP = {
    REQUESTS: ("counter", "Answered requests by target and status."),
    DURATION: ("histogram", "Seconds until an answer was complete."),
    FIRST: ("histogram", "Seconds until a stream said its first."),
    TOKENS: ("counter", "Tokens that providers counted."),
    COST: ("counter", "USD, as far as prices are known."),
    CACHE: ("counter", "Requests by what the cache had for them."),
    GUARDED: ("counter", "What guardrails did."),
    IN_FLIGHT: ("gauge", "Requests that are being answered."),
    COOLDOWN: ("gauge", "1 for each target that is left alone for a while."),
    CACHED: ("gauge", "Bytes of answers in the cache."),
}
GAUGES = frozenset(name for name, (kind, _) in _HELP.items() if kind == "gauge")
"""Metrics of a moment: those of a process that ended do not count."""


class _Histogram:
    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(_BOUNDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        self.buckets[bisect_left(_BOUNDS, seconds)] += 1
        self.total += seconds


class Metrics:
    """What one process counts; every method takes about a microsecond."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._requests: Counter[tuple[str, int]] = Counter()
        self._durations: dict[str, _Histogram] = {}
        self._firsts: dict[str, _Histogram] = {}
        self._tokens: Counter[tuple[str, str]] = Counter()
        self._costs: dict[str, float] = {}
        self._cache: Counter[str] = Counter()
        self._guarded: Counter[tuple[str, str]] = Counter()
        self._targets: set[str] = set()

    def answered(self, target: str, status: int, seconds: float) -> None:
        """A request is over; `target` is empty where none was found."""
        target = self._known(target)
        self._requests[target, status] += 1
        if target:
            found = self._durations.get(target)
            if found is None:
                found = self._durations[target] = _Histogram()
            found.add(seconds)

    def first(self, target: str, seconds: float) -> None:
        """A stream said its first after so many seconds."""
        self._firsts.setdefault(self._known(target), _Histogram()).add(seconds)

    def used(
        self, target: str, *, tokens_in: int | None, tokens_out: int | None, usd: float | None
    ) -> None:
        """What a call used, as far as it is known."""
        target = self._known(target)
        if tokens_in:
            self._tokens[target, "input"] += tokens_in
        if tokens_out:
            self._tokens[target, "output"] += tokens_out
        if usd:
            self._costs[target] = self._costs.get(target, 0.0) + usd

    def cached(self, outcome: str) -> None:
        """The cache was asked: ``hit``, ``semantic`` or ``miss``."""
        self._cache[outcome] += 1

    def guarded(self, name: str, action: str) -> None:
        """A guardrail did something."""
        self._guarded[name, action] += 1

    def series(self) -> Series:
        """Everything that is counted, now."""
        found: Series = {(IN_FLIGHT, ()): float(self.in_flight)}
        for (target, status), count in self._requests.items():
            found[REQUESTS, (("target", target), ("status", str(status)))] = count
        for name, table in ((DURATION, self._durations), (FIRST, self._firsts)):
            for target, histogram in table.items():
                found.update(_histogram(name, target, histogram))
        for (target, kind), count in self._tokens.items():
            found[TOKENS, (("target", target), ("type", kind))] = count
        for target, usd in self._costs.items():
            found[COST, (("target", target),)] = usd
        for outcome, count in self._cache.items():
            found[CACHE, (("outcome", outcome),)] = count
        for (name, action), count in self._guarded.items():
            found[GUARDED, (("guardrail", name), ("action", action))] = count
        return found

    def _known(self, target: str) -> str:
        if target in self._targets or not target:
            return target
        if len(self._targets) >= _MOST:
            return _OTHER
        self._targets.add(target)
        return target


def text_of(*parts: Series) -> bytes:
    """The text format of Prometheus; what several processes counted is added up."""
    total: Counter[tuple[str, Labels]] = Counter()
    for part in parts:
        for place, value in part.items():
            total[place] += value  # pyright: ignore[reportArgumentType]  a Counter adds floats, too
    return "".join(_lines(total)).encode()


def _lines(total: Mapping[tuple[str, Labels], float]) -> Iterator[str]:
    by_name: dict[str, list[tuple[Labels, float]]] = {}
    for (name, labels), value in total.items():
        by_name.setdefault(name, []).append((labels, value))
    for name, (kind, text) in _HELP.items():
        ends = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        if any(f"{name}{end}" in by_name for end in ends):
            yield f"# HELP {name} {text}\n# TYPE {name} {kind}\n"
        for end in ends:
            for labels, value in by_name.get(f"{name}{end}", []):
                yield f"{name}{end}{_shown(labels)} {value:.12g}\n"


def _histogram(
    name: str, target: str, histogram: _Histogram
) -> Iterator[tuple[tuple[str, Labels], float]]:
    label = ("target", target)
    count = 0
    for bound, number in zip((*_BOUNDS, "+Inf"), histogram.buckets, strict=True):
        count += number
        yield (f"{name}_bucket", (label, ("le", str(bound)))), count
    yield (f"{name}_sum", (label,)), histogram.total
    yield (f"{name}_count", (label,)), count


def _shown(labels: Iterable[tuple[str, str]]) -> str:
    pairs = [f'{name}="{_escaped(value)}"' for name, value in labels]
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _escaped(value: str) -> str:
    value = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return value.encode("utf-8", "replace").decode()
