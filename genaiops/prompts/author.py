"""Who makes versions and moves aliases."""

import getpass

__all__ = ["author_name"]


def author_name() -> str | None:
    """Who runs this program, None when the machine does not know."""
    try:
        return getpass.getuser().encode(errors="replace").decode()
    except (ImportError, KeyError, OSError):  # which one depends on platform and Python version
        return None
