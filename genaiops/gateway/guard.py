"""Who may speak to a server on loopback: programs of this machine, not pages of a browser.

A page that a user visits can reach loopback addresses, by a name that resolves there (DNS
rebinding) or by posting across sites. So the Host header must be a name of loopback, and writing
requests must not come from another origin. Decided on what the server received, never on a URL
rebuilt from it.
"""

import ipaddress
import re
from collections.abc import Iterable

__all__ = ["Refused", "check", "is_loopback", "names_loopback"]

_HOST = re.compile(rb"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*))(?::[0-9]{1,5})?")
_LOOPBACK = frozenset((b"localhost", b"127.0.0.1", b"[::1]"))
_READING = ("GET", "HEAD")


class Refused(Exception):  # noqa: N818 - an answer to the client, not a fault of the program
    """A request that is not answered: the status and the sentence to refuse it with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def is_loopback(host: str) -> bool:
    """Whether a server that listens on this host can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def names_loopback(host: bytes) -> bool:
    """Whether a Host header names this machine itself."""
    match = _HOST.fullmatch(host)
    return match is not None and match["name"].lower() in _LOOPBACK


def check(
    method: str,
    headers: Iterable[tuple[bytes, bytes]],
    *,
    also: bytes = b"",
    any_host: bool = False,
) -> None:
    """Lets a request pass or raises Refused.

    Args:
        method: HTTP method, upper-case.
        headers: Names in lower case, and values, as received.
        also: One more host name that is fine, the address that the server listens on.
        any_host: Every name is fine, because the request has to show a key.
    """
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name == b"host" and name in found:
            raise Refused(400, "the request names two hosts")
        found[name] = value
    host = found.get(b"host", b"")
    match = _HOST.fullmatch(host)
    if match is None:
        raise Refused(400, "the Host header is missing or malformed")
    name = match["name"].lower()
    if not any_host and name not in _LOOPBACK and name != also.lower():
        raise Refused(403, "this server answers to names of loopback only: use 127.0.0.1")
    if method in _READING:
        return
    if found.get(b"sec-fetch-site") == b"cross-site":
        raise Refused(403, "requests from pages of other sites are refused")
    origin = found.get(b"origin")
    if origin is not None and origin.partition(b"://")[2].lower() != host.lower():
        raise Refused(403, "requests from pages of another origin are refused")
