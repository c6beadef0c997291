"""LangChain parts that the tests build chains and graphs of, and what they expect of their spans."""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import tool

import genaiops
from genaiops.tracing import diagnostics

ROW = (
    "name, span_type, status, status_message, operation, provider, request_model, response_model, "
    "response_id, finish_reasons, input_tokens, output_tokens, cache_read_tokens, "
    "cache_write_tokens, reasoning_tokens, inputs, outputs, attributes, ttft_ms, trace_id, "
    "span_id, parent_span_id, events, session_id, prompt_name"
)
USAGE = {
    "input_tokens": 28, "output_tokens": 9, "total_tokens": 37,
    "input_token_details": {"cache_read": 5, "cache_creation": 3},
    "output_token_details": {"reasoning": 4},
}  # fmt: skip
TOLD = {"model_name": "fake-2026", "finish_reason": "stop", "id": "r1"}


class Model(BaseChatModel):
    """Answers with the next of its messages; streams their texts word by word."""

    answers: list[Any]
    model: str = "fake"

    @property
    def _llm_type(self) -> str:
        return "fake"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model, "temperature": 0.5, "max_tokens": 9, "stop_sequences": ["x"]}

    def _get_ls_params(self, stop=None, **kwargs):
        return {
            "ls_provider": "amazon_bedrock",
            "ls_model_name": self.model,
            "ls_model_type": "chat",
        }

    def _next(self) -> AIMessage:
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, str):
            answer = AIMessage(answer, usage_metadata=USAGE, response_metadata=TOLD)
        return answer

    def _generate(self, messages, stop=None, run_manager=None, **kwargs) -> ChatResult:
        inside()
        return ChatResult(generations=[ChatGeneration(message=self._next())])

    def _stream(self, messages, stop=None, run_manager=None, **kwargs) -> Iterator[Any]:
        inside()
        answer = self._next()
        for word in answer.content.split(" "):
            if word == "!":
                raise ValueError("the stream broke")
            yield ChatGenerationChunk(message=AIMessageChunk(word + " "))
        yield ChatGenerationChunk(
            message=AIMessageChunk("", usage_metadata=USAGE, response_metadata=TOLD)
        )


class Store(BaseRetriever):
    """Finds the same two documents every time."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun):
        inside()
        return [
            Document("Bern is the capital.", id="d1", metadata={"score": 0.9}),
            Document("Geneva is not.", metadata={"doc_id": 2, "relevance_score": 0.4}),
        ]


@genaiops.trace
def inside() -> None:
    """A function of the application at work inside a run."""


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    inside()
    if city == "Nowhere":
        raise ValueError("no such city")
    return f"sunny in {city}"


@contextlib.contextmanager
def recording(caplog: Any) -> Iterator[None]:
    """Autolog is on; afterwards nothing went wrong, was logged, or is still current."""
    genaiops.langchain.autolog()
    before = diagnostics.internal_errors()
    with caplog.at_level(logging.INFO):
        yield
    genaiops.langchain.autolog(disable=True)
    assert diagnostics.internal_errors() == before
    assert genaiops.get_current_active_span().trace_id == "0" * 32
    assert [r.getMessage() for r in caplog.records if not r.name.startswith("httpx")] == []


def chain(*answers: Any):
    ask = ChatPromptTemplate.from_messages([("system", "Be brief."), ("human", "{question}")])
    return ask | Model(answers=list(answers)) | StrOutputParser()


CHAIN = [
    ("RunnableSequence", None),
    ("ChatPromptTemplate", "RunnableSequence"),
    ("chat fake", "RunnableSequence"),
    ("inside", "chat fake"),
    ("StrOutputParser", "RunnableSequence"),
]
