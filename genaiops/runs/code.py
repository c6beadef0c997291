"""The code of a run: what differs from the commit, kept as a file when asked."""

from genaiops.errors import ConfigError
from genaiops.runs.artifacts import keep
from genaiops.runs.source import git

__all__ = ["log_code"]

_DIFF = ("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--binary", "HEAD")


def log_code(artifact_file: str = "code.patch") -> None:
    """Keeps what the work tree has beyond its commit with the active run, for ``git apply``.

    The commit itself stands in the source of the run. Files that git does not track are not in
    it. An empty file says that nothing differed.

    Args:
        artifact_file: Path in the run.

    Raises: ConfigError outside a git work tree, or where git takes longer than half a minute.
    """
    patch = git(*_DIFF, timeout_s=30.0, strip=False)
    if patch is None:
        raise ConfigError(
            "the code cannot be kept: this folder is in no git work tree with a commit, or git "
            "is not installed"
        )
    keep(artifact_file, patch.encode(errors="surrogateescape"))
