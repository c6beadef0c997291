"""The cache: what counts as the same request, how long and how much is kept, and replays."""

import json
from typing import Any

import pytest

from genaiops.gateway.cache import Cache, may_be_kept
from genaiops.gateway.dialects.openai_chat import fold
from genaiops.gateway.replay import chunks_of
from genaiops.gateway.rules import CacheRule, SemanticRule
from genaiops.gateway.semantic import Similar


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def completion(text: str = "Hello!", **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text} | more
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    return {
        "id": "c1",
        "object": "chat.completion",
        "model": "m",
        "choices": [choice],
        "usage": usage,
    }


def test_an_answer_is_kept_for_its_time_and_told_in_every_dialect():
    clock = Clock()
    cache = Cache(CacheRule(ttl_s=60), clock=clock)
    cache.put("key", completion(), dialect="openai", body=b'{"as": "it came"}')

    same, other = cache.get("key", "openai"), cache.get("key", "anthropic")

    assert same is not None
    assert other is not None
    assert (same.body, same.completion) == (b'{"as": "it came"}', completion())
    assert json.loads(other.body)["content"] == [{"type": "text", "text": "Hello!"}]
    clock.now += 60
    assert cache.get("key", "openai") is None
    assert (len(cache), cache.size) == (0, 0)


def test_the_answers_used_longest_ago_make_room():
    cache = Cache(CacheRule(max_mb=0.01))
    for number in range(4):
        cache.put(str(number), completion("x" * 1500))
        cache.get("0", "openai")

    kept = [number for number in range(4) if cache.get(str(number), "openai")]

    assert kept == [0, 3]
    assert cache.size <= 0.01 * 1024 * 1024
    cache.put("huge", completion("x" * 100_000))
    assert cache.get("huge", "openai") is None
    assert len(cache) == 2


def test_only_answers_that_are_complete_are_kept():
    cut = completion()
    cut["choices"][0]["finish_reason"] = None

    assert may_be_kept(completion())
    assert not may_be_kept(cut)
    assert not may_be_kept({"choices": []})


def test_a_replay_says_what_the_answer_said():
    calls = [
        {"id": str(n), "type": "function", "function": {"name": "f", "arguments": "{}"}}
        for n in range(2)
    ]
    thoughts = [{"type": "thinking", "thinking": "hm", "signature": "s"}]
    whole = completion("Hi", tool_calls=calls, thinking_blocks=thoughts, reasoning_content="hm")

    assert fold(chunks_of(whole)) == whole


def test_the_nearest_question_answers_when_it_is_near_enough():
    clock = Clock()
    similar = Similar(SemanticRule(model="any/model", threshold=0.9), ttl_s=60, clock=clock)
    similar.remember("group", [1.0, 0.0], "east")
    similar.remember("group", [0.0, 2.0], "north")

    assert similar.find("group", [0.1, 5.0]) == "north"
    assert similar.find("group", [1.0, 1.0]) is None
    assert similar.find("other", [1.0, 0.0]) is None
    for nonsense in ([], [0.0, 0.0], [float("nan"), 1.0], [1.0, 0.0, 0.0]):
        assert similar.find("group", nonsense) is None
        similar.remember("group", nonsense, "nonsense")
    clock.now += 60
    assert similar.find("group", [1.0, 0.0]) is None


def test_questions_are_forgotten_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("genaiops.gateway.semantic._MOST", 3)
    similar = Similar(SemanticRule(model="any/model", threshold=0.9), ttl_s=60)
    for number in range(5):
        similar.remember(str(number % 2), [float(number + 1), 1.0 + number], str(number))

    assert similar._count == 3
