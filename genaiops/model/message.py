"""Chat messages in the shape of the OpenTelemetry GenAI conventions: a role and parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Message", "Part", "PartKind"]

PartKind = Literal["text", "tool_call", "tool_call_response", "reasoning", "blob", "file", "uri"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a message.

    Attributes:
        type: Kind of the part, as in the OpenTelemetry GenAI conventions.
        content: Text of a text or reasoning part, result of a tool call response.
        id: Id of the tool call.
        name: Name of the called tool.
        arguments: Arguments of the tool call.
    """

    type: str
    content: Any = None  # text, or whatever JSON a tool returned
    id: str | None = None
    name: str | None = None
    arguments: Any = None  # JSON of any shape, as the model sent it
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation.

    Attributes:
        role: ``system``, ``user``, ``assistant`` or ``tool``.
        parts: What the message holds, in order.
        finish_reason: Why the model stopped, on output messages.
    """

    role: str
    parts: Sequence[Part]
    finish_reason: str | None = None

    @property
    def text(self) -> str:
        """The text parts, joined by line breaks."""
        return "\n".join(str(part.content) for part in self.parts if part.type == "text")
