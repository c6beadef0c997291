"""A prompt version in the hand of the program: formatted, compared, its answers parsed."""

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, NoReturn

from genaiops.errors import PromptError
from genaiops.model.prompt import FormattedMessages, FormattedText, PromptRef, PromptVersion
from genaiops.prompts import requests
from genaiops.prompts.diff import PromptDiff, diff_versions
from genaiops.prompts.schema import schema_of, violations
from genaiops.prompts.template import JINJA2, MUSTACHE, Compiled, compile_template
from genaiops.prompts.typed import StoredTypes, Typed, typed_by
from genaiops.prompts.values import as_recorded, as_values

__all__ = ["Prompt", "make_prompt"]

_FENCED = re.compile(r"```(?:json|JSON)?[ \t]*\n(.*?)\n[ \t]*```", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Prompt:
    """One immutable version of a prompt, as `load_prompt` and `register_prompt` return it.

    Attributes:
        stored: The version as it stands in the store.
        alias: The alias it was loaded by, None when it was loaded by number or as the newest.
        created: Whether the call that returned this made a new version.
        included: Text of each prompt that the template includes, by reference.
    """

    stored: PromptVersion
    alias: str | None = None
    created: bool = field(default=False, compare=False)
    included: Mapping[str, str] = field(default_factory=dict[str, str], compare=False)
    _compiled: Compiled = field(compare=False)
    _needed: frozenset[str] = field(compare=False)
    _types: StoredTypes | None = field(default=None, compare=False)
    _bound: Mapping[str, Any] = field(default_factory=dict[str, Any])
    _typed: Typed | None = None

    def __repr__(self) -> str:
        alias = "" if self.alias is None else f", alias={self.alias!r}"
        return f"Prompt({self.uri!r}{alias}, variables={self.variables!r})"

    @property
    def name(self) -> str:
        """The name, folders included."""
        return self.stored.name

    @property
    def version(self) -> int:
        """The number, from 1; 0 for a `fallback=` that is in no store."""
        return self.stored.version

    @property
    def template(self) -> str | list[dict[str, Any]]:
        """The text, or a copy of the chat messages, as registered."""
        stored = self.stored.template
        if isinstance(stored, str):
            return stored
        return [copy.deepcopy(dict(message)) for message in stored]

    @property
    def variables(self) -> tuple[str, ...]:
        """Names that `format` still needs, in order of appearance."""
        return tuple(name for name in self._compiled.variables if name not in self._bound)

    @property
    def model_config(self) -> dict[str, Any] | None:
        """A copy of the model and parameters that belong to the version."""
        return copy.deepcopy(dict(self.stored.model_config)) if self.stored.model_config else None

    @property
    def response_format(self) -> dict[str, Any] | None:
        """A copy of the JSON schema that answers must satisfy."""
        stored = self.stored.response_format
        return None if stored is None else copy.deepcopy(dict(stored))

    @property
    def tools(self) -> list[dict[str, Any]] | None:
        """A copy of the definitions of tools."""
        stored = self.stored.tools
        return None if stored is None else [copy.deepcopy(dict(tool)) for tool in stored]

    @property
    def variable_types(self) -> dict[str, Any] | None:
        """A copy of the JSON schema that the values of variables must satisfy."""
        stored = self.stored.variable_types
        return None if stored is None else copy.deepcopy(dict(stored))

    @property
    def tags(self) -> dict[str, str]:
        """Tags of the version."""
        return dict(self.stored.tags)

    @property
    def commit_message(self) -> str | None:
        """Why the version was made."""
        return self.stored.message

    @property
    def hash(self) -> str:
        """SHA-256 (hex) of everything that is part of the version."""
        return self.stored.hash

    @property
    def uri(self) -> str:
        """The address that always means this version: ``prompts:/name/3``."""
        return f"prompts:/{self.name}/{self.version}" if self.version else f"prompts:/{self.name}"

    def format(self, /, **values: object) -> FormattedText | FormattedMessages:
        """The template with each variable replaced once; values are never looked into.

        Args:
            values: Text (members of an enum by their value, others as ``str`` has them) by name
                of the variable; for a placeholder a list of messages.

        Returns: A str, or a list of messages, that remembers this version, so that the call it is
            sent with is linked to it.
        Raises: PromptError that lists missing and unknown variables, or values that do not fit
            the types of the version.
        """
        if self._typed is not None:
            values = self._checked(values)
        if self._types is not None:
            values = self._types.completed(values, self._bound)
        given = as_values(values, self._compiled, self.stored.syntax)
        if self._bound:
            given = {**self._bound, **given}
        if given.keys() != self._needed:
            self._check(given)
        if self._types is not None:
            self._types.check(values, self.uri)
        plain = self.stored.syntax == MUSTACHE and not self._compiled.placeholders
        ref = self._ref(given if plain else as_recorded(given))
        rendered = self._compiled.render(given)
        if isinstance(rendered, str):
            return FormattedText(rendered, ref)
        return FormattedMessages(rendered, ref)

    def partial(self, /, **values: object) -> "Prompt":
        """The same version with some variables given; `format` needs the others.

        Raises: PromptError that lists unknown variables.
        """
        given = as_values(values, self._compiled, self.stored.syntax)
        if not given.keys() <= set(self._compiled.variables):
            self._refuse({**dict.fromkeys(self._compiled.variables, ""), **given})
        if self._types is not None:
            self._types.check(values, self.uri)
        return replace(self, _bound={**self._bound, **given})

    def typed(self, model: object) -> "Prompt":
        """The same version whose values a pydantic model checks, converts and completes.

        Args:
            model: A pydantic model class whose fields are the variables.

        Raises: PromptError that lists fields and variables without a counterpart.
        """
        return replace(self, _typed=typed_by(model, self._compiled.variables))

    def to_openai(self, /, **values: object) -> dict[str, Any]:
        """Keyword arguments of ``client.chat.completions.create``: messages and all settings.

        Raises: PromptError that lists missing and unknown variables.
        """
        return requests.openai_request(self.format(**values), self.stored)

    def to_anthropic(self, /, **values: object) -> dict[str, Any]:
        """Keyword arguments of ``client.messages.create``: system, messages and all settings.

        Raises: PromptError that lists missing and unknown variables, or names what Anthropic's
            messages cannot hold.
        """
        return requests.anthropic_request(self.format(**values), self.stored)

    def to_langchain(self) -> Any:  # a class of langchain-core, which is optional
        """A LangChain ``PromptTemplate`` or ``ChatPromptTemplate``; literal braces are escaped.

        Raises: PromptError for a Jinja template, or when langchain-core is missing.
        """
        from genaiops.prompts.langchain import langchain_template

        if self.stored.syntax == JINJA2:
            raise PromptError(
                f"prompt {self.uri!r} is a Jinja template, which LangChain would run without "
                f"limits: format it here and pass the text"
            )
        return langchain_template(self._compiled, self._bound, self._ref({}))

    def diff(self, other: "Prompt") -> PromptDiff:
        """What changes from this version to the other one, word by word."""
        if not isinstance(other, Prompt):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without types
            raise PromptError(
                f"a prompt is compared with a prompt, not a {type(other).__name__}: load_prompt it"
            )
        return diff_versions(self.stored, other.stored)

    def parse(self, text: str) -> Any:  # any JSON
        """The JSON of a model's answer, checked against the response format.

        Args:
            text: The answer; JSON in a fenced block with words around it is found.

        Raises: PromptError when the version has no response format, or the answer breaks it.
        """
        if self.stored.response_format is None:
            raise PromptError(
                f"prompt {self.uri!r} has no response format to parse an answer with: "
                f"register a version with response_format="
            )
        value = _json_in(text, self.uri)
        broken = list(islice(violations(value, schema_of(self.stored.response_format)), 5))
        if broken:
            raise PromptError(
                f"the answer breaks the response format of {self.uri!r}: {'; '.join(broken)}"
            )
        return value

    def _ref(self, values: Mapping[str, Any]) -> PromptRef:
        return PromptRef(
            name=self.name,
            version=self.version,
            hash=self.hash,
            alias=self.alias,
            variables=values,
        )

    def _check(self, given: Mapping[str, object]) -> None:
        known = set(self._compiled.variables)
        if not given.keys() <= known or known - given.keys() - self._compiled.optional:
            self._refuse(given)

    def _checked(self, values: Mapping[str, object]) -> dict[str, object]:
        """The values after the model; what it does not know is said as without a model."""
        assert self._typed is not None  # noqa: S101  the caller looked
        given = {**self._bound, **values}
        known = dict.fromkeys(self._typed.defaults(), "")
        self._check({**known, **given})
        return self._typed.values(given, self.uri)

    def _refuse(self, given: Mapping[str, object]) -> NoReturn:
        known = self._compiled.variables
        optional = self._compiled.optional
        missing = [name for name in known if name not in given and name not in optional]
        unknown = [name for name in given if name not in known]
        parts = [
            f"{what} {', '.join(map(repr, names))}"
            for what, names in (("missing", missing), ("unknown", unknown))
            if names
        ]
        takes = f"it takes {', '.join(map(repr, known))}" if known else "it takes no variables"
        raise PromptError(f"prompt {self.uri!r} cannot be formatted: {'; '.join(parts)}: {takes}")


def make_prompt(
    stored: PromptVersion,
    *,
    alias: str | None = None,
    created: bool = False,
    included: Mapping[str, str] | None = None,
) -> Prompt:
    """A stored version made ready to format."""
    texts = included or {}
    compiled = compile_template(stored.template, syntax=stored.syntax, included=texts)
    return Prompt(
        stored=stored,
        alias=alias,
        created=created,
        included=texts,
        _compiled=compiled,
        _needed=frozenset(compiled.variables),
        _types=StoredTypes.of(stored.variable_types),
    )


def _json_in(text: str, uri: str) -> Any:  # any JSON
    fenced = _FENCED.search(text)
    try:
        return json.loads(fenced.group(1) if fenced else text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise PromptError(
            f"the answer to {uri!r} is no JSON ({error}): it begins {text.strip()[:80]!r}"
        ) from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
