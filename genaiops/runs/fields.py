"""MLflow's filters and orders as SQL, over runs and over experiments."""

import re
from collections.abc import Sequence

from genaiops.errors import FilterError
from genaiops.query.run_fields import EXPERIMENTS, IS_NAN, RUNS
from genaiops.runs import given
from genaiops.store.filter import Compiled, Fields, parse

__all__ = ["EXPERIMENTS", "RUNS", "condition", "ordering"]

_ORDER = re.compile(r"(?P<name>.+?)(?:\s+(?P<way>ASC|DESC))?\s*", re.IGNORECASE | re.DOTALL)
_KEY = re.compile(r"`[^`]+`|\"[^\"]+\"|[^\s,`\"]+")


def condition(filter_string: object, fields: Fields) -> Compiled:
    """The filter as SQL; nothing is no condition. Raises FilterError, ConfigError."""
    text = given.text(filter_string or "", "filter")
    return parse(text, fields) if text.strip() else Compiled("true", ())


def ordering(order_by: Sequence[str], fields: Fields, last: str) -> tuple[str, list[str]]:
    """SQL of an order, unknown values last and NaN before them, and the keys it binds.

    Args:
        order_by: Such as ``metrics.acc DESC``; keys with other characters in back-ticks.
        fields: The names that may be used.
        last: SQL of what decides between equals.

    Raises: FilterError.
    """
    parts: list[str] = []
    keys: list[str] = []
    for item in order_by:
        match = _ORDER.fullmatch(given.text(item, "order").strip())
        name = match.group("name") if match else item
        way = (match.group("way") or "ASC").upper() if match else "ASC"
        plain = name.replace("`", "").replace('"', "")
        prefix, _, key = name.partition(".")
        if plain in fields.plain:
            parts.append(f"{fields.plain[plain].sql} {way} NULLS LAST")
        elif _KEY.fullmatch(key) and prefix in fields.keyed:
            sql = fields.keyed[prefix].sql
            if prefix in ("metric", "metrics"):  # NaN behind the numbers, then runs without it
                keys.append(key.strip('`"'))
                parts.append(f"{IS_NAN.sql} NULLS LAST")
            keys.append(key.strip('`"'))
            parts.append(f"{sql} {way} NULLS LAST")
        else:
            raise FilterError(f"nothing can be ordered by {item!r}: use one of {fields.names()}")
    return ", ".join([*parts, last]), keys
