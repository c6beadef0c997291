"""Masking of secrets and personal data, before anything is written.

Encoded JSON is searched for traces of a secret first; only when one is found is it decoded, walked
and encoded again. The searches are for single bytes (memchr) that all patterns of a group share.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec

from genaiops.config import Redactor

__all__ = ["NAMES", "Masker", "RedactionError", "suspicious"]

_SECRET = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"sk-[A-Za-z0-9_-]{16,}"  # OpenAI, Anthropic and compatible providers
    r"|A[KS]IA[0-9A-Z]{16}"
    r"|AIza[0-9A-Za-z_-]{30,}"
    r"|gh[oprsu]_[A-Za-z0-9]{20,}"
    r"|github_pat_[A-Za-z0-9_]{20,}"
    r"|xox[a-z]-[A-Za-z0-9-]{10,}"
    r"|gk_[A-Za-z0-9_-]{16,}"  # keys of our own gateway
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)"
    r"|(?<=(?i:bearer) )[A-Za-z0-9._~+/-]{16,}=*"
)
_KEY_NAMES = (
    r"authorization|api[_-]?key|access[_-]?key|private[_-]?key|passwords?|passwd|passphrase"
    r"|token|secrets?|cookies?"
)
_SECRET_KEY = re.compile(rf"(?:.*[^a-z0-9])?(?:x?)(?:{_KEY_NAMES})|.*(?:token|secret|password)")
_EMBEDDED = re.compile(
    rf"(\\*\"[\w-]*(?:{_KEY_NAMES})\\*\"\s*:\s*\\*\")((?:[^\"\\]|\\[^\"])+)", re.IGNORECASE
)

_DASH = re.compile(rb"-(?:(?<=sk-)|(?<=xox.-))").search
_UNDERSCORE = re.compile(rb"_(?:(?<=gh[oprsu]_)|(?<=_pat_)|(?<=gk_))").search
_CAPITAL_I = re.compile(rb"I(?:(?<=AKI)|(?<=ASI)|(?<=AI)za)").search
_CAPITAL_J = re.compile(rb"J(?<=eyJ)").search
_CAPITAL_B = re.compile(rb"B(?i:earer) ").search
_SMALL_B = re.compile(rb"b(?i:earer) ").search
_ENDS = "key ord rds swd ase ken ret ets kie ies"  # of the names in _KEY_NAMES
_ENDINGS = frozenset(
    spelled.encode()
    for end in _ENDS.split()
    for spelled in (end, end[1:] + "\\", "ion", "on\\", "tio")  # the latter three: authorization
)
_END = "|".join("".join(f"[{c}{c.upper()}]" for c in end) for end in _ENDS.split())
_KEY_PATTERN = re.compile(
    rf':(?:(?<=(?:{_END})":)|(?<=(?:{_END})\\":)|(?<=[Zz][Aa][Tt][Ii][Oo][Nn]:)'
    r'|(?<=[Zz][Aa][Tt][Ii][Oo][Nn]":)|(?<=[Zz][Aa][Tt][Ii][Oo][Nn]\\":))'.encode()
)
_KEY, _KEY_AT = _KEY_PATTERN.search, _KEY_PATTERN.match
_FEW_COLONS = 8

_decode = msgspec.json.Decoder().decode


class RedactionError(Exception):
    """A redactor failed, so the content must not be written."""


def suspicious(text: bytes) -> bool:
    """Whether encoded JSON may hold a secret; False is certain, True needs a closer look.

    A single byte is looked for by memchr, so a long text without any costs next to nothing.
    """
    if 45 in text and _DASH(text):  # "-"
        return True
    if 95 in text and _UNDERSCORE(text):  # "_"
        return True
    if 73 in text and _CAPITAL_I(text):  # "I"
        return True
    if 74 in text and _CAPITAL_J(text):  # "J"
        return True
    if 66 in text and _CAPITAL_B(text):  # "B"
        return True
    if 98 in text and _SMALL_B(text):  # "b"
        return True
    if 58 not in text:  # ":"
        return False
    return bool(_KEY(text)) if len(text) < 512 else _has_secret_key(text)


def _has_secret_key(text: bytes) -> bool:
    """Looks at what stands before each colon of a long text; the pattern is slow there."""
    at = text.find(58)
    for _ in range(_FEW_COLONS):
        if at < 0:
            return False
        if text[at - 4 : at - 1].lower() in _ENDINGS and _KEY_AT(text, at):
            return True
        at = text.find(58, at + 1)
    if at < 0:
        return False
    before = b":".join([part[-4:-1] for part in text.split(b":")])
    return not _ENDINGS.isdisjoint(before.lower().split(b":")) and _KEY(text) is not None


class Masker:
    """Masks encoded JSON and plain texts by the setting ``redact``.

    Secrets are always masked. Further rules are names of `NAMES` or callables
    ``(path, value) -> value``, called for every value from the outside in.
    """

    def __init__(self, rules: Sequence[str | Redactor], encode: Callable[[Any], bytes]) -> None:
        self._encode = encode
        self._names = [NAMES[rule] for rule in rules if isinstance(rule, str)]
        self._callables = [rule for rule in rules if not isinstance(rule, str)]
        self.thorough = bool(rules)

    def clean(self, encoded: bytes, path: str) -> bytes:
        """The JSON with everything masked that must be. Raises RedactionError."""
        if not self.thorough and not suspicious(encoded):
            return encoded
        try:
            return self._encode(self._walk(_decode(encoded), path))
        except RedactionError:
            raise
        except Exception as error:
            raise RedactionError(f"{path} cannot be masked: {error}") from error

    def text(self, text: str, path: str) -> str:
        """A plain text, masked. Raises RedactionError."""
        value = self._walk(text, path)
        return value if isinstance(value, str) else self._encode(value).decode()

    def _walk(self, value: Any, path: str) -> Any:  # any JSON value
        for rule in self._callables:
            try:
                value = rule(path, value)
            except Exception as error:
                raise RedactionError(f"a redactor failed on {path}: {error}") from error
        if isinstance(value, str):
            return self._mask(value)
        if isinstance(value, dict):
            table = cast("dict[str, Any]", value)
            return {
                self._mask(key): "[REDACTED]"
                if _is_secret_key(key) and item is not None and not isinstance(item, int | float)
                else self._walk(item, f"{path}.{key}")
                for key, item in table.items()
            }
        if isinstance(value, list):
            items = cast("list[Any]", value)
            return [self._walk(item, f"{path}[{i}]") for i, item in enumerate(items)]
        return value

    def _mask(self, text: str) -> str:
        text = _SECRET.sub("[REDACTED]", text)
        if '"' in text:
            text = _EMBEDDED.sub(r"\1[REDACTED]", text)
        for mask in self._names:
            text = mask(text)
        return text


def _is_secret_key(key: str) -> bool:
    return _SECRET_KEY.fullmatch(key.lower()) is not None


def _by_pattern(
    name: str, pattern: str, check: Callable[[str], bool] | None = None
) -> Callable[[str], str]:
    compiled = re.compile(pattern)
    mask = f"[{name.upper()}]"

    def replace(found: re.Match[str]) -> str:
        return mask if check is None or check(found[0]) else found[0]

    return lambda text: compiled.sub(replace, text)


def _luhn(text: str) -> bool:
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [
        digit if i % 2 == 0 else sum(divmod(digit * 2, 10))
        for i, digit in enumerate(reversed(digits))
    ]
    return 13 <= len(digits) <= 19 and sum(doubled) % 10 == 0


def _iban(text: str) -> bool:
    """ISO 13616: the letters as numbers, the first four characters last, remainder 1 of 97."""
    plain = text.replace(" ", "")
    number = "".join(str(int(character, 36)) for character in plain[4:] + plain[:4])
    return int(number) % 97 == 1


def _phone(text: str) -> bool:
    return 8 <= sum(character.isdigit() for character in text) <= 15


def _ip(text: str) -> bool:
    if ":" in text:
        return text.count(":") >= 2 and ("::" in text or text.count(":") == 7)
    return all(int(part) < 256 for part in text.split("."))


NAMES: dict[str, Callable[[str], str]] = {
    "email": _by_pattern(
        "email", r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+"
    ),
    "phone": _by_pattern(
        "phone", r"(?<![\w.])(?:\+\d|\(?0\d|\d{3}[-. ])[\d ()./-]{6,18}\d(?!\w)", _phone
    ),
    "credit_card": _by_pattern("credit_card", r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)", _luhn),
    "iban": _by_pattern("iban", r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b", _iban),
    "api_key": _by_pattern(
        "api_key", r"(?<![A-Za-z0-9])(?:[a-z]{2,8}[-_])+(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{20,}"
    ),
    "ip": _by_pattern(
        "ip",
        r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])"
        r"|(?<![\w:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])",
        _ip,
    ),
}
"""The maskers that the setting ``redact`` knows by name: those of `genaiops.config.REDACTORS`."""
