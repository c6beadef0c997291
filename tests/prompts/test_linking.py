"""Formatted prompts sent by any client: each call knows its version, and each version its calls."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
import pytest
from click.testing import CliRunner
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI

import genaiops
from genaiops.cli.main import cli
from genaiops.prompts import Prompt
from genaiops.query import prompts
from tests.query import seeding
from tests.tracing.autolog.openai_events import chunks, completion, response, said, streamed
from tests.tracing.autolog.server import Answer, Server, message, serving, text, whole

VALUES = {"tone": "brief", "question": "Why {{tone}}?"}


@dataclass(frozen=True)
class Clients:
    """Real clients of one scripted server."""

    server: Server
    openai: openai.OpenAI
    anthropic: anthropic.Anthropic

    def langchain(self) -> ChatOpenAI:
        return ChatOpenAI(model="gpt-x", base_url=self.server.url, api_key="k", max_retries=0)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    modules = (genaiops.openai, genaiops.anthropic, genaiops.langchain)
    for module in modules:
        module.autolog()
    with (
        serving() as server,
        openai.OpenAI(base_url=server.url, api_key="k", max_retries=0) as of_openai,
        anthropic.Anthropic(base_url=server.url, api_key="k", max_retries=0) as of_anthropic,
    ):
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield Clients(server, of_openai, of_anthropic)
    for module in modules:
        module.autolog(disable=True)


TEMPLATES: dict[str, Any] = {
    "text": "Be {{tone}}: {{question}}",
    "chat": [
        {"role": "system", "content": "Be {{tone}}."},
        {"role": "user", "content": "{{question}}"},
    ],
}


def registered(kind: str) -> Prompt:
    """A prompt loaded by an alias."""
    genaiops.register_prompt(kind, TEMPLATES[kind])
    genaiops.set_prompt_alias(kind, "production", 1)
    return genaiops.load_prompt(f"{kind}@production")


@pytest.fixture
def plain() -> Prompt:
    return registered("text")


Send = Callable[[Clients, Prompt], object]


def _chat(clients: Clients, prompt: Prompt, **more: Any) -> Any:
    asked = prompt.to_openai(**VALUES) | {"model": "gpt-x"} | more
    return clients.openai.chat.completions.create(**asked)


def _instructions(clients: Clients, prompt: Prompt) -> None:
    words = prompt.format(**VALUES)
    clients.openai.responses.create(model="gpt-x", input="Hello", instructions=words)


def _anthropic(clients: Clients, prompt: Prompt) -> None:
    clients.anthropic.messages.create(**prompt.to_anthropic(**VALUES) | {"model": "claude-x"})


def _template(clients: Clients, prompt: Prompt) -> None:
    template = prompt.partial(tone="brief").to_langchain()
    (template | clients.langchain()).invoke({"question": VALUES["question"]})


def _anthropic_by_langchain(clients: Clients, prompt: Prompt) -> None:
    model = ChatAnthropic(model="claude-x", base_url=clients.server.url, api_key="k")
    model.invoke(prompt.format(**VALUES))


def _human_message(clients: Clients, prompt: Prompt) -> None:
    clients.langchain().invoke([HumanMessage(prompt.format(**VALUES))])


CHAT, RESPONSE = whole(completion({"content": "Bern"})), whole(response(said("Bern")))
MESSAGE = whole(message(text("Bern")))
SENDERS: dict[str, tuple[Send, Answer]] = {
    "openai": (_chat, CHAT),
    "openai, streamed": (lambda c, p: list(_chat(c, p, stream=True)), streamed(chunks())),
    "openai responses": (
        lambda c, p: c.openai.responses.create(model="gpt-x", input=p.format(**VALUES)),
        RESPONSE,
    ),
    "anthropic": (_anthropic, MESSAGE),
    "langchain": (lambda c, p: c.langchain().invoke(p.format(**VALUES)), CHAT),
    "langchain template": (_template, CHAT),
    "langchain with anthropic": (_anthropic_by_langchain, MESSAGE),
    "gateway": (
        lambda c, p: genaiops.gateway.complete(model="openai/gpt-x", messages=p.format(**VALUES)),
        CHAT,
    ),
}
ONLY_TEXT: dict[str, tuple[Send, Answer]] = {
    "openai instructions": (_instructions, RESPONSE),
    "langchain message": (_human_message, CHAT),
}
CASES = [
    (kind, *case)
    for kind, senders in (("chat", SENDERS), ("text", SENDERS | ONLY_TEXT))
    for case in senders.values()
]
NAMES = [f"{kind} by {how}" for kind in ("chat",) for how in SENDERS] + [
    f"text by {how}" for how in SENDERS | ONLY_TEXT
]


@pytest.mark.parametrize(("kind", "send", "answer"), CASES, ids=NAMES)
def test_a_call_is_linked_to_the_version_and_counted_once(
    clients: Clients, kind: str, send: Send, answer: Answer
) -> None:
    prompt = registered(kind)
    clients.server.answers = [answer] * 2

    send(clients, prompt)
    with genaiops.start_span("app"):
        send(clients, prompt)

    (stats,) = prompts.versions(kind)
    assert (stats.calls, stats.errors, stats.error_rate) == (2, 0, 0.0)
    assert stats.output_tokens_per_call in (5, 9)
    rows = genaiops.sql(
        "SELECT prompt_name, prompt_version, attributes FROM spans WHERE span_type = 'llm'"
    ).rows
    assert len(rows) >= 2
    for name, version, attributes in rows:
        assert (name, version) == (kind, 1)
        assert attributes["genaiops.prompt.alias"] == "production"
        assert attributes["genaiops.prompt.hash"] == prompt.hash
        assert attributes["gen_ai.prompt.variable.tone"] == "brief"
        assert attributes["gen_ai.prompt.variable.question"] == "Why {{tone}}?"


def run(*arguments: str) -> str:
    return CliRunner().invoke(cli, ["prompts", *arguments], catch_exceptions=False).output


def test_a_failure_that_two_layers_recorded_is_one_failure(clients: Clients, plain: Prompt) -> None:
    clients.server.answers = [whole({"error": {"message": "no"}}, status=500), CHAT]
    with pytest.raises(openai.InternalServerError):
        clients.langchain().invoke(plain.format(**VALUES))
    clients.langchain().invoke(plain.format(**VALUES))

    (stats,) = prompts.versions("text")
    assert (stats.calls, stats.errors, stats.error_rate) == (2, 1, 0.5)


def test_calls_side_by_side_in_one_trace_all_count(clients: Clients, plain: Prompt) -> None:
    clients.server.answers = [CHAT] * 3
    with genaiops.start_span("app"):
        for _ in range(3):
            _chat(clients, plain)

    assert prompts.version("text", 1).calls == 3


def test_loading_marks_a_model_call_of_ones_own(plain: Prompt) -> None:
    @genaiops.trace(span_type="llm")
    def ask(question: str) -> str:
        return str(genaiops.load_prompt("text@production").format(tone="", question=question))

    ask("Why?")

    assert prompts.version("text", 1).calls == 1


def test_without_capture_a_call_is_linked_and_holds_no_values(
    clients: Clients, plain: Prompt
) -> None:
    genaiops.configure(capture="metadata")
    clients.server.answers = [CHAT] * 2
    _template(clients, plain)
    _chat(clients, plain)

    rows = genaiops.sql("SELECT attributes FROM spans WHERE span_type = 'llm'").rows
    assert prompts.version("text", 1).calls == 2
    assert "variable" not in str(rows)


def test_figures_are_those_of_the_calls(plain: Prompt) -> None:
    used = {"prompt_name": "text", "prompt_version": 1}
    for number, cost in enumerate([0.1, 0.2, 0.3, None, 0.4]):
        seeding.trace(
            number, call=used | {"cost_usd": cost, "status": "error" if cost is None else "ok"}
        )

    stats = prompts.version("text", 1)

    assert (stats.calls, stats.error_rate) == (5, 0.2)
    assert (stats.p50_ms, stats.p95_ms) == pytest.approx((3.0, 4.8))
    assert stats.cost_per_call_usd == pytest.approx(0.25)


def test_scores_come_with_their_intervals(plain: Prompt) -> None:
    def answer(question: str) -> str:
        text = plain.format(tone="brief", question=question)
        return genaiops.gateway.complete(model="offline/extractive", messages=text).text

    rows = [{"question": f"What is tea number {n}?", "expected": "tea"} for n in range(4)]
    result = genaiops.evaluate(rows, answer, judges=[genaiops.judges.Contains()])

    evaluation = prompts.version("text", 1).evaluation
    assert evaluation is not None
    assert evaluation.run_id == result.run_id
    (score,) = evaluation.scores
    expected = result["contains"]
    assert (score.estimate, score.low, score.high) == (
        expected.estimate,
        expected.low,
        expected.high,
    )
    shown = json.loads(run("show", "text/1", "--format", "json"))
    assert shown["figures"]["calls"] == 4
    assert f"contains {score.estimate:.3f} [{score.low:.3f}, {score.high:.3f}]" in run(
        "show", "text/1"
    )
