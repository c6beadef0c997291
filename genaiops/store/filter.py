"""The filter language: text to a tree to a WHERE clause with bound values.

    name = 'rag' AND latency_ms > 500 AND status = 'error' AND tags.team = 'a'
    model IN ('gpt-5', 'gpt-5-mini') OR NOT inputs ILIKE '%secret%'
    contains(inputs, 'text') AND tags.`release train` IS NOT NULL

Operators: = != <> < <= > >= LIKE ILIKE IN IS NULL, with NOT; contains(field, 'text'); AND, OR, NOT
and parentheses. Text stands in single or double quotes (doubled inside), names with other
characters in back-ticks. No text of a filter ever becomes SQL.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from genaiops.errors import FilterError

__all__ = ["Compiled", "Field", "Fields", "parse"]

Kind = Literal["text", "number", "list", "any"]
Value = str | float | bool
MAX_CHARS = 10_000
MAX_DEPTH = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What a name of the filter language means in SQL.

    Attributes:
        sql: Expression of the value; for keyed fields (``tags.team``) with one ``?`` for the key.
        kind: ``text``, ``number``, ``list`` (a list of texts: any of them may match) or ``any``
            (compared as the literal is).
        wrap: Where the whole condition goes, ``{}``; for values that stand in another view.
        key: How the key is bound: as it is, or as a JSON path.
        booleans: How false and true stand in text of kind ``any``.
    """

    sql: str
    kind: Kind = "text"
    wrap: str = "{}"
    key: Literal["plain", "json"] = "plain"
    booleans: tuple[str, str] = ("false", "true")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The names that a filter may use: plain ones and, by prefix, keyed ones.

    Attributes:
        told: What messages say of them, where many names mean the same.
    """

    plain: Mapping[str, Field]
    keyed: Mapping[str, Field]
    told: str = ""

    def names(self) -> str:
        """Every name, for messages."""
        if self.told:
            return self.told
        return ", ".join([*sorted(self.plain), *(f"{prefix}.KEY" for prefix in sorted(self.keyed))])


@dataclass(frozen=True, slots=True)
class Compiled:
    """A WHERE condition (without the word) and the values of its ``?``, in order."""

    where: str
    params: Sequence[Any]


def parse(text: str, fields: Fields) -> Compiled:
    """Compiles a filter.

    Raises: FilterError that shows where, what was expected, and which names there are.
    """
    if len(text) > MAX_CHARS:
        raise FilterError(f"the filter has {len(text)} characters: use at most {MAX_CHARS}")
    parser = _Parser(text, fields)
    where = parser.disjunction(0)
    parser.expect_end()
    return Compiled(where, parser.params)


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\w.])
    | (?P<name>(?:[A-Za-z_][\w]*|`[^`]+`)(?:\.(?:[\w-]+|`[^`]+`|"[^"]+"))*)
    | (?P<mark><=|>=|!=|<>|==|=|<|>|\(|\)|,)
    )""",
    re.VERBOSE,
)
_KEYWORDS = {"AND", "OR", "NOT", "IN", "LIKE", "ILIKE", "IS", "NULL", "TRUE", "FALSE"}
_COMPARE = {"=": "=", "==": "=", "!=": "<>", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int

    @property
    def keyword(self) -> str:
        upper = self.text.upper()
        return upper if self.kind == "name" and upper in _KEYWORDS else ""


class _Parser:
    """Recursive descent; writes SQL as it goes, so the values keep the order of their marks."""

    def __init__(self, text: str, fields: Fields) -> None:
        self.text = text
        self.fields = fields
        self.params: list[Any] = []
        self.tokens = self._split()
        self.at = 0

    def disjunction(self, depth: int) -> str:
        if depth > MAX_DEPTH:
            raise FilterError(f"the filter is nested deeper than {MAX_DEPTH}: simplify it")
        parts = [self.conjunction(depth)]
        while self._take_keyword("OR"):
            parts.append(self.conjunction(depth))
        return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"

    def conjunction(self, depth: int) -> str:
        parts = [self.negation(depth)]
        while self._take_keyword("AND"):
            parts.append(self.negation(depth))
        return parts[0] if len(parts) == 1 else f"({' AND '.join(parts)})"

    def negation(self, depth: int) -> str:
        if self._take_keyword("NOT"):
            if depth > MAX_DEPTH:
                raise FilterError(f"the filter is nested deeper than {MAX_DEPTH}: simplify it")
            return f"NOT coalesce({self.negation(depth + 1)}, false)"
        if self._take_mark("("):
            inner = self.disjunction(depth + 1)
            if not self._take_mark(")"):
                self._fail("a closing parenthesis")
            return inner
        return self.condition()

    def condition(self) -> str:
        name = self._next("a field name")
        if name.kind != "name" or name.keyword:
            self._fail("a field name", name)
        if name.text.lower() == "contains" and self._take_mark("("):
            return self._contains()
        field, key = self._field(name)
        before = len(self.params)
        if key is not None:
            self.params.append(key)
        return field.wrap.format(self._operation(field, name, self.params[before:]))

    def expect_end(self) -> None:
        if self.at < len(self.tokens):
            self._fail("AND, OR or the end")

    def _operation(self, field: Field, name: _Token, keys: list[Any]) -> str:
        negated = self._take_keyword("NOT")
        token = self._next("an operator")
        if token.keyword == "IS" and not negated:
            absent = not self._take_keyword("NOT")
            if not self._take_keyword("NULL"):
                self._fail("NULL")
            return f"{field.sql} IS {'' if absent else 'NOT '}NULL"
        if token.keyword == "IN":
            sql = self._membership(field, name, keys)
        elif token.keyword in ("LIKE", "ILIKE"):
            sql = self._pattern(field, name, token.keyword)
        elif token.text in _COMPARE and token.kind == "mark" and not negated:
            sql = self._comparison(field, name, _COMPARE[token.text])
        else:
            self._fail("an operator such as = or LIKE", token)
        return f"NOT coalesce({sql}, false)" if negated else sql

    def _comparison(self, field: Field, name: _Token, operator: str) -> str:
        value = self._value(field, name)
        if field.kind == "list":
            if operator not in ("=", "<>"):
                raise FilterError(f"{name.text!r} is a list: use =, !=, IN, LIKE or ILIKE")
            found = f"list_contains({field.sql}, ?)"
            return found if operator == "=" else f"NOT coalesce({found}, false)"
        return f"{_typed(field, value)} {operator} ?"

    def _pattern(self, field: Field, name: _Token, word: str) -> str:
        token = self._next("a pattern in quotes")
        if token.kind != "text":
            self._fail("a pattern in quotes", token)
        if field.kind == "number":
            raise FilterError(f"{name.text!r} is a number: use =, <, <=, > or >=")
        self.params.append(_unquoted(token.text))
        if field.kind == "list":
            return f"len(list_filter({field.sql}, lambda x: x {word} ?)) > 0"
        return f"{field.sql} {word} ?"

    def _membership(self, field: Field, name: _Token, keys: list[Any]) -> str:
        if not self._take_mark("("):
            self._fail("a list in parentheses")
        values: list[Value] = []
        start = len(self.params)
        while True:
            values.append(self._value(field, name))
            if self._take_mark(")"):
                break
            if not self._take_mark(","):
                self._fail("a comma or a closing parenthesis")
        del self.params[start:]
        parts: list[str] = []
        for number, value in enumerate(values):  # a list field or a key is bound anew each time
            self.params.extend(keys if number else [])
            self.params.append(value)
            wanted = f"list_contains({field.sql}, ?)"
            parts.append(wanted if field.kind == "list" else f"{_typed(field, value)} = ?")
        return f"({' OR '.join(parts)})"

    def _contains(self) -> str:
        name = self._next("a field name")
        field, key = self._field(name)
        if key is not None:
            self.params.append(key)
        if not self._take_mark(","):
            self._fail("a comma")
        token = self._next("a text in quotes")
        if token.kind != "text":
            self._fail("a text in quotes", token)
        self.params.append(_unquoted(token.text))
        if not self._take_mark(")"):
            self._fail("a closing parenthesis")
        if field.kind in ("number", "list"):
            raise FilterError(f"contains() looks into text, {name.text!r} is a {field.kind}")
        return field.wrap.format(f"contains({field.sql}, ?)")

    def _value(self, field: Field, name: _Token) -> Value:
        token = self._next("a value")
        value: Value
        if token.kind == "text":
            value = _unquoted(token.text)
        elif token.kind == "number":
            value = float(token.text) if _fraction(token.text) else int(token.text)
        elif token.keyword in ("TRUE", "FALSE"):
            value = token.keyword == "TRUE"
        else:
            self._fail("a number, or a text in quotes", token)
        if field.kind == "number" and isinstance(value, str):
            raise FilterError(f"{name.text!r} is a number, {token.text} is text: drop the quotes")
        if field.kind in ("text", "list") and not isinstance(value, str):
            raise FilterError(f"{name.text!r} is text: write {token.text!r} in quotes")
        if field.kind == "any" and isinstance(value, bool):
            value = field.booleans[value]
        self.params.append(value)
        return value

    def _field(self, name: _Token) -> tuple[Field, str | None]:
        """The field of a name, and the key to bind for a keyed one."""
        parts = re.findall(r"`[^`]+`|\"[^\"]+\"|[^.`\"]+", name.text)
        plain = name.text.replace("`", "")
        if plain in self.fields.plain:
            return self.fields.plain[plain], None
        prefix, rest = parts[0], [part.strip('`"') for part in parts[1:]]
        if rest and prefix in self.fields.keyed:
            field = self.fields.keyed[prefix]
            key = ".".join(rest)
            return field, f'$."{key.replace(chr(34), "")}"' if field.key == "json" else key
        raise FilterError(
            f"unknown field {name.text!r} in the filter: use one of {self.fields.names()}"
        )

    def _split(self) -> list[_Token]:
        tokens: list[_Token] = []
        at = 0
        while at < len(self.text.rstrip()):
            match = _TOKEN.match(self.text, at)
            if match is None or match.lastgroup is None:
                rest = self.text[at:].strip()
                raise FilterError(
                    f"the filter cannot be read at {rest[:30]!r}: check quotes and operators"
                )
            kind = match.lastgroup
            tokens.append(_Token(kind, match.group(kind), match.start(kind)))
            at = match.end()
        if not tokens:
            raise FilterError("the filter is empty: leave it out, or write name = 'x'")
        return tokens

    def _next(self, expected: str) -> _Token:
        if self.at >= len(self.tokens):
            self._fail(expected)
        self.at += 1
        return self.tokens[self.at - 1]

    def _take_keyword(self, word: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at].keyword == word:
            self.at += 1
            return True
        return False

    def _take_mark(self, mark: str) -> bool:
        here = self.tokens[self.at] if self.at < len(self.tokens) else None
        if here is not None and here.kind == "mark" and here.text == mark:
            self.at += 1
            return True
        return False

    def _fail(self, expected: str, token: _Token | None = None) -> NoReturn:
        if token is None and self.at < len(self.tokens):
            token = self.tokens[self.at]
        where = "its end" if token is None else f"{self.text[token.at :][:30]!r}"
        raise FilterError(f"the filter cannot be understood at {where}: expected {expected}")


def _typed(field: Field, value: Value) -> str:
    """The field's expression, cast to a number where an untyped one meets a number."""
    if field.kind == "any" and not isinstance(value, str):
        return f"TRY_CAST({field.sql} AS DOUBLE)"
    return field.sql


def _unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote)


def _fraction(text: str) -> bool:
    return any(mark in text for mark in ".eE")
