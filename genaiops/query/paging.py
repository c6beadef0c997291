"""Orders and page tokens of listings: opaque text that says where the next page begins."""

import base64
import binascii
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, cast

from genaiops.errors import FilterError

__all__ = ["Order", "order", "pack", "unpack"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Which column a listing is sorted by, and which way."""

    column: str
    descending: bool

    @property
    def sql(self) -> str:
        """``column DESC`` with unknown values last."""
        return f"{self.column} {'DESC' if self.descending else 'ASC'} NULLS LAST"


def order(text: str, columns: Collection[str]) -> Order:
    """``"start_ns DESC"`` as an order.

    Args:
        text: A column, and ``ASC`` (when omitted) or ``DESC``; ``latency_ms`` is ``duration_ms``.
        columns: The columns that may be sorted by.

    Raises: FilterError when the text is something else.
    """
    words = text.split()
    column = words[0] if words else ""
    column = "duration_ms" if column == "latency_ms" else column
    way = words[1].upper() if len(words) > 1 else "ASC"
    if column not in columns or way not in ("ASC", "DESC") or len(words) > 2:
        raise FilterError(
            f"order_by {text!r} is not understood: use one of {', '.join(sorted(columns))}, "
            "followed by ASC or DESC"
        )
    return Order(column=column, descending=way == "DESC")


def pack(*values: int | str) -> str:
    """Values as an opaque page token."""
    text = json.dumps(values, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def unpack(token: str, *kinds: type) -> list[Any]:
    """The values of a page token. Raises FilterError when it is not one of the listing's own."""
    try:
        text = base64.urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
        loaded: object = json.loads(text)
    except (binascii.Error, ValueError):
        loaded = None
    values = cast("list[Any]", loaded) if isinstance(loaded, list) else []
    if [type(value) for value in values] != list(kinds):
        raise FilterError(f"page token {token!r} is not from this listing: start again without one")
    return values
