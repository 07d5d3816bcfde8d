"""HMAC-SHA256 of many short messages under one key. Both key blocks are hashed once: half of the time of `hmac.digest`,
and a batch needs thousands."""

import hashlib
from collections.abc import Iterable

_BLOCK_BYTES = 64
_INNER_PAD = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD = bytes(byte ^ 0x5C for byte in range(256))


class Mac:
    """Makes MACs under one key. One instance serves all threads."""

    def __init__(self, key: bytes) -> None:
        block = (key if len(key) <= _BLOCK_BYTES else hashlib.sha256(key).digest()).ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER_PAD))
        self._outer = hashlib.sha256(block.translate(_OUTER_PAD))

    def many(self, head: bytes, messages: Iterable[bytes]) -> list[bytes]:
        """The MAC (32 bytes) of `head` + message, for each message."""
        begun, outer_begun = self._inner.copy(), self._outer
        begun.update(head)
        macs = []
        for message in messages:
            inner, outer = begun.copy(), outer_begun.copy()
            inner.update(message)
            outer.update(inner.digest())
            macs.append(outer.digest())
        return macs
