"""Registering and loading prompt versions."""

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
from genaiops.prompts.author import author_name
from genaiops.prompts.cache import cache_of
from genaiops.prompts.commits import commit
from genaiops.prompts.content import Content, make_content, with_template
from genaiops.prompts.loaded import choose, finder
from genaiops.prompts.names import LATEST, Reference, check_name, check_text, parse_reference
from genaiops.prompts.partials import included_texts, partials_in, pinned
from genaiops.prompts.rows import insert_version, newest_version
from genaiops.prompts.tags import checked_tags
from genaiops.prompts.template import JINJA2, compile_template
from genaiops.prompts.typed import check_fields
from genaiops.prompts.version import Prompt, make_prompt
from genaiops.store import Txn, current_store

__all__ = ["add_version", "load_prompt", "register_prompt"]

_log = logging.getLogger("genaiops.prompts")
Template = str | Sequence[Mapping[str, Any]]  # messages hold any JSON


def register_prompt(  # noqa: PLR0913  the parts of a version
    name: str,
    template: Template,
    *,
    commit_message: str | None = None,
    tags: Mapping[str, str] | None = None,
    response_format: object = None,
    model_config: Mapping[str, Any] | None = None,
    tools: Sequence[Mapping[str, Any]] | None = None,
    syntax: str = "mustache",
    variable_types: object = None,
) -> Prompt:
    """Stores the next version of a prompt; versions count 1, 2, 3 … without gaps.

    Content that is the same as the newest version's makes no new version: that one is returned,
    its `created` is False, and a log line says so.

    Args:
        name: Folders are separated by ``/``: ``qa/answer``.
        template: Text, or chat messages; ``{{name}}`` is a variable, ``{{> other@alias}}`` the
            text of another prompt, pinned to the version that it means now.
        commit_message: Why this version is made.
        tags: Tags of this version.
        response_format: JSON schema or pydantic model that answers must satisfy.
        model_config: Model and parameters that belong to the version.
        tools: Tool definitions that belong to the version.
        syntax: ``mustache``; ``jinja2`` for a template of the part of Jinja that is allowed here;
            ``f-string`` for one with ``{name}``, which is turned into ``{{name}}``.
        variable_types: A pydantic model (or JSON schema) whose fields are the variables: values
            that do not fit are refused and those with a default may be left out, in every
            process that loads the version.

    Returns: The version, ready to format.
    Raises: PromptError when a part cannot be used; NotFoundError when the template includes a
        prompt that is not there; ConflictError when the name holds chat messages and this is
        text, or the reverse; StoreError.
    """
    check_name(name)
    content = make_content(
        template,
        syntax=syntax,
        response_format=response_format,
        model_config=model_config,
        tools=tools,
        variable_types=variable_types,
    )
    return add_version(name, content, message=commit_message, tags=checked_tags(tags))


