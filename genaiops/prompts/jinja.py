"""Jinja templates, for those who ask for them: a part of the language, in bounded time and size.

Loops, conditions, filters and tests over plain values; no loader, no macro, no call but a few
methods of texts and tables. What is allowed is a list, everything else is refused when the
template is saved. Every step of a loop and every filter looks at the clock, so rendering ends.
The sandbox is a second fence, not the first.
"""

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, partial, wraps
from typing import TYPE_CHECKING, Any, cast

from genaiops.errors import PromptError
from genaiops.prompts.jinja_rules import FILTERS, TESTS, bind, check, uses

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import ImmutableSandboxedEnvironment

__all__ = ["JinjaText", "plain_value"]

MOST_SOURCE = 100_000
MOST_OUTPUT = 2_000_000
MOST_SECONDS = 1.0
_WIDEST = 8
_MISSING = "Jinja templates need Jinja: pip install 'genaiops[jinja]'"


@dataclass(slots=True)
class _Meter:
    """What one rendering may still spend."""

    ends_s: float

    def tick(self) -> None:
        if time.monotonic() > self.ends_s:
            raise PromptError(
                f"the Jinja template took longer than {MOST_SECONDS:g} s and was stopped: "
                f"loop over less"
            )

    def fits(self, size: float) -> None:
        if size > MOST_OUTPUT:
            raise PromptError(
                f"the Jinja template makes a text of more than {MOST_OUTPUT:,} characters: "
                f"let it make less"
            )


_meter: ContextVar[_Meter] = ContextVar("genaiops_jinja_meter")


@dataclass(frozen=True, slots=True)
class JinjaText:
    """A compiled Jinja template: names it uses, and those that may be left out."""

    names: tuple[str, ...]
    optional: frozenset[str]
    _template: "Template" = field(repr=False)

    @classmethod
    def of(cls, source: str) -> "JinjaText":
        """Raises: PromptError for what is no Jinja, or more of it than is allowed here."""
        if len(source) > MOST_SOURCE:
            raise PromptError(
                f"the Jinja template is {len(source):,} characters long, more than "
                f"{MOST_SOURCE:,}: pass long texts as variables"
            )
        environment = _environment()
        from jinja2 import TemplateError, meta

        try:
            tree = environment.parse(source)
            names = meta.find_undeclared_variables(tree) - {"range", "loop"}
            check(tree)
            used = [name for name in uses(tree) if name[0] in names]
            bind(tree)
            compiled = environment.from_string(tree)
        except (TemplateError, SyntaxError, RecursionError, ValueError, MemoryError) as error:
            raise PromptError(f"the Jinja template cannot be used: {_line(error)}") from error
        ordered = tuple(dict.fromkeys(name for name, _ in used))
        asked = {name for name, guarded in used if guarded}
        return cls(ordered, frozenset(asked), compiled)

    def render(self, values: Mapping[str, Any]) -> str:
        """The text. Raises: PromptError when it fails, takes too long or grows too large."""
        meter = _Meter(time.monotonic() + MOST_SECONDS)
        token = _meter.set(meter)
        own = {name: values[name] for name in self.names if name in values}
        pieces: list[str] = []
        size = 0
        try:
            for piece in self._template.generate(own):
                size += len(piece)
                meter.fits(size)
                meter.tick()
                pieces.append(piece)
        except PromptError:
            raise
        except Exception as error:
            raise PromptError(f"the Jinja template cannot be rendered: {_line(error)}") from error
        finally:
            _meter.reset(token)
        return "".join(pieces)


def plain_value(value: object, name: str) -> object:
    """A value as a Jinja template may see it: JSON, or a pydantic model as its fields.

    Raises: PromptError for any other object: a template could reach into it.
    """
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        value = dump(mode="json")
    if isinstance(value, str):
        return value if type(value) is str else "".join(value)
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise PromptError(
            f"the value of {name!r} is a {type(value).__name__} that is no JSON ({error}): "
            f"pass text, numbers, lists and tables"
        ) from error
    _meter_free(len(text), name)
    return json.loads(text)


def _meter_free(size: int, name: str) -> None:
    if size > MOST_OUTPUT:
        raise PromptError(f"the value of {name!r} is longer than {MOST_OUTPUT:,} characters")


def _line(error: BaseException) -> str:
    said = str(error).strip().splitlines()
    return f"{said[0] if said else type(error).__name__}"[:300]


