"""Encryption of addresses, numbers and names, and the keyed hashes by which they are found again.

Two keys: the *index key* makes the hashes and the links and is never rotated with the data keys (an erased person's hash
could not be made again); the *data keys* encrypt, each value names its key, so that they rotate.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Iterable, Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reminder.domain.states import Channel
from reminder.errors import Trouble

KEY_BYTES = 32
NONCE_BYTES = 12
HASH_BYTES = 16
_CHANNEL_LABEL = {Channel.EMAIL: b"email:", Channel.SMS: b"phone:"}


def new_key() -> str:
    """A fresh random key as 43 characters of URL-safe base64."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).rstrip(b"=").decode()


def key_bytes(text: str, name: str) -> bytes:
    """The 32 bytes of a key setting; `name` is the setting, told in the error (the value never is)."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raw = b""
    if len(raw) != KEY_BYTES:
        raise Trouble(
            name, "is not a key of 32 bytes in URL-safe base64", "Take it from the recovery sheet of `reminder init`."
        )
    return raw


class Vault:
    """Encrypts with the newest data key, decrypts with any; hashes with the index key.

    A value is stored as key id (1 byte), nonce (12), AES-256-GCM ciphertext and tag; `purpose` is authenticated too, so
    that a name cannot be passed off as an address.
    """

    def __init__(self, index_key: bytes, data_keys: Mapping[int, bytes]) -> None:
        self._index_key = index_key
        self._ciphers = {number: AESGCM(key) for number, key in data_keys.items()}
        self._current = max(data_keys)
        self.link_key = self.derive(b"links")
        self.wire_key = self.derive(b"wire")

    def derive(self, purpose: bytes) -> bytes:
        """A key for one purpose that lives as long as the index key."""
        return hmac.digest(self._index_key, b"reminder key: " + purpose, "sha256")

    def fingerprint(self) -> str:
        """Names the keys without telling them: stored in the database, so that a wrong key is noticed at start."""
        return hashlib.sha256(self.derive(b"fingerprint")).hexdigest()[:16]

    def encrypt(self, text: str, purpose: bytes) -> bytes:
        """The stored form of `text`."""
        return self.seal(text.encode(), purpose)

    def seal(self, raw: bytes, purpose: bytes) -> bytes:
        """The stored form of bytes."""
        nonce = os.urandom(NONCE_BYTES)
        return bytes([self._current]) + nonce + self._ciphers[self._current].encrypt(nonce, raw, purpose)

    def decrypt(self, value: bytes, purpose: bytes) -> str:
        """The text of a stored value; `Trouble` where the key is missing or does not fit."""
        return self.unseal(value, purpose).decode()

    def unseal(self, value: bytes, purpose: bytes) -> bytes:
        """The bytes of a stored value; `Trouble` where the key is missing or does not fit."""
        try:
            return self._ciphers[value[0]].decrypt(value[1:13], value[13:], purpose)
        except KeyError:
            raise Trouble(
                f"Data key {value[0]}",
                "is needed to read this database and is not in the settings",
                "Add it to DATA_KEYS.",
            ) from None
        except InvalidTag:
            raise Trouble(
                f"Data key {value[0]}",
                "does not fit this database",
                "Put the key of the recovery sheet into DATA_KEYS.",
            ) from None

    def decrypt_many(self, values: Iterable[bytes], purpose: bytes) -> list[str]:
        """`decrypt` for the values of a batch; raises whatever is wrong as it is: ask `decrypt` for the reason."""
        ciphers = self._ciphers
        return [ciphers[value[0]].decrypt(value[1:13], value[13:], purpose).decode() for value in values]

    def address_hash(self, channel: Channel, normal_form: str) -> bytes:
        """16 bytes by which a normalised address is found; the same in every table."""
        return hmac.digest(self._index_key, _CHANNEL_LABEL[channel] + normal_form.encode(), "sha256")[:HASH_BYTES]
