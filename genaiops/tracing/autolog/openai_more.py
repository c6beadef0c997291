"""Completions, embeddings, moderation, search, images and audio in the names of the conventions."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from genaiops.model import semconv
from genaiops.tracing.autolog.content import slim
from genaiops.tracing.autolog.openai_chat import ChatEvents, choice_attributes
from genaiops.tracing.autolog.openai_shape import Shape, Table, present, table_of, usage_attributes

__all__ = ["Audio", "Completions", "Embeddings", "Images", "Moderation", "Search"]

_decode = msgspec.json.Decoder().decode


class Completions(Shape):
    """``POST /completions``."""

    def inputs(self, body: Table) -> Any:  # JSON
        """The prompt, and what follows the completion."""
        return {key: body[key] for key in ("prompt", "suffix") if body.get(key) is not None}

    def input_messages(self, body: Table) -> dict[str, Any]:
        """The prompts as messages of the user; those of token numbers stay out."""
        given = body.get("prompt")
        prompts = cast("Sequence[Any]", [given] if isinstance(given, str) else given or ())
        found = [
            {"role": "user", "parts": [{"type": "text", "content": prompt}]}
            for prompt in prompts
            if isinstance(prompt, str)
        ]
        return {semconv.INPUT_MESSAGES: found} if found else {}

    def answered(self, body: Table) -> dict[str, Any]:
        """Identity, finish reasons and usage."""
        return choice_attributes(body)

    def outputs(self, body: Table) -> Any:  # JSON
        """The text, or those of all choices."""
        texts = [choice.get("text") for choice in body.get("choices") or ()]
        return texts[0] if len(texts) == 1 else texts

    def output_messages(self, body: Table) -> dict[str, Any]:
        """The choices as messages of the assistant."""
        found = [
            {
                "role": "assistant",
                "parts": [{"type": "text", "content": choice.get("text")}],
                "finish_reason": choice.get("finish_reason"),
            }
            for choice in body.get("choices") or ()
        ]
        return {semconv.OUTPUT_MESSAGES: found} if found else {}

    def events(self) -> ChatEvents:
        """What puts a streamed answer together."""
        return ChatEvents()


class _Vector(msgspec.Struct):
    embedding: msgspec.Raw = msgspec.Raw(b"[]")


class _Vectors(msgspec.Struct):
    data: list[_Vector] = msgspec.field(default_factory=list[_Vector])
    model: Any = None
    usage: Any = None


class Embeddings(Shape):
    """``POST /embeddings``: of the vectors only how many, and how long."""

    def asked(self, body: Table) -> dict[str, Any]:
        """The parameters of a request."""
        found = super().asked(body)
        if body.get("encoding_format") is not None:
            found[semconv.REQUEST_ENCODING_FORMATS] = [body["encoding_format"]]
        if body.get("dimensions") is not None:
            found[semconv.EMBEDDINGS_DIMENSIONS] = body["dimensions"]
        return found

    def inputs(self, body: Table) -> Any:  # JSON
        """The texts."""
        return {"input": body.get("input")}

    def read(self, data: bytes) -> Table:
        """The body without the vectors."""
        found = msgspec.json.decode(data, type=_Vectors)
        size = _dimensions(bytes(found.data[0].embedding)) if found.data else None
        vectors = {"vectors": len(found.data), "dimensions": size}
        return {"model": found.model, "usage": found.usage} | vectors

    def answered(self, body: Table) -> dict[str, Any]:
        """Identity, size and usage."""
        return super().answered(body) | present(
            {semconv.EMBEDDINGS_DIMENSIONS: body.get("dimensions")}
        )

    def outputs(self, body: Table) -> Any:  # JSON
        """How many vectors of which size."""
        return {"vectors": body.get("vectors"), "dimensions": body.get("dimensions")}


def _dimensions(vector: bytes) -> int:
    """How many numbers a vector has: in a list, or base64 of 4-byte floats."""
    if vector[:1] == b'"':
        size = (len(vector) - 2) * 3 // 4 - vector[-3:-1].count(b"=")
        return size // 4
    return vector.count(b",") + 1 if len(vector) > 2 else 0


class Moderation(Shape):
    """``POST /moderations``."""

    def outputs(self, body: Table) -> Any:  # JSON
        """The verdicts."""
        return body.get("results")


class Search(Shape):
    """``POST /vector_stores/{id}/search``: a retrieval with documents."""

    def input_messages(self, body: Table) -> dict[str, Any]:
        """The question."""
        return {semconv.RETRIEVAL_QUERY: body.get("query")}

    def asked(self, body: Table) -> dict[str, Any]:
        """How many are wanted."""
        return super().asked(body) | present({semconv.RETRIEVAL_TOP_K: body.get("max_num_results")})

    def outputs(self, body: Table) -> Any:  # JSON
        """The documents found."""
        return [
            {
                "id": item.get("file_id"),
                "score": item.get("score"),
                "content": "\n".join(str(p.get("text") or "") for p in item.get("content") or ()),
                "metadata": {"filename": item.get("filename")} | (item.get("attributes") or {}),
            }
            for item in cast("Sequence[Table]", body.get("data") or ())
        ]

    def output_messages(self, body: Table) -> dict[str, Any]:
        """The documents in the conventions' name."""
        return {semconv.RETRIEVAL_DOCUMENTS: self.outputs(body)}


