"""Short MACs of many messages under one key: keyed BLAKE2b (RFC 7693), for 64-bit MACs as good as HMAC-SHA256 and made in
half of the time; a batch needs thousands."""

import hashlib
from collections.abc import Iterable

MAC_BYTES = 8


def macs(key: bytes, head: bytes, messages: Iterable[bytes]) -> list[bytes]:
    """The MAC (8 bytes) of `head` + message, for each message. `key` has at most 64 bytes."""
    begun = hashlib.blake2b(head, key=key, digest_size=MAC_BYTES)
    made = []
    for message in messages:
        each = begun.copy()
        each.update(message)
        made.append(each.digest())
    return made
