"""Short MACs of many messages under one key: keyed BLAKE2b (RFC 7693), for 64-bit MACs as good as HMAC-SHA256 and made in
half of the time; a batch needs thousands."""

import hashlib
from collections.abc import Iterable

MAC_BYTES = 8


def macs(key: bytes, head: bytes, messages: Iterable[bytes], *, size: int = MAC_BYTES) -> list[bytes]:
    """The MAC (`size` bytes, at most 64) of `head` + message, for each message. `key` has at most 64 bytes."""
    begin = hashlib.blake2b(head, key=key, digest_size=size).copy
    made = []
    for message in messages:
        each = begin()
        each.update(message)
        made.append(each.digest())
    return made
