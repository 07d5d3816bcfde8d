"""The id that goes on the wire: message id plus a MAC over what the message is in *this* history of the database.

A callback that overtakes us finds its row by it; one from another history (a restored backup) fits no row.
"""

import hmac
from collections.abc import Callable

from reminder.domain.states import Channel

MAC_BYTES = 8


def wire_maker(key: bytes, epoch: bytes, channel: Channel, day: int) -> Callable[[int, bytes], str]:
    """A function from message id and address hash to wire id, for the many messages of one day. `day` is an ordinal.

    A wire id is, for example, "1f4a.9c0e6f2b7d81a355": safe in a Message-ID, a header, a URL and a file name.
    """
    head = hmac.new(key, b"%b|%d|%d|" % (epoch, channel, day), "sha256")

    def wire(message_id: int, address_hash: bytes) -> str:
        mac = head.copy()
        mac.update(b"%d|%b" % (message_id, address_hash))
        return f"{message_id:x}.{mac.digest()[:MAC_BYTES].hex()}"

    return wire


def message_of(text: str) -> int | None:
    """The message id that a wire id names, unverified; None where it is none."""
    number, dot, mac = text.partition(".")
    if not dot or len(mac) != 2 * MAC_BYTES or not number or len(number) > 16:
        return None
    try:
        return int(number, 16)
    except ValueError:
        return None
