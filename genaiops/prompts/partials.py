"""Prompts inside prompts: ``{{> other/prompt@alias}}``, pinned to a version when it is saved."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from genaiops.errors import PromptError
from genaiops.model.prompt import PromptVersion
from genaiops.prompts.names import Reference, parse_reference

__all__ = ["PARTIAL", "included_texts", "partials_in", "pinned"]

PARTIAL = re.compile(r"\{\{>[ \t]*+([^{}\n]{1,320}?)[ \t]*\}\}")
_DEEPEST = 20
_MOST_CHARACTERS = 2_000_000
Template = str | Sequence[Mapping[str, Any]]  # messages hold any JSON
Find = Callable[[Reference], PromptVersion]


def partials_in(template: Template) -> list[str]:
    """The references inside the partials of a template, as written, each once."""
    found: dict[str, None] = {}

    def note(text: str) -> str:
        found.update(dict.fromkeys(PARTIAL.findall(text)))
        return text

    _each_text(template, note)
    return list(found)


def pinned(template: Template, name: str, find: Find) -> Template:
    """The template with every reference replaced by the version that it means now.

    Args:
        template: Of a version of `name` that is about to be saved.
        name: Prompts that include this one, however far down, are refused.
        find: Looks a reference up.

    Raises: PromptError for a cycle or a prompt that is no text; NotFoundError.
    """
    if not partials_in(template):
        return template
    pins = {text: find(parse_reference(text)) for text in partials_in(template)}
    seen: set[tuple[str, int]] = set()
    for version in pins.values():
        _walk(version, (name,), find, seen)
    included_texts(template, find)

    def pin(match: re.Match[str]) -> str:
        version = pins[match[1]]
        return f"{{{{> {version.name}/{version.version}}}}}"

    return cast("Template", _each_text(template, lambda text: PARTIAL.sub(pin, text)))


def included_texts(template: Template, find: Find) -> dict[str, str]:
    """The texts of all included prompts, those that these include too, by reference.

    Raises: PromptError, NotFoundError.
    """
    found: dict[str, str] = {}
    sizes: dict[str, int] = {}

    def size(text: str, depth: int) -> int:
        if depth > _DEEPEST:
            raise PromptError(f"prompts include each other more than {_DEEPEST} deep: flatten them")
        total = len(text)
        for reference in PARTIAL.findall(text):
            if reference not in sizes:
                found[reference] = _text_of(find(parse_reference(reference)))
                sizes[reference] = size(found[reference], depth + 1)
            total += sizes[reference]
        if total > _MOST_CHARACTERS:
            raise PromptError(
                f"with the prompts it includes the template is longer than {_MOST_CHARACTERS:,} "
                f"characters: include less"
            )
        return total

    def measure(text: str) -> str:
        size(text, 0)
        return text

    _each_text(template, measure)
    return found


def _walk(
    version: PromptVersion, path: tuple[str, ...], find: Find, seen: set[tuple[str, int]]
) -> None:
    """Raises: PromptError when the version leads back to a name on the path."""
    if version.name in path:
        raise PromptError(
            f"prompts would include each other in a cycle ({' → '.join((*path, version.name))}): "
            f"move what they share into a third prompt"
        )
    if len(path) > _DEEPEST:
        raise PromptError(f"prompts include each other more than {_DEEPEST} deep: flatten them")
    if (version.name, version.version) in seen:
        return
    seen.add((version.name, version.version))
    for reference in dict.fromkeys(PARTIAL.findall(_text_of(version))):
        _walk(find(parse_reference(reference)), (*path, version.name), find, seen)


def _text_of(version: PromptVersion) -> str:
    if not isinstance(version.template, str) or version.syntax != "mustache":
        what = "a Jinja" if version.syntax != "mustache" else "a chat"
        raise PromptError(
            f"prompt '{version.name}/{version.version}' is {what} prompt, which no other can "
            f"include: include a text prompt"
        )
    return version.template


def _each_text(value: object, change: Callable[[str], str]) -> object:
    """The template with each of its texts changed; roles and keys are none."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        table = cast("Mapping[str, object]", value)
        return {
            key: item if key == "role" else _each_text(item, change) for key, item in table.items()
        }
    if isinstance(value, Sequence):
        return [_each_text(item, change) for item in cast("Sequence[object]", value)]
    return value
