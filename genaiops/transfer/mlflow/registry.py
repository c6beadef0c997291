"""MLflow's registry: prompts into ours, models as records for later."""

import json
from collections.abc import Mapping
from typing import Any

from genaiops.errors import PromptError
from genaiops.model.prompt import PromptVersion
from genaiops.prompts.content import make_content
from genaiops.prompts.history import keep_history
from genaiops.transfer.kept import keep_records
from genaiops.transfer.mlflow.records import Foreign, Model, Source
from genaiops.transfer.tally import Tally

__all__ = ["bring_registry"]

_IS_PROMPT = "mlflow.prompt.is_prompt"
_TEXT = "mlflow.prompt.text"
_TYPE = ("_mlflow_prompt_type", "mlflow.prompt.type")
_FORMAT = ("_mlflow_prompt_response_format", "mlflow.prompt.response_format")
_CONFIG = ("_mlflow_prompt_model_config", "mlflow.prompt.model_config")
_MS = 1_000_000


def bring_registry(source: Source, tally: Tally) -> None:
    """Prompts with versions and aliases; registered and logged models as records."""
    records: list[Foreign] = []
    for model in source.models():
        if model.tags.get(_IS_PROMPT, "").lower() == "true":
            _bring_prompt(model, tally)
        else:
            records += _records(model)
    records += source.foreign()
    kept = keep_records("mlflow", [(item.kind, item.name, item.data) for item in records])
    for item in records:
        tally.add(f"{item.kind.replace('_', ' ')}s", new=(item.kind, item.name) in kept)


def _records(model: Model) -> list[Foreign]:
    data = {**model.facts, "tags": dict(model.tags), "aliases": dict(model.aliases)}
    return [
        Foreign(kind="registered_model", name=model.name, data=data),
        *(
            Foreign(kind="model_version", name=f"{model.name}/{item['version']}", data=item)
            for item in model.versions
        ),
    ]


def _bring_prompt(model: Model, tally: Tally) -> None:
    versions: list[PromptVersion] = []
    for item in sorted(model.versions, key=lambda each: int(each["version"])):
        try:
            versions.append(_version(model.name, item))
        except PromptError as error:
            tally.problem(f"prompt {model.name!r}, version {item['version']}: stays out: {error}")
    tags = {key: value for key, value in model.tags.items() if key != _IS_PROMPT}
    try:
        kept = keep_history(
            model.name, versions, tags=tags, aliases=model.aliases, reason="imported from MLflow"
        )
    except PromptError as error:
        tally.problem(f"prompt {model.name!r} stays out: {error}")
        return
    for number in kept.taken:
        tally.problem(f"prompt {model.name!r}: the store has another version {number}, which stays")
    tally.add("prompts", new=bool(kept.versions))
    tally.add("prompt versions", len(versions), kept.versions)
    tally.add("prompt aliases", len(model.aliases), kept.aliases)


def _version(name: str, item: Mapping[str, Any]) -> PromptVersion:
    """Raises: PromptError for content that cannot be used."""
    tags: dict[str, str] = dict(item["tags"])
    text = tags.pop(_TEXT, None)
    if text is None:
        raise PromptError("it has no text")
    kind = _taken(tags, _TYPE)
    template: object = text
    if kind == "chat":
        template = _json(text)
    content = make_content(
        template,
        syntax="jinja2" if kind == "jinja2" or "{%" in text else "mustache",  # as MLflow decides
        response_format=_json(_taken(tags, _FORMAT)),
        model_config=_json(_taken(tags, _CONFIG)),
    )
    return PromptVersion(
        name=name,
        version=int(item["version"]),
        template=content.template,
        syntax=content.syntax,
        hash=content.hash,
        created_ns=int(item.get("creation_time") or item.get("creation_timestamp") or 0) * _MS,
        author=item.get("user_id") or None,
        message=item.get("description") or None,
        tags={key: value for key, value in tags.items() if key != _IS_PROMPT},
        response_format=content.response_format,
        model_config=content.model_config,
    )


def _taken(tags: dict[str, str], names: tuple[str, ...]) -> str | None:
    """The value under the first of the names that there is; all of them are removed."""
    values = [tags.pop(name, None) for name in names]
    return next((value for value in values if value is not None), None)


def _json(text: str | None) -> Any:  # any JSON value
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise PromptError(f"{text[:60]!r} is no JSON") from None
