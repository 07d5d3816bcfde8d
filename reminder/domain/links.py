"""Links that a reader follows: weak by design, valid for ever, the same each time they are made.

A token is purpose (1 byte), campaign id (4), address hash (16) and MAC (8), in URL-safe base64 without padding: 39
characters. One keyed hash of campaign and address is cut into the MACs of all purposes, of which none tells another. It holds no time and no random part, so that a replayed sending has the same bytes and a link still works
after a restored backup. It opens a page with one button; it never shows or changes anything personal.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Sequence
from enum import IntEnum

from reminder.domain.mac import MAC_BYTES, macs

HASH_BYTES = 16
SHORT_BYTES = 8
SHORT_CHARACTERS = 11
TOKEN_CHARACTERS = 39

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{39}")
_SHORT = re.compile(r"[A-Za-z0-9_-]{11}")


class Purpose(IntEnum):
    """What a link's button does. The number is the token's first byte, the name in lower case the path: never change."""

    LEAVE = 1
    WROTE = 2
    LATER = 3
    CONFIRM = 4


def appeal_url(public_url: str, code: str) -> str:
    """The public page of an appeal."""
    return f"{public_url.rstrip('/')}/a/{code}"


class Links:
    """Makes and reads links. `key` lives as long as the index key; `public_url` is e.g. "https://letters.example.org".

    One instance serves all threads. `many` is for the people of a batch.
    """

    def __init__(self, key: bytes, public_url: str) -> None:
        self.public_url = public_url.rstrip("/")
        self._key = key

    def leave(self, address_hash: bytes, campaign_id: int = 0) -> str:
        """The link to leave; POST to it is the one-click of RFC 8058. With a campaign, its page offers "not this appeal" too."""
        return self.many(campaign_id, [address_hash], [Purpose.LEAVE])[0][0]

    def wrote(self, campaign_id: int, address_hash: bytes) -> str:
        """The link "I have written" of one campaign."""
        return self.many(campaign_id, [address_hash], [Purpose.WROTE])[0][0]

    def later(self, campaign_id: int, address_hash: bytes) -> str:
        """The link "remind me on another day" of one campaign."""
        return self.many(campaign_id, [address_hash], [Purpose.LATER])[0][0]

    def appeal(self, code: str) -> str:
        """The public page of an appeal; `code` is opaque and the link carries nothing of the reader."""
        return appeal_url(self.public_url, code)

    def short(self, address_hash: bytes) -> str:
        """The link of an SMS, to a page with all doors: half of the keyed hash, 64 bits that nobody can guess."""
        half = base64.urlsafe_b64encode(address_hash[:SHORT_BYTES])
        return f"{self.public_url}/s/{half[:SHORT_CHARACTERS].decode()}"

    def many(self, campaign_id: int, address_hashes: Sequence[bytes], purposes: Sequence[Purpose]) -> list[list[str]]:
        """For each purpose, the link of each address hash (exactly 16 bytes); campaign 0 means no campaign."""
        if not set(map(len, address_hashes)) <= {HASH_BYTES}:
            raise ValueError(f"an address hash has {HASH_BYTES} bytes")
        campaign = campaign_id.to_bytes(4)
        made = macs(self._key, campaign, address_hashes, size=MAC_BYTES * len(Purpose))
        return [self._of_purpose(purpose, campaign, address_hashes, made) for purpose in purposes]

    def _of_purpose(
        self, purpose: Purpose, campaign: bytes, address_hashes: Sequence[bytes], made: Sequence[bytes]
    ) -> list[str]:
        head, end = bytes([purpose]) + campaign, MAC_BYTES * purpose
        start = end - MAC_BYTES
        # One byte more makes a token's bytes a multiple of three, so that all are encoded as one text.
        raw = b"".join(
            [b"%b%b%b\0" % (head, each, mac[start:end]) for each, mac in zip(address_hashes, made, strict=True)]
        )
        tokens = binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE).decode()
        path = f"{self.public_url}/{purpose.name.lower()}/"
        starts = range(0, len(tokens), TOKEN_CHARACTERS + 1)
        return [path + tokens[start : start + TOKEN_CHARACTERS] for start in starts]

    def read(self, purpose: Purpose, token: str) -> tuple[int, bytes] | None:
        """Campaign id and address hash of a genuine token for `purpose`, else None; as long for any wrong MAC."""
        if _TOKEN.fullmatch(token) is None:
            return None
        body = base64.urlsafe_b64decode(f"{token}=")
        campaign_id, address_hash = int.from_bytes(body[1:5]), body[5 : 5 + HASH_BYTES]
        # Made again and compared as text, so that no second spelling of the same bytes is accepted.
        genuine = self.many(campaign_id, [address_hash], [purpose])[0][0][-TOKEN_CHARACTERS:]
        return (campaign_id, address_hash) if hmac.compare_digest(genuine, token) else None

    @staticmethod
    def read_short(text: str) -> bytes | None:
        """The first 8 bytes of the address hash that a short link names, or None where it is none."""
        if _SHORT.fullmatch(text) is None:
            return None
        half = base64.urlsafe_b64decode(f"{text}=")
        return half if base64.urlsafe_b64encode(half)[:SHORT_CHARACTERS].decode() == text else None
