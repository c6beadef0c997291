import re
from pathlib import Path

MOST_LINES = 400

# A bracket around one letter keeps each pattern from finding itself here.
FOREIGN = re.compile(
    r"[/]root/|[/]work/(?:main|shared|brief)|shared[/](?:facts|bench|[A-Z]+\.md)|[.]pyenv\b"
    r"|[p]ypi[.]org|python[h]osted[.]org|(?<!emit-)index[-]url[ =]|find[-]links[ =]"
)


def text_of(file: Path) -> str | None:
    data = file.read_bytes()
    return None if b"\0" in data else data.decode("utf-8")


def test_no_source_file_is_longer_than_the_ceiling(tracked: list[Path]) -> None:
    sources = [file for file in tracked if file.suffix in {".py", ".js"}]

    too_long = {
        str(file): lines
        for file in sources
        if (lines := len(file.read_text("utf-8").splitlines())) > MOST_LINES
    }

    assert sources
    assert not too_long, "split these by concept"


def test_no_tracked_file_names_a_machine_or_a_package_index(tracked: list[Path]) -> None:
    found = [
        f"{file}:{number}: {line.strip()[:100]}"
        for file in tracked
        if (text := text_of(file)) is not None
        for number, line in enumerate(text.splitlines(), 1)
        if FOREIGN.search(line)
    ]

    assert not found
