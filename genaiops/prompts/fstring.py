"""Templates written for ``str.format`` and f-strings, turned into ``{{name}}``."""

from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any, cast

from genaiops.errors import PromptError
from genaiops.prompts.partials import PARTIAL
from genaiops.prompts.template import cut

__all__ = ["from_fstring"]

Template = str | Sequence[Mapping[str, Any]]  # messages hold any JSON


def from_fstring(template: Template) -> Template:
    """The same template with ``{{name}}`` for ``{name}`` and single braces for doubled ones.

    Raises: PromptError for what ``{{name}}`` cannot say: attributes, indexes, conversions, format
        specifications, and literal text that would be a variable.
    """
    return cast("Template", _convert(template))


def _convert(value: object) -> object:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        table = cast("Mapping[str, object]", value)
        return {key: item if key == "role" else _convert(item) for key, item in table.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_convert(item) for item in cast("Sequence[object]", value)]
    return value


def _text(text: str) -> str:
    literals = [""]
    names: list[str] = []
    try:
        pieces = list(Formatter().parse(text))
    except ValueError as error:
        raise PromptError(f"the f-string template cannot be read: {error}") from error
    for literal, name, spec, conversion in pieces:
        literals[-1] += literal
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            shown = f"{name}{'!' + conversion if conversion else ''}{':' + spec if spec else ''}"
            raise PromptError(
                f"the f-string template has {'{' + shown + '}'!r}, which is more than a name: "
                f"format the value before it is passed"
            )
        names.append(name)
        literals.append("")
    made = "".join(
        literal + (f"{{{{{name}}}}}" if name else "")
        for literal, name in zip(literals, [*names, ""], strict=True)
    )
    if PARTIAL.search(made) or cut(made)[1::2] != names or cut(made)[::2] != literals:
        raise PromptError(
            f"the f-string template has literal text that would read as a variable or a partial "
            f"in {made[:80]!r}: put a space into its braces, or register it as 'mustache'"
        )
    return made
