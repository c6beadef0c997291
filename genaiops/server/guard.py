"""The outermost layer: nothing passes that is not let in, decided on what was received.

On loopback, programs of this machine may speak and pages of a browser may not. On any other
address everything but the health routes needs a key, as bearer token or as the password of HTTP
Basic, and writing requests must not come from a page of another origin.
"""

import base64
import binascii
import hmac

from genaiops.gateway import guard
from genaiops.gateway.guard import Refused
from genaiops.gateway.http import Headers
from genaiops.server.keys import Keyring
from genaiops.store.keys import digest

__all__ = ["PUBLIC", "Guard", "Refused"]

PUBLIC = frozenset(("/health/live", "/health/ready"))
"""The paths that need no key."""


class Guard:
    """Lets requests pass.

    Args:
        host: The address that the server listens on.
        keyring: The valid keys; None when no key is asked for.
    """

    def __init__(self, *, host: str, keyring: Keyring | None) -> None:
        self._host = host.encode()
        self.keyring = keyring

    def check(self, method: str, path: str, headers: Headers) -> None:
        """Raises Refused: 400 and 403 of `gateway.guard`, 401 without a valid key."""
        keyring = self.keyring
        guard.check(method, headers, also=self._host, any_host=keyring is not None)
        if keyring is None or path in PUBLIC:
            return
        shown = [value for name, value in headers if name == b"authorization"]
        if len(shown) != 1:
            raise Refused(401, "this server needs a key: send it as `Authorization: Bearer KEY`")
        key = _key(shown[0])
        if key is None or not _valid(digest(key), keyring):
            raise Refused(
                401,
                "the key is not known or was revoked: make one with `genaiops server keys create`",
            )


def _key(authorization: bytes) -> str | None:
    """The key of a Bearer or Basic header, None when there is none."""
    scheme, _, value = authorization.decode("latin-1").strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value or None
    if scheme.lower() != "basic":
        return None
    try:
        _, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return password or None


def _valid(shown: str, keyring: Keyring) -> bool:
    """Compares with every digest, in the time it takes for all of them."""
    found = False
    for known in keyring.digests:
        found |= hmac.compare_digest(shown, known)
    return found
