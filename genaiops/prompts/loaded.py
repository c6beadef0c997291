"""What a reference means: one version, or several with their shares."""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from genaiops.model.prompt import PromptVersion
from genaiops.prompts.names import LATEST, Reference
from genaiops.prompts.partials import included_texts
from genaiops.prompts.rows import arms_of, no_such_alias, read_version
from genaiops.prompts.version import Prompt, make_prompt
from genaiops.store import LocalStore, Reader

__all__ = ["Arm", "Loaded", "choose", "finder", "read_loaded"]


@dataclass(frozen=True, slots=True)
class Arm:
    """One version, and its share of the calls."""

    prompt: Prompt
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a reference meant when it was read; one arm, unless an alias is split."""

    arms: tuple[Arm, ...]


def choose(loaded: Loaded, reference: Reference, key: str | None) -> Prompt:
    """The version for this key: the same one every time, in every process; without a key by chance.

    Shares are stacked in order of the versions, so that a change of shares moves only those keys
    between versions that it has to.
    """
    if len(loaded.arms) == 1:
        return loaded.arms[0].prompt
    total = sum(arm.weight for arm in loaded.arms)
    place = total * (random.random() if key is None else _place(f"{reference}:{key}"))  # noqa: S311  no secret
    for arm in loaded.arms:
        place -= arm.weight
        if place < 0:
            return arm.prompt
    return loaded.arms[-1].prompt


def read_loaded(store: LocalStore, reference: Reference, timeout_s: float) -> Loaded:
    """Reads what a reference means, with everything that its template includes, in one look.

    Raises: NotFoundError, StoreError.
    """
    alias = None if reference.alias == LATEST else reference.alias
    with store.read(timeout_s=timeout_s) as reader:
        if alias is None:
            return Loaded((Arm(_prompt(reader, reference, None)),))
        arms = arms_of(reader, reference.name, alias)
        if not arms:
            no_such_alias(reader, reference.name, alias)
        return Loaded(
            tuple(
                Arm(_prompt(reader, Reference(reference.name, version=version), alias), weight)
                for version, weight in arms.items()
            )
        )


def finder(reader: Reader) -> Callable[[Reference], PromptVersion]:
    """Looks references up in an open store."""
    return partial(read_version, reader)


def _prompt(reader: Reader, reference: Reference, alias: str | None) -> Prompt:
    stored = read_version(reader, reference)
    included = (
        included_texts(stored.template, finder(reader)) if stored.syntax == "mustache" else {}
    )
    return make_prompt(stored, alias=alias, included=included)


def _place(text: str) -> float:
    """A number in [0, 1) that looks like chance and is the same everywhere."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
