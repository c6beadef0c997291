"""Variables with types: of a pydantic model at hand, or of the schema that a version is stored with."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from genaiops.errors import PromptError
from genaiops.prompts.schema import violations

__all__ = ["StoredTypes", "Typed", "check_fields", "typed_by"]


@dataclass(frozen=True, slots=True)
class StoredTypes:
    """The JSON schema of a version's variables.

    Attributes:
        schema: Of an object with a property for each variable.
        defaults: Values of those that may be left out.
    """

    schema: Mapping[str, Any]
    defaults: Mapping[str, Any]

    @classmethod
    def of(cls, schema: Mapping[str, Any] | None) -> "StoredTypes | None":
        """None for a version whose variables have no types."""
        if schema is None:
            return None
        fields = _fields(schema)
        return cls(
            schema, {name: item["default"] for name, item in fields.items() if "default" in item}
        )

    def completed(
        self, given: Mapping[str, object], bound: Mapping[str, object]
    ) -> dict[str, object]:
        """The values and the defaults of those that are neither given nor bound."""
        free = {name: value for name, value in self.defaults.items() if name not in bound}
        return {**free, **given}

    def check(self, given: Mapping[str, object], uri: str) -> None:
        """Raises: PromptError that says for each variable what does not fit."""
        names = [name for name in _fields(self.schema) if name in given]
        broken = [problem for name in names for problem in self._problems(name, given[name])]
        if broken:
            raise PromptError(f"prompt {uri!r} cannot be formatted: {'; '.join(broken[:5])}")

    def _problems(self, name: str, value: object) -> list[str]:
        """What is wrong with a value; text may also be the JSON of what is wanted, as in ``"3"``."""
        found = self._broken(name, _as_json(value))
        if found and isinstance(value, str):
            try:
                return self._broken(name, json.loads(value)) and found
            except (ValueError, RecursionError):
                return found
        return found

    def _broken(self, name: str, value: object) -> list[str]:
        only: dict[str, Any] = {**self.schema, "required": ()}
        return [text.removeprefix("$.") for text in islice(violations({name: value}, only), 5)]


@dataclass(frozen=True, slots=True)
class Typed:
    """A pydantic model class whose fields are the variables of a prompt."""

    model: Any  # a pydantic model class; pydantic is imported where it is used

    def values(self, given: Mapping[str, object], uri: str) -> dict[str, object]:
        """The values as the model has them, defaults included. Raises: PromptError."""
        from pydantic import ValidationError

        try:
            made = self.model.model_validate(dict(given))
        except ValidationError as error:
            found = "; ".join(
                f"{'.'.join(map(str, item['loc'])) or 'the values'}: {item['msg']}"
                for item in error.errors()[:5]
            )
            raise PromptError(f"prompt {uri!r} cannot be formatted: {found}") from error
        return {name: getattr(made, name) for name in self.model.model_fields}

    def defaults(self) -> frozenset[str]:
        """Names that need not be given."""
        fields = cast("Mapping[str, Any]", self.model.model_fields)
        return frozenset(name for name, field in fields.items() if not field.is_required())


def typed_by(model: object, variables: Sequence[str]) -> Typed:
    """Checks that the fields of a model are the variables of a template.

    Raises: PromptError that lists fields and variables without a counterpart.
    """
    found: object = getattr(model, "model_fields", None)
    if not isinstance(model, type) or not isinstance(found, Mapping):
        raise PromptError(f"the variables are typed by {model!r}: use a pydantic model class")
    _check_same(f"the model {model.__name__}", cast("Mapping[str, object]", found), variables)
    return Typed(model)


def check_fields(schema: Mapping[str, Any] | None, variables: Sequence[str]) -> None:
    """Checks that the properties of a schema are the variables of a template.

    Raises: PromptError that lists properties and variables without a counterpart.
    """
    if schema is not None:
        _check_same("variable_types", _fields(schema), variables)


def _check_same(what: str, fields: Mapping[str, object], variables: Sequence[str]) -> None:
    lacking = [name for name in variables if name not in fields]
    unused = [name for name in fields if name not in variables]
    parts = [
        f"{part} {', '.join(map(repr, names))}"
        for part, names in (("has no field for", lacking), ("has the unused", unused))
        if names
    ]
    if parts:
        raise PromptError(
            f"{what} {' and '.join(parts)}: its fields must be the variables of the template"
        )


def _fields(schema: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The properties; one that is `true` or `false` has no facts."""
    found = cast("Mapping[str, Mapping[str, Any] | bool]", schema.get("properties", {}))
    return {name: {} if isinstance(item, bool) else item for name, item in found.items()}


def _as_json(value: object) -> object:
    """The value as JSON has it: dates and the like are texts, models are tables."""
    from pydantic import TypeAdapter

    try:
        return TypeAdapter[object](object).dump_python(value, mode="json", fallback=repr)
    except ValueError:  # it holds itself
        return repr(value)
