"""The id that goes on the wire: message id plus a MAC over what the message is in *this* history of the database.

A callback that overtakes us finds its row by it; one from another history (a restored backup) fits no row.
"""

import hmac

from reminder.domain.states import Channel

MAC_BYTES = 8


def wire_id(key: bytes, epoch: bytes, message_id: int, address_hash: bytes, channel: Channel, day: int) -> str:
    """For example "1f4a.9c0e6f2b7d81a355": safe in a Message-ID, a header, a URL and a file name. `day` is an ordinal."""
    what = b"%b|%d|%b|%d|%d" % (epoch, message_id, address_hash, channel, day)
    return f"{message_id:x}.{hmac.digest(key, what, 'sha256')[:MAC_BYTES].hex()}"


def message_of(text: str) -> int | None:
    """The message id that a wire id names, unverified; None where it is none."""
    number, dot, mac = text.partition(".")
    if not dot or len(mac) != 2 * MAC_BYTES or not number or len(number) > 16:
        return None
    try:
        return int(number, 16)
    except ValueError:
        return None