class Images(Shape):
    """``POST /images/...``: of an image only its kind and size."""

    output_type = "image"

    def answered(self, body: Table) -> dict[str, Any]:
        """Usage."""
        return usage_attributes(body.get("usage"))

    def outputs(self, body: Table) -> Any:  # JSON
        """Sizes, kinds, URLs and revised prompts."""
        names = ("data", "b64_json", "size", "quality", "background", "output_format")
        return slim({name: body[name] for name in names if body.get(name) is not None})

    def events(self) -> "MediaEvents":
        """What puts a streamed answer together."""
        return MediaEvents()


class Audio(Shape):
    """``POST /audio/...``: speech by its kind and size, transcripts whole."""

    def __init__(self, output_type: str) -> None:
        self.output_type = output_type

    def answered(self, body: Table) -> dict[str, Any]:
        """Usage."""
        return usage_attributes(body.get("usage"))

    def outputs(self, body: Table) -> Any:  # JSON
        """The transcript; sizes of speech."""
        if isinstance(body.get("text"), str):
            return body["text"]
        return slim(body)

    def events(self) -> "MediaEvents":
        """What puts a streamed answer together."""
        return MediaEvents()


class MediaEvents:
    """The events of a streamed image, speech or transcript: pieces of text, sizes of data."""

    def __init__(self) -> None:
        self.done = False
        self._text: list[str] = []
        self._bytes = 0
        self._last: dict[str, Any] = {}

    @property
    def ended(self) -> bool:
        """Whether nothing is missing."""
        return self.done

    def starts(self, data: str) -> bool:
        """Whether this event brings the first of the content."""
        return '.delta"' in data or "partial_image" in data or ".completed" in data

    def add(self, data: str) -> None:
        """Takes in one event."""
        if data[:6] == "[DONE]":
            self.done = True
            return
        event = table_of(_decode(data))
        kind = str(event.get("type"))
        if kind.endswith((".done", ".completed")):
            self.done = True
            self._last = dict(event)
        elif isinstance(event.get("delta"), str):
            self._text.append(event["delta"])
        audio = event.get("audio", event.get("data"))
        if isinstance(audio, str):
            self._bytes += len(audio) * 3 // 4

    def body(self) -> Table:
        """What has come so far."""
        found = {key: value for key, value in self._last.items() if key not in ("type", "audio")}
        if self._text and not isinstance(found.get("text"), str):
            found["text"] = "".join(self._text)
        if self._bytes:
            found["bytes"] = self._bytes
        usage = found.get("usage")
        return found if isinstance(usage, Mapping) else found | {"usage": None}
