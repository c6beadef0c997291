"""Prompts as files in a repository: pulled, edited, compared, pushed.

Each file knows the version it was pulled from. So there are three sides: that version, the file as
it is now, and the newest version in the store. What changed on one side only moves to the other;
what changed on both is a conflict, which is named and left alone.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

from genaiops.errors import ConflictError, PromptError
from genaiops.model.prompt import PromptVersion
from genaiops.prompts.content import Content, make_content
from genaiops.prompts.diff import PromptDiff, diff_versions
from genaiops.prompts.markdown import PromptFile, read_markdown, write_markdown
from genaiops.prompts.names import parse_reference
from genaiops.prompts.partials import partials_in
from genaiops.prompts.registry import add_version
from genaiops.prompts.rows import make_version
from genaiops.prompts.tags import checked_tags
from genaiops.store import current_store
from genaiops.store.whole import write_whole

__all__ = ["Change", "diff_prompts", "pull_prompts", "push_prompts"]

State = Literal["same", "new here", "new there", "changed here", "changed there", "conflict"]
_SUFFIX = ".md"
_MOST_BYTES = 200  # of a file's name, below what any file system takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A prompt on its three sides.

    Attributes:
        state: Where it changed since the version that the file was pulled from: ``here`` in the
            file, ``there`` in the store, ``conflict`` on both.
        path: The file, whether it is there or not.
        base: Version that the file was pulled from, 0 for none that the store has.
        newest: Newest version in the store, None when the prompt is not there.
        diff: From the newest version to the file; None where one of them is missing.
        done: Version that `push` registered or `pull` wrote; None when nothing was to be done.
    """

    name: str
    state: State
    path: Path
    base: int = 0
    newest: PromptVersion | None = None
    diff: PromptDiff | None = None
    done: int | None = None

    def __str__(self) -> str:
        there = "nothing" if self.newest is None else f"version {self.newest.version}"
        if self.state == "conflict" and self.done is None:
            who = (
                "" if self.newest is None or not self.newest.author else f" by {self.newest.author}"
            )
            if not self.base:
                return (
                    f"conflict: {self.path} was pulled from no version of {self.name!r} that the "
                    f"store has, and its newest is {there}{who}"
                )
            return (
                f"conflict: {self.path} changes version {self.base} of {self.name!r}, "
                f"and the store has {there}{who} since"
            )
        done = "" if self.done is None else f" → version {self.done}"
        what = f"settled against {there}" if self.state == "conflict" else self.state
        return f"{what}: {self.name}{done}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """A file and what it holds, and the version that it was pulled from as the store has it.

    Attributes:
        base_hash: Of that version; empty when the store has no such.
        base_message: Why that version was made.
    """

    file: PromptFile
    path: Path
    content: Content
    tags: Mapping[str, str]
    base_hash: str = ""
    base_message: str | None = None


def pull_prompts(folder: str | Path, *, prefix: str = "", theirs: bool = False) -> list[Change]:
    """Writes the newest version of each prompt into a file, unless the file was changed.

    Args:
        folder: Made when it is not there; ``qa/answer`` goes to ``qa/answer.md`` in it.
        prefix: Only prompts whose names begin so.
        theirs: Takes the version of the store where both sides changed.

    Returns: What there was to do; conflicts are left alone.
    Raises: PromptError for a file that cannot be read or written, or stands where a prompt that
        it does not hold belongs; StoreError.
    """
    root = Path(folder)
    done: list[Change] = []
    found = _compared(root, prefix)
    for change, side in found:
        if side is None and os.path.lexists(change.path):
            raise PromptError(
                f"{str(change.path)!r} is where {change.name!r} of the store belongs, and does not "
                f"hold it: move the file away"
            )
    for change, _ in found:
        take = change.state in ("changed there", "new there")
        if change.newest is not None and (take or (theirs and change.state == "conflict")):
            _write(root, change.path, _file_of(change.newest))
            done.append(replace(change, done=change.newest.version))
        else:
            done.append(change)
    return done


def push_prompts(
    folder: str | Path, *, prefix: str = "", message: str | None = None, ours: bool = False
) -> list[Change]:
    """Registers each changed file as the next version of its prompt, and notes that in the file.

    Nothing is registered while there is a conflict.

    Args:
        folder: Of the files.
        prefix: Only prompts whose names begin so.
        message: Why, for all of them; the file's own message where it was changed.
        ours: Registers the file where both sides changed.

    Returns: What there was to do.
    Raises: ConflictError that names each conflict; PromptError, NotFoundError, StoreError.
    """
    root = Path(folder)
    found = _compared(root, prefix)
    conflicts = [change for change, _ in found if change.state == "conflict"]
    if conflicts and not ours:
        raise ConflictError(
            f"nothing is pushed, because {'; '.join(map(str, conflicts))}: pull what you want to "
            f"keep of the store, or push with ours=True (--ours)"
        )
    done = {change.name: change for change, _ in found}
    for change, side in _in_order(found):
        if side is not None and change.state in ("changed here", "new here", "conflict"):
            done[change.name] = _push(root, change, side, message)
    return list(done.values())


def diff_prompts(folder: str | Path, *, prefix: str = "") -> list[Change]:
    """What `push_prompts` and `pull_prompts` would find to do. Raises: PromptError, StoreError."""
    return [change for change, _ in _compared(Path(folder), prefix)]


def _push(root: Path, change: Change, side: _Side, message: str | None) -> Change:
    _check_place(root, side.path)
    said = side.file.commit_message
    prompt = add_version(
        change.name,
        side.content,
        message=said if said and said != side.base_message else message,
        tags=side.tags,
        expected="" if change.newest is None else change.newest.hash,
    )
    _write(root, side.path, _file_of(prompt.stored))
    return replace(change, done=prompt.version)


def _compared(root: Path, prefix: str) -> list[tuple[Change, _Side | None]]:
    sides = {name: side for name, side in _sides(root).items() if name.startswith(prefix)}
    newest, sides = _versions(prefix, sides)
    found: list[tuple[Change, _Side | None]] = []
    for name in sorted({*sides, *newest}):
        side, there = sides.get(name), newest.get(name)
        path = _path_of(root, name) if side is None else side.path
        state = _state(side, there)
        difference = None
        if side is not None and there is not None:
            difference = replace(diff_versions(there, _as_version(side)), new=str(path))
        found.append(
            (
                Change(
                    name=name,
                    state=state,
                    path=path,
                    base=side.file.version if side is not None and side.base_hash else 0,
                    newest=there,
                    diff=difference,
                ),
                side,
            )
        )
    return found


def _state(side: _Side | None, newest: PromptVersion | None) -> State:
    if side is None:
        return "new there"
    if newest is None:
        return "new here"
    if side.content.hash == newest.hash:
        return "same"
    if not side.base_hash:
        return "conflict"
    if side.content.hash == side.base_hash:
        return "changed there"
    return "changed here" if newest.hash == side.base_hash else "conflict"


def _sides(root: Path) -> dict[str, _Side]:
    """The files by the name that each of them gives. Raises: PromptError."""
    found: dict[str, _Side] = {}
    for path in sorted(root.rglob(f"*{_SUFFIX}")) if root.is_dir() else []:
        try:
            text = path.read_bytes().decode("utf-8-sig").lstrip()
        except UnicodeDecodeError as error:
            raise PromptError(f"{str(path)!r} is no UTF-8 ({error}): save it as that") from error
        except OSError as error:
            raise PromptError(
                f"{str(path)!r} cannot be read: {error.strerror}: remove it, or allow reading it"
            ) from error
        if not text.startswith("---"):
            continue  # a README beside the prompts
        file = read_markdown(text, str(path))
        if file.name in found:
            raise PromptError(
                f"{str(path)!r} and {str(found[file.name].path)!r} both hold {file.name!r}: "
                f"remove one"
            )
        found[file.name] = _side(file, path)
    return found


def _side(file: PromptFile, path: Path) -> _Side:
    try:
        content = make_content(
            file.template,
            syntax=file.syntax,
            response_format=file.response_format,
            model_config=file.model_config,
            tools=file.tools,
            variable_types=file.variable_types,
        )
        return _Side(file=file, path=path, content=content, tags=checked_tags(file.tags))
    except PromptError as error:
        raise PromptError(f"{str(path)!r}: {error}") from error


def _versions(
    prefix: str, sides: Mapping[str, _Side]
) -> tuple[dict[str, PromptVersion], dict[str, _Side]]:
    """The newest version of each prompt, and the files with the versions they were pulled from."""
    with current_store().read() as reader:
        rows = reader.query(
            """
            SELECT
              name, version, template, syntax, hash, created_ns, author, message, tags,
              response_format, model_config, tools, variable_types
            FROM data.prompt_versions
            WHERE starts_with(name, ?)
            QUALIFY row_number() OVER (PARTITION BY name ORDER BY version DESC) = 1
            """,
            [prefix],
        ).dicts()
        known = reader.query(
            """
            SELECT name, version, hash, message
            FROM data.prompt_versions
            WHERE name IN (SELECT unnest(?))
            """,
            [[name for name, side in sides.items() if side.file.hash]],
        ).rows
    messages = {(name, version, digest): message for name, version, digest, message in known}
    based = dict(sides)
    for name, side in sides.items():
        key = (name, side.file.version, side.file.hash)
        if key in messages:
            based[name] = replace(side, base_hash=side.file.hash, base_message=messages[key])
    return {row["name"]: make_version(row) for row in rows}, based


def _in_order(
    found: Sequence[tuple[Change, _Side | None]],
) -> list[tuple[Change, _Side | None]]:
    """Prompts that others include first."""
    by_name = {change.name: (change, side) for change, side in found}
    ordered: dict[str, tuple[Change, _Side | None]] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in ordered or name not in by_name or name in path:
            return  # a cycle is refused when it is registered
        side = by_name[name][1]
        for reference in [] if side is None else partials_in(side.content.template):
            visit(parse_reference(reference).name, (*path, name))
        ordered[name] = by_name[name]

    for name in by_name:
        visit(name, ())
    return list(ordered.values())


def _as_version(side: _Side) -> PromptVersion:
    content = side.content
    return PromptVersion(
        name=side.file.name,
        version=0,
        template=content.template,
        syntax=content.syntax,
        hash=content.hash,
        created_ns=0,
        response_format=content.response_format,
        model_config=content.model_config,
        tools=content.tools,
        variable_types=content.variable_types,
    )


def _file_of(version: PromptVersion) -> PromptFile:
    return PromptFile(
        name=version.name,
        version=version.version,
        hash=version.hash,
        template=cast("str | list[dict[str, Any]]", version.template),
        syntax=version.syntax,
        commit_message=version.message,
        tags=version.tags,
        model_config=version.model_config,
        response_format=version.response_format,
        tools=version.tools,
        variable_types=version.variable_types,
    )


def _path_of(root: Path, name: str) -> Path:
    *folders, last = name.split("/")
    parts = [_part(part, part.endswith(_SUFFIX)) for part in folders]
    return root.joinpath(*parts, _part(last, False) + _SUFFIX)


def _part(text: str, taken: bool) -> str:
    """A part of a name as a file system takes it: not too long, no folder with a file's name."""
    if not taken and len(text.encode()) <= _MOST_BYTES:
        return text
    return f"{text[:40]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _check_place(root: Path, path: Path) -> None:
    """Raises: PromptError when a link leads out of the folder."""
    if not path.parent.resolve().is_relative_to(root.resolve()) or path.is_symlink():
        raise PromptError(f"{str(path)!r} is a link that leads elsewhere: remove the link")


def _write(root: Path, path: Path, file: PromptFile) -> None:
    """Raises: PromptError when the file cannot be written, or a link leads out of the folder."""
    try:
        _check_place(root, path)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, write_markdown(file).encode(), mode=0o666)
    except OSError as error:
        raise PromptError(
            f"{str(path)!r} cannot be written: {error.strerror}: choose another folder"
        ) from error
