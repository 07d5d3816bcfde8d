"""The id that goes on the wire: message id plus a MAC over what the message is in *this* history of the database.

A callback that overtakes us finds its row by it; one from another history (a restored backup) fits no row.
"""

from collections.abc import Sequence

from reminder.domain.mac import MAC_BYTES, macs
from reminder.domain.states import Channel


def wire_ids(
    key: bytes, epoch: bytes, channel: Channel, day: int, messages: Sequence[int], address_hashes: Sequence[bytes]
) -> list[str]:
    """The wire ids of messages of one day, from their ids and address hashes. `day` is an ordinal.

    A wire id is, for example, "1f4a.9c0e6f2b7d81a355": safe in a Message-ID, a header, a URL and a file name.
    """
    said = [b"%d|%b" % each for each in zip(messages, address_hashes, strict=True)]
    made = macs(key, b"%b|%d|%d|" % (epoch, channel, day), said)
    return [f"{number:x}.{mac.hex()}" for number, mac in zip(messages, made, strict=True)]


def message_of(text: str) -> int | None:
    """The message id that a wire id names, unverified; None where it is none."""
    number, dot, mac = text.partition(".")
    if not dot or len(mac) != 2 * MAC_BYTES or not number or len(number) > 16:
        return None
    try:
        found = int(number, 16)
    except ValueError:
        return None
    return found if found < 2**63 else None
