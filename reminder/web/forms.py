"""The token that every form carries: proof that the page with the form came from us, for that form and lately.

It holds no cookie and nothing of the reader, so that it works in a frame of another site where cookies are blocked. It is
not what protects a personal page: those have a link of their own, which nobody else knows.
"""

import hmac
from datetime import datetime, timedelta

VALID_FOR = timedelta(hours=24)
_MAC_CHARACTERS = 32


def issue(key: bytes, action: str, now: datetime) -> str:
    """A token for the form that is sent to the path `action`."""
    until = int((now + VALID_FOR).timestamp())
    return f"{until}.{_mac(key, action, until)}"


def is_genuine(key: bytes, action: str, token: str, now: datetime) -> bool:
    """Whether the token is ours, for this form, and not too old."""
    until, _, mac = token.partition(".")
    if not until.isascii() or not until.isdecimal() or len(until) > 12:
        return False
    return hmac.compare_digest(_mac(key, action, int(until)), mac.encode("ascii", "replace").decode()) and (
        now.timestamp() <= int(until)
    )


def _mac(key: bytes, action: str, until: int) -> str:
    return hmac.digest(key, f"{until}|{action}".encode(), "sha256").hex()[:_MAC_CHARACTERS]
