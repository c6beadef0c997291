"""The small form between dialects: what a request, an answer and a stream say, in no one's words.

Stop reasons and efforts are in Anthropic's words, arguments of tools are JSON as text.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar

from genaiops.errors import BadRequestError

__all__ = [
    "Answer", "Delta", "Event", "Image", "Json", "Message", "Part", "PartStart", "PartStop",
    "Redacted", "Refusal", "Request", "Start", "Stop", "Text", "Thinking", "Tokens", "Tool",
    "ToolCall", "ToolResult", "as_request", "events_of_answer", "fold", "joined", "listed", "settled",
    "table", "whole_part",
]  # fmt: skip

Json = dict[str, Any]
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Text:
    """Text; `cache` is Anthropic's ``cache_control``, as in all parts that have it."""

    text: str
    cache: Json | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """An image or a PDF: base64 `data` of a media type, or a `url`."""

    media_type: str = ""
    data: str = ""
    url: str = ""
    name: str = ""
    cache: Json | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str = ""
    cache: Json | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave back."""

    id: str
    parts: tuple["Text | Image", ...]
    is_error: bool = False
    cache: Json | None = None


@dataclass(frozen=True, slots=True)
class Thinking:
    """What the model thought; its provider takes it back only with its signature."""

    text: str
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Redacted:
    """Thoughts that only the provider can read."""

    data: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """The words in which a model refused."""

    text: str


Part = Text | Image | ToolCall | ToolResult | Thinking | Redacted | Refusal


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. Results of tools are in the user's."""

    role: Literal["user", "assistant"]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function that the model may call; `schema` is JSON schema."""

    name: str
    description: str | None = None
    schema: Json = field(default_factory=dict[str, Any])
    strict: bool | None = None
    cache: Json | None = None


@dataclass(slots=True, kw_only=True)
class Request:
    """A request.

    Attributes:
        choice: ``auto``, ``none``, ``any``, or ``tool:`` and a name.
        thinking: Anthropic's ``thinking``.
        effort: ``low`` to ``max``, or OpenAI's ``none`` and ``minimal``.
        format: ``{"name", "schema", "strict"}`` of an answer in JSON; an empty schema is any JSON.
        dropped: Names of what the reader found and the form has no place for.
    """

    model: str
    system: list[Text] = field(default_factory=list[Text])
    messages: list[Message] = field(default_factory=list[Message])
    tools: list[Tool] = field(default_factory=list[Tool])
    choice: str | None = None
    parallel: bool | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: list[str] = field(default_factory=list[str])
    stream: bool | None = None
    user: str | None = None
    thinking: Json | None = None
    effort: str | None = None
    format: Json | None = None
    service_tier: str | None = None
    dropped: list[str] = field(default_factory=list[str])

    def add(self, role: Literal["user", "assistant"], parts: Iterable[Part]) -> None:
        """Adds to the conversation; turns of the same role become one."""
        found = tuple(parts)
        if self.messages and self.messages[-1].role == role:
            found = self.messages.pop().parts + found
        if found:
            self.messages.append(Message(role, found))


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of a call; `input` holds all of the prompt, cached or not. None was not said."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


@dataclass(slots=True, kw_only=True)
class Answer:
    """A whole answer."""

    id: str | None = None
    model: str | None = None
    created: int = 0
    parts: list[Part] = field(default_factory=list[Part])
    stop: str | None = None
    sequence: str | None = None
    usage: Tokens = field(default_factory=Tokens)


@dataclass(frozen=True, slots=True)
class Start:
    """An answer begins."""

    id: str | None
    model: str | None
    created: int = 0
    usage: Tokens | None = None


@dataclass(frozen=True, slots=True)
class PartStart:
    """A part begins; what it holds already counts."""

    index: int
    part: Part


@dataclass(frozen=True, slots=True)
class Delta:
    """More of a part: of its text or arguments, or of its signature."""

    index: int
    text: str
    signature: bool = False


@dataclass(frozen=True, slots=True)
class PartStop:
    """A part is complete."""

    index: int


@dataclass(frozen=True, slots=True)
class Stop:
    """The answer is complete."""

    reason: str | None
    sequence: str | None = None


Event = Start | PartStart | Delta | PartStop | Tokens | Stop
"""What streams are made of. An error is raised as ProviderError, and ends the stream."""


def fold(events: Iterable[Event]) -> Answer:
    """The answer that a stream adds up to."""
    answer = Answer()
    open_parts: dict[int, tuple[Part, list[str], list[str]]] = {}
    order: list[int] = []
    for event in events:
        match event:
            case Start():
                answer.id, answer.model, answer.created = event.id, event.model, event.created
                answer.usage = event.usage or answer.usage
            case PartStart():
                open_parts[event.index] = event.part, [], []
                order.append(event.index)
            case Delta():
                _, texts, signatures = open_parts[event.index]
                (signatures if event.signature else texts).append(event.text)
            case Tokens():
                answer.usage = event
            case Stop():
                answer.stop, answer.sequence = event.reason, event.sequence
            case PartStop():
                pass
    answer.parts = [whole_part(*open_parts[index]) for index in order]
    return answer


def whole_part(part: Part, texts: list[str], signatures: list[str]) -> Part:
    """A part with the pieces that its deltas brought."""
    more = "".join(texts)
    match part:
        case ToolCall():
            return ToolCall(part.id, part.name, part.arguments + more)
        case Thinking():
            return Thinking(part.text + more, part.signature + "".join(signatures))
        case Text():
            return Text(part.text + more)
        case Refusal():
            return Refusal(part.text + more)
        case _:
            return part


def events_of_answer(answer: Answer) -> Iterator[Event]:
    """A stream that folds to the answer, a part at a time."""
    yield Start(answer.id, answer.model, answer.created)
    for index, part in enumerate(answer.parts):
        match part:
            case ToolCall():
                yield PartStart(index, ToolCall(part.id, part.name))
                yield Delta(index, part.arguments)
            case Thinking():
                yield PartStart(index, Thinking(""))
                yield Delta(index, part.text)
                if part.signature:
                    yield Delta(index, part.signature, True)
            case Text() | Refusal():
                yield PartStart(index, type(part)(""))
                yield Delta(index, part.text)
            case _:
                yield PartStart(index, part)
        yield PartStop(index)
    yield answer.usage
    yield Stop(answer.stop, answer.sequence)


def settled(reason: str | None, *, calls: bool) -> str | None:
    """The stop reason; some providers say that all is done although they call a tool."""
    return "tool_use" if calls and reason in (None, "end_turn") else reason


def joined(parts: Iterable[Part]) -> str:
    """The text in the parts."""
    return "".join(part.text for part in parts if isinstance(part, Text))


def table(value: Any) -> Json:  # JSON
    """A JSON object, empty when there is none."""
    return value or {}


def listed(value: Any) -> list[Any]:  # JSON
    """A JSON array, empty when there is none."""
    return value or []


def as_request(work: Callable[P, R]) -> Callable[P, R]:
    """Turns what a request of the wrong shape causes into a BadRequestError.

    Readers check the shape of what they need only, so writers meet wrong types as well.
    """

    @wraps(work)
    def working(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return work(*args, **kwargs)
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            raise BadRequestError(
                f"the request is not of the shape of its API ({type(error).__name__}: {error}): "
                "compare it with the API's reference"
            ) from None

    return working
