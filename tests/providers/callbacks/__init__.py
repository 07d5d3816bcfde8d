"""Genuine callbacks of each provider that calls back: one module each, named after it ("-" as "_").

A module has `HEARS`: the options with which its callbacks are believed, beside the fewest; and `CALLBACKS`: for what can
happen to a message, the callback that tells it, signed as the provider signs. One that cannot tell it has none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from reminder.domain.states import Result
from reminder.providers.contract import Callback
from tests.providers.people import NOW, wire_id

HOOK = "https://reminder.example.org/hooks"
STAMP = str(int(NOW.timestamp()))
AT = "2020-12-22T09:00:00Z"
# Where people answer to.
MAIL_TO, TEXT_TO = "answers@example.org", "+447700900200"


class Happening(Enum):
    """What a callback tells, and what must be understood: the kind, what became of the message, whether for good."""

    DELIVERED = ("status", Result.DELIVERED, False)
    NOT_NOW = ("status", Result.BOUNCED, False)
    NOBODY_THERE = ("status", Result.BOUNCED, True)
    COMPLAINED = ("status", Result.COMPLAINED, False)
    # The provider took the person off by itself.
    LEFT = ("left", None, False)
    # Somebody writes; what is written is "DONE".
    WRITES = ("inbound", None, False)
    # Something that nobody has heard of.
    STRANGE = ("unknown", Result.UNKNOWN, False)


@dataclass(frozen=True)
class About:
    """The message that is spoken of: our wire id, the provider's own, and whom it went to."""

    wire_id: str = wire_id(1)
    own_id: str = "own-id-1"
    address: str = "aigerim@example.org"


Tell = Callable[[About], Callback]


def mail_headers(about: About, sender: str) -> dict[str, str]:
    """The headers of a mail that answers a message."""
    return {
        "From": f"Aigerim <{sender}>",
        "To": MAIL_TO,
        "Subject": "Re: Reminder",
        "Message-ID": "<answer-1@example.org>",
        "In-Reply-To": f"<{about.wire_id}@example.org>",
    }