@cache
def _environment() -> "ImmutableSandboxedEnvironment":
    try:
        from jinja2 import StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ImportError as error:
        raise PromptError(_MISSING) from error

    class Environment(ImmutableSandboxedEnvironment):
        """Operators that could make much out of little ask for the size first."""

        intercepted_binops = frozenset({"*", "%", "+"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            del context
            _meter.get().tick()
            return _operated(operator, left, right)

    environment = Environment(
        loader=None,
        undefined=StrictUndefined,
        autoescape=False,
        finalize=_shown,
        keep_trailing_newline=True,
        cache_size=0,
        auto_reload=False,
    )
    environment.globals = {"range": environment.globals["range"]}
    own = {
        "concatenated": _concatenated,
        "join": _join,
        "measured": _measured,
        "replace": _replace,
        "round": partial(_round, environment.filters["round"]),
        "tojson": _tojson,
    }
    filters = {name: environment.filters[name] for name in FILTERS} | own
    ticked: Any = {name: _ticked(filters[name]) for name in filters} | {"ticking": _ticking}
    environment.filters = ticked  # their type lists the functions of Jinja
    environment.tests = {name: _ticked(environment.tests[name]) for name in TESTS}
    return environment


def _operated(operator: str, left: Any, right: Any) -> Any:
    numbers = all(isinstance(side, int | float) for side in (left, right))
    texts = operator == "+" and all(isinstance(side, str) for side in (left, right))
    if not numbers and not texts:
        raise PromptError(
            f"the Jinja template applies {operator!r} to a {type(left).__name__} and a "
            f"{type(right).__name__}: use it on numbers, or ~ to put texts together"
        )
    if operator == "+":
        return _measured(left + right)
    if operator == "*":
        return _measured(left * right)
    return left % right


def _ticked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter or test, looking at the clock whenever it is called; items come as a list."""

    @wraps(function)
    def ticked(*args: Any, **kwargs: Any) -> Any:
        meter = _meter.get(None)
        if meter is not None:  # Jinja folds constants when it compiles
            meter.tick()
        result = function(*args, **kwargs)
        return list(cast("Iterator[Any]", result)) if isinstance(result, Iterator) else result

    return ticked


def _ticking(items: Iterable[Any]) -> Iterator[Any]:
    meter = _meter.get()
    for item in items:
        meter.tick()
        yield item


def _measured(value: Any) -> Any:
    """The value, when it is not too large to go on with."""
    if isinstance(value, str):
        _fits(len(value))
    elif isinstance(value, int):
        _fits(0 if value.bit_length() < 10_000 else math.inf)
    return value


def _concatenated(first: Any, *more: Any) -> str:
    texts = [str(item) for item in (first, *more)]
    _fits(sum(map(len, texts)))
    return "".join(texts)


def _round(
    rounded: Callable[..., Any], value: Any, precision: int = 0, method: str = "common"
) -> Any:
    _fits(0 if abs(precision) <= 20 else math.inf)
    return rounded(value, precision, method)


def _shown(value: Any) -> Any:
    """What is put into the text: values, and nothing of Jinja's or Python's own."""
    if value is None or isinstance(value, str | int | float | list | dict | tuple):
        return value  # pyright: ignore[reportUnknownVariableType]  a list of anything
    from jinja2 import Undefined

    if isinstance(value, Undefined):
        return value  # says by itself that it is missing
    raise PromptError(
        f"the Jinja template would write out a {type(value).__name__}: write out values, or use "
        f"the filter list"
    )


def _tojson(value: Any, indent: int | None = None) -> str:
    if indent is not None and not (isinstance(indent, int) and 0 <= indent <= _WIDEST):  # pyright: ignore[reportUnnecessaryIsInstance]  a template gives it
        raise PromptError(
            f"the Jinja template indents JSON by {indent!r:.40}: use a number from 0 to {_WIDEST}"
        )
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _join(value: Iterable[Any], d: str = "", attribute: str | int | None = None) -> str:
    items = list(value)
    if attribute is not None:
        items = [item[attribute] for item in items]
    texts = [str(item) for item in items]
    _fits(sum(map(len, texts)) + len(str(d)) * len(texts))
    return str(d).join(texts)


def _replace(s: str, old: str, new: str, count: int = -1) -> str:
    text = str(s)
    times = text.count(old) if count < 0 else min(count, text.count(old))
    _fits(len(text) + times * len(new))
    return text.replace(old, new, count)


def _fits(size: float) -> None:
    meter = _meter.get(None)
    (meter or _Meter(0.0)).fits(size)
