"""Variables typed by a pydantic model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from genaiops.errors import PromptError

__all__ = ["Typed", "typed_by"]


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
    fields = list(cast("Mapping[str, object]", found))
    lacking = [name for name in variables if name not in fields]
    unused = [name for name in fields if name not in variables]
    parts = [
        f"{what} {', '.join(map(repr, names))}"
        for what, names in (("has no field for", lacking), ("has the unused", unused))
        if names
    ]
    if parts:
        raise PromptError(
            f"the model {model.__name__} {' and '.join(parts)}: its fields must be the variables "
            f"of the template"
        )
    return Typed(model)
