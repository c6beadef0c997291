"""A prompt version as a Markdown file: facts at the top, then the text or the messages.

    ---
    name: "qa/answer"
    version: 3
    hash: "4f0c…"
    model_config: {"model": "openai/gpt-5-mini"}
    ---
    <!-- system -->
    Answer briefly.
    <!-- user -->
    {{question}}

Each fact is JSON, which YAML reads too; a long one goes on in indented lines. A text prompt has no
message marks. A line of a text that looks like a mark gets a backslash, which reading takes away.
What a text file cannot hold unchanged (a carriage return) stands as the fact ``template``.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from genaiops.errors import PromptError
from genaiops.prompts.names import check_name

__all__ = ["PromptFile", "read_markdown", "write_markdown"]

_FENCE = "---"
_KEYS = (
    "name",
    "version",
    "hash",
    "syntax",
    "commit_message",
    "tags",
    "model_config",
    "response_format",
    "tools",
    "variable_types",
    "template",
)
_KEY = re.compile(r"([a-z_]+):(?:[ \t]+(.*))?")
_MARK = re.compile(r"<!-- ([A-Za-z][\w-]{0,49}|\+)(?: (\{.*\}))? -->")
_ESCAPED = re.compile(r"<!-- \\(\\*(?:[A-Za-z][\w-]{0,49}|\+)(?: \{.*\})?) -->")
_LOOKS_LIKE = re.compile(r"<!-- (\\*(?:[A-Za-z][\w-]{0,49}|\+)(?: \{.*\})?) -->")
_QUOTED = re.compile(r"'((?:[^']|'')*)'")  # as YAML has it
_NARROW = 100
Json = Any  # any JSON value


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptFile:
    """What a file says.

    Attributes:
        version: The version that the file was pulled from or pushed as, 0 for a new one.
        hash: Hash of that version, empty for a new one.
        template: Text or messages, as edited.
        commit_message: Why that version was made; what was changed since says `push`.
    """

    name: str
    version: int = 0
    hash: str = ""
    template: str | list[dict[str, Json]]
    syntax: str = "mustache"
    commit_message: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    model_config: Mapping[str, Json] | None = None
    response_format: Mapping[str, Json] | None = None
    tools: Sequence[Mapping[str, Json]] | None = None
    variable_types: Mapping[str, Json] | None = None


def write_markdown(file: PromptFile) -> str:
    """The text of the file; reading it gives the same again."""
    whole = _written(file, file.template)
    try:
        same = read_markdown(whole, "").template == file.template
    except PromptError:
        same = False
    return whole if same else _written(file, None)


def read_markdown(text: str, where: str) -> PromptFile:
    """What the file says.

    Args:
        text: The file.
        where: Its path, for messages.

    Raises: PromptError that names the line which cannot be read.
    """
    if text.startswith(f"{_FENCE}\r\n"):
        text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    if lines[0].rstrip() != _FENCE:
        raise PromptError(
            f"{where!r} does not begin with a line '---': see `genaiops prompts pull`"
        )
    end = next((n for n, line in enumerate(lines) if n and line.rstrip() == _FENCE), None)
    if end is None:
        raise PromptError(f"{where!r} has no line '---' that ends its facts")
    facts = _facts(lines[1:end], where)
    if not isinstance(facts.get("name"), str):
        raise PromptError(f'{where!r} has no name: write a line such as name: "qa/answer"')
    try:
        check_name(facts["name"])
    except PromptError as error:
        raise PromptError(f"{where!r}: {error}") from error
    if "template" not in facts:
        facts["template"] = _body(lines[end + 1 :], where)
    values = {key: value for key, value in facts.items() if value is not None}
    return PromptFile(**values)


def _written(file: PromptFile, body: str | list[dict[str, Json]] | None) -> str:
    lines = [_FENCE]
    for key in _KEYS[:-1]:
        value: Json = getattr(file, key)
        if value or key in ("name", "version"):
            lines.append(_fact(key, _plain(value)))
    if body is None:
        lines.append(_fact("template", file.template))
    lines.append(_FENCE)
    if isinstance(body, str):
        lines += _text(body)
    elif body is not None:
        for message in body:
            lines += _message(message)
    return "\n".join(lines) + "\n"


def _plain(value: Json) -> Json:
    return dict(cast("Mapping[str, Json]", value)) if isinstance(value, Mapping) else value


def _fact(key: str, value: Json) -> str:
    short = json.dumps(value, ensure_ascii=False)
    if len(short) + len(key) <= _NARROW or isinstance(value, str | int):
        return f"{key}: {short}"
    wide = json.dumps(value, ensure_ascii=False, indent=2)
    return f"{key}:\n" + "\n".join(f"  {line}" for line in wide.split("\n"))


def _facts(lines: Sequence[str], where: str) -> dict[str, Json]:
    found: dict[str, list[str]] = {}
    key = ""
    for number, line in enumerate(lines, start=2):
        match = _KEY.fullmatch(line)
        if match is not None and match[1] in _KEYS and match[1] not in found:
            key = match[1]
            found[key] = [match[2] or ""]
        elif key and (line.startswith((" ", "\t")) or not line.strip()):
            found[key].append(line)
        elif line.strip() and not line.startswith("#"):
            raise PromptError(
                f"{where!r}, line {number}: {line[:60]!r} is none of the facts {', '.join(_KEYS)}"
            )
    return {name: _value(name, "\n".join(pieces).strip(), where) for name, pieces in found.items()}


def _value(key: str, text: str, where: str) -> Json:
    """JSON; plain words, and those in single quotes, are taken where a text is wanted."""
    try:
        value: Json = json.loads(text) if text else None
    except (ValueError, RecursionError) as error:
        if key in ("name", "hash", "commit_message", "syntax") and text[:1] not in '"{[':
            quoted = _QUOTED.fullmatch(text)
            return quoted[1].replace("''", "'") if quoted else text
        raise PromptError(f"{where!r}: {key} is no JSON ({error})") from error
    wanted: dict[str, type | tuple[type, ...]] = {
        "version": int,
        "tags": dict,
        "model_config": dict,
        "response_format": dict,
        "tools": list,
        "variable_types": dict,
        "template": (str, list),
    }
    if value is not None and not isinstance(value, wanted.get(key, str)):
        raise PromptError(f"{where!r}: {key} is a {type(value).__name__}")
    return value


def _text(text: str) -> list[str]:
    return [_LOOKS_LIKE.sub(_escape, line) for line in text.split("\n")]


def _escape(match: re.Match[str]) -> str:
    return f"<!-- \\{match[1]} -->" if match[0] == match.string else match[0]


def _unescape(match: re.Match[str]) -> str:
    return f"<!-- {match[1]} -->" if match[0] == match.string else match[0]


def _message(message: Mapping[str, Json]) -> Iterator[str]:
    """The mark with the role and what else there is; then the text, or each part with a mark."""
    content = message.get("content")
    rest = {key: value for key, value in message.items() if key not in ("role", "content")}
    if "content" in message and content is None:
        rest["content"] = None
    yield _mark(str(message["role"]), rest)
    if isinstance(content, str):
        yield from _text(content)
    elif isinstance(content, list):
        for part in cast("list[dict[str, Json]]", content):
            if part.keys() == {"type", "text"} and part["type"] == "text":
                yield _mark("+", {})
                yield from _text(part["text"])
            else:
                yield _mark("+", part)
        if not content:
            yield _mark("+", {"none": True})


def _mark(what: str, rest: Mapping[str, Json]) -> str:
    return f"<!-- {what} {json.dumps(rest, ensure_ascii=False)} -->" if rest else f"<!-- {what} -->"


def _body(lines: list[str], where: str) -> str | list[dict[str, Json]]:
    if lines and not lines[-1]:
        lines = lines[:-1]  # the line break that ends the file
    first = next((line for line in lines if line.strip()), "")
    if not _MARK.fullmatch(first):
        return _joined(lines)
    messages: list[dict[str, Json]] = []
    for match, texts in _sections(lines):
        rest = _rest(match[2], where)
        if match[1] == "+":
            if not messages:
                raise PromptError(f"{where!r} begins with a part: write <!-- user --> before it")
            _add_part(messages[-1], rest, texts)
        elif texts or not rest:
            messages.append({"role": match[1], "content": _joined(texts)} | rest)
        else:
            messages.append({"role": match[1], **rest})
    return messages


def _sections(lines: Sequence[str]) -> Iterator[tuple[re.Match[str], list[str]]]:
    opened: tuple[re.Match[str], list[str]] | None = None
    for line in lines:
        match = _MARK.fullmatch(line)
        if match is not None:
            if opened is not None:
                yield opened
            opened = (match, [])
        elif opened is not None:
            opened[1].append(line)
    if opened is not None:
        yield opened


def _add_part(message: dict[str, Json], rest: dict[str, Json], texts: Sequence[str]) -> None:
    before = message.get("content")
    parts = cast("list[Json]", before if isinstance(before, list) else [])
    if not rest:
        parts.append({"type": "text", "text": _joined(texts)})
    elif rest != {"none": True}:
        parts.append(rest)
    message["content"] = parts


def _rest(text: str | None, where: str) -> dict[str, Json]:
    try:
        return json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        raise PromptError(f"{where!r}: the mark with {text!r} holds no JSON ({error})") from error


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(_ESCAPED.sub(_unescape, line) for line in lines)
