"""What `@trace` was told to record, and how arguments become a dict of parameter names."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Bind", "Options", "binder"]

Bind = Callable[[tuple[Any, ...], dict[str, Any]], Any]
"""``(args, kwargs) -> what is recorded as inputs``."""

_OWN = ("self", "cls", "mcs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a traced function records.

    Attributes:
        inputs: All arguments, none, those named, or what a function makes of the bound arguments.
        outputs: The result, nothing, or what a function makes of it.
        reduce: What becomes of the items of a stream.
    """

    inputs: bool | Sequence[str] | Callable[[dict[str, Any]], Any] = True
    outputs: bool | Callable[[Any], Any] = True
    reduce: Callable[[list[Any]], Any] | None = None

    @property
    def records_outputs(self) -> bool:
        """Whether anything is recorded as outputs."""
        return self.outputs is not False

    def output(self, result: Any) -> Any:  # whatever the function returned
        """What is recorded for a result."""
        return self.outputs(result) if callable(self.outputs) else result


def binder(function: Callable[..., Any], options: Options, *, owned: bool) -> Bind | None:
    """How calls of a function become its inputs; None when they are not recorded.

    Args:
        function: The function, unwrapped from classmethod and staticmethod.
        options: What to record.
        owned: The first parameter is the class, whatever its name.
    """
    if options.inputs is False:
        return None
    bind = _by_signature(function, owned=owned)
    wanted = options.inputs
    if callable(wanted):
        return lambda args, kwargs: wanted(bind(args, kwargs))
    if wanted is True:
        return bind
    names = frozenset(wanted)
    return lambda args, kwargs: {k: v for k, v in bind(args, kwargs).items() if k in names}


def _by_signature(  # noqa: C901  one binder chosen for speed, in one place
    function: Callable[..., Any], *, owned: bool
) -> Callable[[tuple[Any, ...], dict[str, Any]], dict[str, Any]]:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # a builtin without a signature
        return lambda args, kwargs: {"args": args} | kwargs if args else dict(kwargs)
    skip = 1 if parameters and (owned or parameters[0].name in _OWN) else 0
    by_place = [
        p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    names = tuple(by_place[skip:])
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "args")
    more = next((p.name for p in parameters if p.kind is p.VAR_KEYWORD), None)
    known = frozenset(p.name for p in parameters)
    defaults = {p.name: p.default for p in parameters[skip:] if p.default is not p.empty}
    places, named = len(by_place), len(names)

    def bind(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        given = len(args)
        if given == places and not kwargs and not defaults:
            return dict(zip(names, args[skip:] if skip else args, strict=True))
        bound = dict(zip(names, args[skip:], strict=False))
        if given > places:
            bound[rest] = args[places:]
        for name, default in defaults.items():
            if name not in bound:
                bound[name] = default
        if kwargs:
            _add(bound, kwargs, known, more)
        return bound

    def bind_one(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        if len(args) == 1 and not kwargs:
            return {only: args[0]}
        return bind(args, kwargs)

    if named == 1 and not skip and len(parameters) == 1:
        only = names[0]
        return bind_one
    return bind


def _add(
    bound: dict[str, Any], kwargs: Mapping[str, Any], known: frozenset[str], more: str | None
) -> None:
    """Adds keyword arguments; those the signature does not name stand under its ``**name``."""
    for name, value in kwargs.items():
        if name in known or more is None:
            bound[name] = value
        else:
            bound.setdefault(more, {})[name] = value
