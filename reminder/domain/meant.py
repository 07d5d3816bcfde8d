"""Whether one person is meant by a sending, and why not.

The same rules stand in SQL in store/eligible.py, for everybody at once; a test holds the two equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from reminder.domain.consent import PersonState
from reminder.domain.states import Channel, Reason

LAST_48_HOURS = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one person for one campaign.

    `since`: the open channels. `closed` are on the do-not-contact list, `asked` have not been confirmed. `is_addressed`:
    a subscription covers the campaign. `reminded_on` are the local days on which a reminder left.
    """

    state: PersonState
    since: Mapping[Channel, datetime]
    closed: frozenset[Channel] = frozenset()
    asked: frozenset[Channel] = frozenset()
    is_addressed: bool = True
    has_written: bool = False
    leaves_out: bool = False
    paused_until: datetime | None = None
    last48: bool = False
    cadence_n: int = 2
    cadence_days: int = 7
    reminded_on: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Going:
    """A sending. With `unless` it reaches only those who have not agreed to that channel. Who joined after `joined_by`
    is not meant."""

    channel: Channel
    unless: Channel | None
    local_on: date
    due_at: datetime
    not_after: datetime
    joined_by: datetime
    last_useful: bool


_NOT_ACTIVE = {
    PersonState.WAITS: Reason.WAITS_FOR_EVIDENCE,
    PersonState.LEFT: Reason.LEFT,
    PersonState.ERASED: Reason.ERASED,
}


def why_never(person: Known) -> Reason:
    """Why no sending of the campaign means this person, whatever its channel and hour; NONE if some may."""
    if person.state in _NOT_ACTIVE:
        return _NOT_ACTIVE[person.state]
    if not person.is_addressed:
        return Reason.NOT_IN_AUDIENCE
    if person.has_written:
        return Reason.LETTER_REPORTED
    return Reason.COUNTRY_LEFT_OUT if person.leaves_out else Reason.NONE


def why_no_channel(person: Known, channel: Channel) -> Reason:
    """Why this person cannot be written to by `channel`; NONE if that is open."""
    if channel in person.closed:
        return Reason.DO_NOT_CONTACT
    if channel in person.since:
        return Reason.NONE
    return Reason.NOT_CONFIRMED if channel in person.asked else Reason.NO_CHANNEL


def goes_by_other(person: Known, going: Going) -> bool:
    """Whether the step reaches this person by the channel that it prefers, and so not by this one."""
    return going.unless is not None and going.unless in person.since and person.since[going.unless] <= going.joined_by


def why_not(person: Known, going: Going) -> Reason:
    """Why a sending leaves this person out; NONE if it means her (by this channel or by the one it prefers)."""
    reason = why_never(person) or why_no_channel(person, going.channel)
    if reason:
        return Reason(reason)
    if person.since[going.channel] > going.joined_by:
        return Reason.JOINED_LATER
    if person.paused_until is not None and person.paused_until > going.due_at:
        return Reason.PAUSED_BY_PERSON
    if person.last48 and going.not_after - going.due_at > LAST_48_HOURS:
        return Reason.ONLY_LAST_48
    return Reason.NONE


def is_over_limit(person: Known, going: Going) -> bool:
    """Whether the person's own "N in D days" leaves no room on that day. The last useful reminder passes."""
    first = going.local_on - timedelta(days=person.cadence_days)
    lately = sum(first < day < going.local_on for day in person.reminded_on)
    return not going.last_useful and lately >= person.cadence_n
