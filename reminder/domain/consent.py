"""What leaving means: the one table, and the words of the do-not-contact list.

Every way out of the program goes through `LEAVING`, whether it came from a mail program's button, a text, a page, an
organiser or an imported list. Only the person's own new confirmation undoes any of it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from reminder.domain.states import Channel

EVERY_CHANNEL = frozenset(Channel)
_EMAIL = frozenset({Channel.EMAIL})
_SMS = frozenset({Channel.SMS})


class Closed(StrEnum):
    """Why an address may not be written to; the later in this list, the stronger. The stronger reason stays."""

    BOUNCED = "bounced"  # the address takes no messages
    DISABLED = "disabled"  # switched off in the program a list came from
    UNSUBSCRIBED = "unsubscribed"
    OPTED_OUT = "opted out"
    LEFT = "left"  # one-click, or "no more email" on our page
    STOP = "stop"  # answered STOP to a text
    COMPLAINED = "complained"
    BLOCKED = "taken off by an organiser"
    DO_NOT_CONTACT = "do not contact"
    NEVER_AGAIN = "never again"  # by every channel, for good
    DIED = "has died"
    ERASED = "erased"  # all that is left of a person is this entry


# These speak of the person, not of one address: what else we know of her is closed with it.
EVERYTHING = frozenset({Closed.NEVER_AGAIN, Closed.DIED, Closed.ERASED})
STRENGTH = {reason: rank for rank, reason in enumerate(Closed)}


def closed_because(reason: str, *, everything: bool) -> Closed:
    """The entry for what a list says of somebody; `everything`: the person asked for silence by every channel."""
    closed = Closed(reason)
    return closed if not everything or closed in EVERYTHING else Closed.NEVER_AGAIN


class Said(StrEnum):
    """What a line of the consent ledger records."""

    ASKED = "asked"  # wants to join; a confirmation is on its way
    AGREED = "agreed"  # on record elsewhere, brought by a list with its evidence
    WAITS = "waits"  # on a list without the evidence; nothing goes until it is there
    CONFIRMED = "confirmed"  # the person's own yes, by the address itself
    CLOSED = "closed"  # may no longer be written to; the wording says why


class Leaving(StrEnum):
    """The ways in which somebody leaves."""

    ONE_CLICK = "one-click"  # the mail program's own button (RFC 8058)
    COMPLAINT = "complaint"  # "this is spam"
    ALL_EMAIL = "all email"
    STOP = "stop"
    THIS_APPEAL = "not this appeal"
    NEVER_AGAIN = "never again"
    ERASE = "erase"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a way of leaving does: the channels it closes for every campaign, and whether it ends one case or erases."""

    closes: frozenset[Channel] = frozenset()
    reason: Closed | None = None
    this_case: bool = False
    erases: bool = False


LEAVING: dict[Leaving, Effect] = {
    Leaving.ONE_CLICK: Effect(_EMAIL, Closed.LEFT),
    Leaving.COMPLAINT: Effect(_EMAIL, Closed.COMPLAINED),
    Leaving.ALL_EMAIL: Effect(_EMAIL, Closed.LEFT),
    Leaving.STOP: Effect(_SMS, Closed.STOP),
    Leaving.THIS_APPEAL: Effect(this_case=True),
    Leaving.NEVER_AGAIN: Effect(EVERY_CHANNEL, Closed.NEVER_AGAIN),
    Leaving.ERASE: Effect(EVERY_CHANNEL, Closed.ERASED, erases=True),
}

_DONE: dict[Leaving, str] = {
    Leaving.ONE_CLICK: "You get no more email from us.",
    Leaving.COMPLAINT: "You get no more email from us.",
    Leaving.ALL_EMAIL: "You get no more email from us.",
    Leaving.STOP: "You get no more texts from us.",
    Leaving.THIS_APPEAL: "You get nothing more about this appeal.",
    Leaving.NEVER_AGAIN: "You get nothing more from us.",
    Leaving.ERASE: "All that we had about you is erased; a code that cannot be read back keeps your address from being added again.",
}
_STILL: dict[frozenset[Channel], str] = {
    _EMAIL: "Email still comes.",
    _SMS: "Texts still come.",
    EVERY_CHANNEL: "Email and texts still come.",
}
_STILL_OTHER_APPEALS: dict[frozenset[Channel], str] = {
    _EMAIL: "Email about other appeals still comes.",
    _SMS: "Texts about other appeals still come.",
    EVERY_CHANNEL: "Email and texts about other appeals still come.",
}
_NOTHING_ELSE = "Nothing else comes either."


# Every sentence that `still_comes` gives, for those who translate.
STILL_SENTENCES = (*_DONE.values(), *_STILL.values(), *_STILL_OTHER_APPEALS.values(), _NOTHING_ELSE)


def still_comes(what: Leaving, open_channels: Collection[Channel]) -> tuple[str, ...]:
    """What answers somebody who left, one or two sentences in English: what ended, and what still comes by the channels
    that stay open.
    """
    channels = frozenset(open_channels)
    if LEAVING[what].closes == EVERY_CHANNEL:
        return (_DONE[what],)
    still = _STILL_OTHER_APPEALS if LEAVING[what].this_case else _STILL
    return _DONE[what], still.get(channels, _NOTHING_ELSE)


class PersonState(IntEnum):
    """What `subscriber.state` keeps."""

    ACTIVE = 1
    WAITS = 2  # evidence of agreement is missing; an organiser supplies it
    LEFT = 3  # asked for silence by every channel; only the person's own confirmation brings them back
    ERASED = 4  # an empty row that the ledger's numbers hang on