def add_version(
    name: str,
    content: Content,
    *,
    message: str | None,
    tags: Mapping[str, str],
    expected: str | None = None,
) -> Prompt:
    """Stores checked content as the next version, unless the newest one holds it already.

    Args:
        name: A checked name.
        content: What `make_content` made.
        message: Why.
        tags: Of the version.
        expected: Hash of what the newest version must be, empty for none at all; None for any.

    Raises: As `register_prompt`, and ConflictError when the newest version is another one.
    """
    if message is not None:
        check_text(message, "commit_message")
    wanted = PromptVersion(
        name=name,
        version=0,
        template=content.template,
        syntax=content.syntax,
        hash=content.hash,
        created_ns=time.time_ns(),
        author=author_name(),
        message=message,
        tags=tags,
        response_format=content.response_format,
        model_config=content.model_config,
        tools=content.tools,
        variable_types=content.variable_types,
    )
    store = current_store()
    change = partial(_add_version, wanted=wanted, content=content, expected=expected)
    stored, created, included = commit(store, change)
    prompt = make_prompt(stored, created=created, included=included)
    cache = cache_of(store)
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

    Versions never change, so they are read once. What an alias means is asked again before
    `max_age_s` is over, in the background; a move made by this process is seen at once. While the
    store cannot be read, the last known answer stands: from memory, or after a restart from a copy
    in the user's cache folder. Inside a span, the span is marked with the version.

    Args:
        reference: ``name@alias``, ``name/3``, ``name`` (the newest), each also after
            ``prompts:/``.
        fallback: Template to use when the prompt is not there or the store cannot be read; the
            prompt made of it has version 0.
        max_age_s: Seconds for which a known alias may be taken as it is.
        key: Chooses the version of a split alias: a user or a session gets the same one each
            time. Without, each load is by chance.

    Raises: PromptError, NotFoundError, StoreError; the last two only without `fallback`.
    """
    wanted = parse_reference(reference)
    if type(max_age_s) is not float or not max_age_s >= 0:  # nan is not either
        _check_age(max_age_s)
    store = current_store()
    cache = cache_of(store)
    loaded = cache.find(wanted, max_age_s)
    if loaded is None:
        # A fallback that cannot be used is said at the first load, not in the first outage.
        spare = None if fallback is None else _from_template(wanted, fallback)
        try:
            loaded = cache.load(wanted, max_age_s)
        except (NotFoundError, StoreError) as error:
            if spare is None:
                raise
            topic = "store" if isinstance(error, StoreError) else str(wanted)
            text = "prompt %r is answered with its fallback, because %s"
            cache.warn(topic, text, reference, error)
            return spare
    prompt = choose(loaded, wanted, key)
    _mark_span(prompt)
    return prompt


def _add_version(
    txn: Txn, *, wanted: PromptVersion, content: Content, expected: str | None
) -> tuple[PromptVersion, bool, dict[str, str]]:
    """The version that now holds the wanted content, whether it was added, what it includes."""
    find = finder(txn)
    included: dict[str, str] = {}
    if content.syntax != JINJA2 and partials_in(content.template):
        template = pinned(content.template, wanted.name, find)
        content = with_template(content, cast("str | list[dict[str, Any]]", template))
        wanted = replace(wanted, template=content.template, hash=content.hash)
        included = included_texts(content.template, find)
        compiled = compile_template(content.template, included=included)
        check_fields(content.variable_types, compiled.variables)
    newest = newest_version(txn, wanted.name)
    if newest is not None and newest.hash == wanted.hash:
        return newest, False, included
    if expected is not None and expected != ("" if newest is None else newest.hash):
        raise ConflictError(
            f"prompt {wanted.name!r} got "
            f"{'a version' if newest is None else f'version {newest.version}'} from someone else "
            f"in the meantime: look at it, then try again"
        )
    kind = content.kind
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
    added = replace(wanted, version=number)
    insert_version(txn, added)
    return added, True, included


def _check_age(max_age_s: object) -> None:
    number = isinstance(max_age_s, int | float)
    if not number or isinstance(max_age_s, bool) or not max_age_s >= 0:
        raise PromptError(f"max_age_s is {max_age_s!r:.100}: use a number of seconds, 0 or more")


def _from_template(reference: Reference, template: Template) -> Prompt:
    try:
        content = make_content(template)
        stored = PromptVersion(
            name=reference.name,
            version=0,
            template=content.template,
            syntax=content.syntax,
            hash=content.hash,
            created_ns=time.time_ns(),
        )
        return make_prompt(stored)
    except PromptError as error:
        raise PromptError(f"the fallback of {str(reference)!r} cannot be used: {error}") from error


def _mark_span(prompt: Prompt) -> None:
    span = get_current_span()
    if not span.is_recording():
        return
    span.set_attribute(semconv.PROMPT_NAME, prompt.name)
    span.set_attribute(semconv.PROMPT_VERSION, prompt.version)
    span.set_attribute(semconv.PROMPT_HASH, prompt.hash)
    if prompt.alias is not None:
        span.set_attribute(semconv.PROMPT_ALIAS, prompt.alias)
