"""Registering and loading prompt versions."""

import getpass
import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

from opentelemetry.trace import get_current_span

from genaiops.errors import ConflictError, NotFoundError, PromptError, StoreError
from genaiops.model import semconv
from genaiops.model.prompt import PromptVersion
from genaiops.prompts.cache import cache_of
from genaiops.prompts.commits import commit
from genaiops.prompts.content import Content, make_content
from genaiops.prompts.names import LATEST, Reference, check_name, parse_reference
from genaiops.prompts.rows import newest_version, read_version
from genaiops.prompts.version import Prompt, make_prompt
from genaiops.store import Store, Txn, current_store

__all__ = ["author_name", "load_prompt", "register_prompt"]

_log = logging.getLogger("genaiops.prompts")
Template = str | Sequence[Mapping[str, Any]]  # messages hold any JSON


def register_prompt(
    name: str,
    template: Template,
    *,
    commit_message: str | None = None,
    tags: Mapping[str, str] | None = None,
    response_format: object = None,
    model_config: Mapping[str, Any] | None = None,
    tools: Sequence[Mapping[str, Any]] | None = None,
    syntax: str = "mustache",
) -> Prompt:
    """Stores the next version of a prompt; versions count 1, 2, 3 … without gaps.

    Content that is the same as the newest version's makes no new version: that one is returned,
    its `created` is False, and a log line says so.

    Args:
        name: Folders are separated by ``/``: ``qa/answer``.
        template: Text, or chat messages; ``{{name}}`` is a variable.
        commit_message: Why this version is made.
        tags: Tags of this version.
        response_format: JSON schema or pydantic model that answers must satisfy.
        model_config: Model and parameters that belong to the version.
        tools: Tool definitions that belong to the version.
        syntax: ``mustache``.

    Returns: The version, ready to format.
    Raises: PromptError when a part cannot be used; ConflictError when the name holds chat
        messages and this is text, or the reverse; StoreError.
    """
    check_name(name)
    content = make_content(
        template,
        syntax=syntax,
        response_format=response_format,
        model_config=model_config,
        tools=tools,
    )
    wanted = PromptVersion(
        name=name,
        version=0,
        template=content.template,
        syntax=content.syntax,
        hash=content.hash,
        created_ns=time.time_ns(),
        author=author_name(),
        message=commit_message,
        tags=_tags(tags),
        response_format=content.response_format,
        model_config=content.model_config,
        tools=content.tools,
    )
    store = current_store()
    stored, created = commit(store, partial(_add_version, wanted=wanted, kind=content.kind))
    prompt = make_prompt(stored, created=created)
    cache = cache_of(store.uri)
    cache.keep_version(prompt)
    if created:
        cache.forget_alias(name, LATEST)
    else:
        _log.info("prompt %r has this content as version %d: nothing new", name, prompt.version)
    return prompt


def load_prompt(
    reference: str,
    *,
    fallback: Template | None = None,
    max_age_s: float = 60.0,
    key: str | None = None,
) -> Prompt:
    """A prompt version, from the memory of this process when it is there.

    Versions never change, so they are read once. What an alias means is asked again after
    `max_age_s`; a move made by this process is seen at once, and while the store cannot be read
    the last known answer stands. Inside a span, the span is marked with the version.

    Args:
        reference: ``name@alias``, ``name/3``, ``name`` (the newest), each also after
            ``prompts:/``.
        fallback: Template to use when the prompt is not there or the store cannot be read; the
            prompt made of it has version 0.
        max_age_s: Seconds for which a known alias is taken as it is.
        key: Will choose the arm of a split alias; refused until aliases can be split.

    Raises: PromptError, NotFoundError, StoreError; the last two only without `fallback`.
    """
    if key is not None:
        raise PromptError(f"key={key!r} chooses the arm of a split alias, which is not built yet")
    wanted = parse_reference(reference)
    try:
        store = current_store()
        cache = cache_of(store.uri)
        prompt = cache.find(wanted, max_age_s)
        if prompt is None:
            prompt = cache.load(wanted, max_age_s, partial(_read, store))
    except (NotFoundError, StoreError) as error:
        if fallback is None:
            raise
        _log.warning("prompt %r is answered with its fallback, because %s", reference, error)
        return _from_template(wanted, fallback)
    _mark_span(prompt)
    return prompt


def author_name() -> str | None:
    """Who runs this program, None when the machine does not know."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # which one depends on platform and Python version
        return None


def _read(store: Store, reference: Reference) -> Prompt:
    with store.read() as reader:
        stored = read_version(reader, reference)
    return make_prompt(stored, alias=None if reference.alias == LATEST else reference.alias)


def _add_version(txn: Txn, *, wanted: PromptVersion, kind: str) -> tuple[PromptVersion, bool]:
    """The version that now holds the wanted content, and whether it was added."""
    newest = newest_version(txn, wanted.name)
    if newest is not None and newest.hash == wanted.hash:
        return newest, False
    kinds = txn.query("SELECT kind FROM data.prompts WHERE name = ?", [wanted.name]).rows
    if kinds and kinds[0][0] != kind:
        raise ConflictError(
            f"prompt {wanted.name!r} is a {kinds[0][0]} prompt, and this is a {kind} template: "
            f"programs that load it expect the one kind, so register the other under another name"
        )
    if not kinds:
        txn.execute(
            "INSERT INTO data.prompts (name, kind, tags, created_ns) VALUES (?, ?, ?, ?)",
            [wanted.name, kind, "{}", wanted.created_ns],
        )
    number = 1 if newest is None else newest.version + 1
    txn.execute(
        """
        INSERT INTO data.prompt_versions (
          name, version, template, syntax, model_config, response_format, tools, tags, message,
          author, created_ns, hash
        )
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
            wanted.name,
            number,
            json.dumps(wanted.template),
            wanted.syntax,
            _json(wanted.model_config),
            _json(wanted.response_format),
            _json(wanted.tools),
            json.dumps(wanted.tags),
            wanted.message,
            wanted.author,
            wanted.created_ns,
            wanted.hash,
        ],
    )
    return replace(wanted, version=number), True


def _from_template(reference: Reference, template: Template) -> Prompt:
    content: Content = make_content(template)
    stored = PromptVersion(
        name=reference.name,
        version=0,
        template=content.template,
        syntax=content.syntax,
        hash=content.hash,
        created_ns=time.time_ns(),
    )
    return make_prompt(stored)


def _mark_span(prompt: Prompt) -> None:
    span = get_current_span()
    if not span.is_recording():
        return
    span.set_attribute(semconv.PROMPT_NAME, prompt.name)
    span.set_attribute(semconv.PROMPT_VERSION, prompt.version)
    span.set_attribute(semconv.PROMPT_HASH, prompt.hash)
    if prompt.alias is not None:
        span.set_attribute(semconv.PROMPT_ALIAS, prompt.alias)


def _tags(tags: object) -> dict[str, str]:
    if tags is None:
        return {}
    if not isinstance(tags, Mapping):
        raise PromptError(f"tags is a {type(tags).__name__}: use a dict of texts")
    return {str(key): str(value) for key, value in cast("Mapping[object, object]", tags).items()}


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value)
