"""docs/internals.md says where things are: it and the tree must agree."""

import re
from pathlib import Path

import pytest

ENTRY = re.compile(r"^(?P<indent> *)(?P<names>[a-z_]+/|(?:[a-z_]+\.(?:py|sql) *)+)(?:\s|$)")


def described(text: str, top: str) -> tuple[set[str], set[str]]:
    """Folders and files that the tree of the page names under a top folder."""
    tree = text.split("## 3. Tree", 1)[1].split("```")[1]
    folders: set[str] = set()
    files: set[str] = set()
    path: list[str] = []
    for line in tree.splitlines():
        if (entry := ENTRY.match(line)) is None:
            continue
        path = path[: len(entry["indent"]) // 2]
        names = entry["names"].split()
        if names[0].endswith("/"):
            path.append(names[0])
            folders.add("".join(path))
            names = re.findall(r"\b[a-z_]+\.(?:py|sql)\b", line)
        files |= {"".join([*path, name]) for name in names}
    under = (top + "/",)
    return (
        {folder for folder in folders if folder.startswith(under)},
        {file for file in files if file.startswith(under)},
    )


@pytest.mark.parametrize("top", ["genaiops", "dashboard"])
def test_the_map_of_the_code_names_every_folder_and_only_files_that_exist(
    root: Path, tracked: list[Path], top: str
) -> None:
    folders, files = described((root / "docs" / "internals.md").read_text("utf-8"), top)

    sources = [file.relative_to(root) for file in tracked if file.is_relative_to(root / top)]
    real = {f"{f.parent}/" for f in sources if f.suffix in {".py", ".sql"}}

    assert folders == real
    assert [file for file in sorted(files) if not (root / file).is_file()] == []
