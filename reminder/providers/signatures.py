"""Checks that several adapters' callbacks need: secrets that rotate, constant time, timestamps within a window."""

import hashlib
import hmac
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from reminder.providers.contract import BadSignature, Callback
from reminder.providers.options import Options


def secrets_of(options: Options, name: str) -> tuple[bytes, ...]:
    """A setting that lists secrets, separated by commas: the new one and, while it is rotated, the old one."""
    return tuple(word.strip().encode() for word in options.text(name).split(",") if word.strip())


def require_any(secrets: Iterable[bytes], genuine: Callable[[bytes], bytes], given: bytes) -> None:
    """Raise `BadSignature` unless `given` is what `genuine` makes of one of the secrets; as long for any wrong one."""
    known = list(secrets)
    if not known:
        raise BadSignature("no secret is configured for callbacks")
    fitting = [hmac.compare_digest(genuine(secret), given) for secret in known]
    if True not in fitting:
        raise BadSignature("the signature does not fit")


def require_secret(secrets: Iterable[bytes], given: str) -> None:
    """Raise `BadSignature` unless `given` is one of the secrets (compared by digest, so that length tells nothing)."""
    require_any(
        secrets,
        lambda secret: hashlib.sha256(secret).digest(),
        hashlib.sha256(given.encode("utf-8", "surrogateescape")).digest(),
    )


def require_basic_auth(secrets: Iterable[bytes], callback: Callback) -> None:
    """Raise `BadSignature` unless the Authorization header holds one of the secrets, each "user:password"."""
    scheme, _, encoded = header(callback, "authorization").partition(" ")
    if scheme.lower() != "basic":
        raise BadSignature("no basic authentication")
    try:
        given = b64decode(encoded.strip(), validate=True).decode()
    except (NotBase64, UnicodeDecodeError, ValueError):
        raise BadSignature("the authentication is not readable") from None
    require_secret(secrets, given)


class HookLogins:
    """What a provider that signs nothing logs in with when it calls back, kept where nothing prints it."""

    def __init__(self, secrets: Iterable[bytes]) -> None:
        """Each of `secrets` is "name:password", or a token that comes as bearer."""
        self._secrets = tuple(secrets)

    def __repr__(self) -> str:
        return f"HookLogins({len(self._secrets)})"

    def require(self, callback: Callback) -> None:
        """Raise `BadSignature` unless the Authorization header holds one of them."""
        scheme, _, given = header(callback, "authorization").partition(" ")
        if scheme.lower() == "bearer":
            require_secret(self._secrets, given.strip())
        else:
            require_basic_auth(self._secrets, callback)


def require_recent(callback: Callback, seconds: str, *, within: timedelta) -> None:
    """Raise `BadSignature` unless `seconds` (since 1970) lies within the window around the receipt, on both sides."""
    if not seconds.isascii() or not seconds.isdigit() or len(seconds) > 12:
        raise BadSignature("the timestamp is not readable")
    if abs(callback.received_at - datetime.fromtimestamp(int(seconds), UTC)) > within:
        raise BadSignature("the timestamp is too old or too new")


def header(callback: Callback, name: str) -> str:
    """A header by its lower-case name, or `BadSignature` where it is missing."""
    found = callback.headers.get(name, "")
    if not found:
        raise BadSignature(f"the header {name} is missing")
    return found


def decoded(text: str) -> bytes:
    """Base64 of a header; `BadSignature` where it is none."""
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raise BadSignature("the signature is not base64") from None
