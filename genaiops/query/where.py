"""Conditions put together from a filter text and from arguments, values bound."""

from dataclasses import dataclass, field
from typing import Any, Literal

from genaiops.query import fields
from genaiops.store.filter import parse

__all__ = ["Where"]


@dataclass(slots=True)
class Where:
    """A WHERE clause that grows: every part must hold."""

    parts: list[str] = field(default_factory=list[str])
    params: list[Any] = field(default_factory=list[Any])  # values of many types

    @classmethod
    def of(cls, view: Literal["traces", "spans"], text: str | None) -> "Where":
        """The condition of a filter text over a view. Raises FilterError."""
        made = cls()
        if text and text.strip():
            compiled = parse(text, fields.TRACES if view == "traces" else fields.SPANS)
            made.add(compiled.where, *compiled.params)
        return made

    def add(self, sql: str, *values: Any) -> None:  # values of many types
        """One more condition with its values."""
        self.parts.append(sql)
        self.params.extend(values)

    def add_if(self, sql: str, value: Any) -> None:  # a value of any type
        """One more condition, unless its value is None."""
        if value is not None:
            self.add(sql, value)

    @property
    def sql(self) -> str:
        """``WHERE …``, or nothing."""
        return "WHERE " + "\nAND ".join(self.parts) if self.parts else ""
