"""Every state of the ledger, who moves it where, and the table of allowed moves.

A move that is not in `MOVES` does not exist: the store asks `may_move` in a test for each guarded
update it holds. The numbers are what the database keeps; they never change their meaning.
"""

from enum import IntEnum


class Channel(IntEnum):
    """A way to reach a person."""

    EMAIL = 1
    SMS = 2


class CampaignState(IntEnum):
    """draft → approved → live ⇄ paused → expired, stopped or closed."""

    DRAFT = 1  # being written; any change is free
    APPROVED = 2  # this exact content may be started
    LIVE = 3  # the heartbeat plans and opens its sendings
    PAUSED = 4  # an organiser halted it; nothing goes, nothing is made up for by itself
    EXPIRED = 5  # the deadline's day has ended for the last reader on earth; the report follows
    STOPPED = 6  # the case was stopped: nothing of it may go any more
    CLOSED = 7  # an organiser ended it early


class WaveState(IntEnum):
    """One step for one rhythm by one channel."""

    PLANNED = 1  # will be opened when due
    OPENING = 2  # some of its people have their delivery; the next tick goes on where the chunk mark stands
    OPEN = 3  # everybody eligible has a delivery
    SUPERSEDED = 4  # was late, and a newer one went instead
    MISSED = 5  # too late: its time passed while nobody worked
    WITHDRAWN = 6  # the plan changed before it was due
    WAITING = 7  # above the sending limit: an organiser says go


class DeliveryState(IntEnum):
    """One promise."""

    DUE = 1  # a message of that day carries it
    CARRIED = 2  # its message was handed to a provider that took it
    WITHDRAWN = 3  # taken back before any attempt; may become due again for the same date
    MISSED = 4  # its last useful instant passed
    SKIPPED = 5  # not sent on purpose, the reason says why
    SET_ASIDE = 6  # could not be built or sent; an organiser decides


class MessageState(IntEnum):
    """What one person gets by one channel on one day."""

    DUE = 1  # waits in a batch
    ACCEPTED = 2  # a provider took it
    REJECTED = 3  # a provider refused it for good
    RETRY = 4  # a provider said "later"; waits in a later batch
    AMBIGUOUS = 5  # the request left, no answer came
    CANCELLED = 6  # nothing left to say to that person, or no longer allowed


class BatchState(IntEnum):
    """Up to 1,000 messages of one content and language: what is claimed, leased and stopped."""

    OPEN = 1  # anybody may claim it once `send_at` has come
    CLAIMED = 2  # a sender holds the lease; nothing has left, so it is safe to claim again
    SENDING = 3  # at least one attempt of it began
    DONE = 4  # nothing of it is left to do
    WITHDRAWN = 5  # stopped; its rows follow in chunks, then it is done


class AttemptState(IntEnum):
    """One call to one provider, or one volley of single sends."""

    SENDING = 1  # committed before the provider hears of it
    ANSWERED = 2  # each of its messages has a verdict
    UNKNOWN = 3  # no answer came: exactly this many messages are unclear


class Result(IntEnum):
    """What *they* said of an attempt's message. Only rises, so order and repetition do not matter."""

    UNKNOWN = 0
    QUEUED = 1
    DEFERRED = 2
    SENT = 3
    DELIVERED = 4
    FAILED = 5
    BOUNCED = 6
    COMPLAINED = 7


class Reason(IntEnum):
    """Why somebody did not get something. Kept on the row; `REASON_WORDS` says it to people."""

    NONE = 0
    DAILY_LIMIT = 1
    WEEKLY_LIMIT = 2
    LETTER_REPORTED = 3
    LEFT = 4
    DO_NOT_CONTACT = 5
    NOT_CONFIRMED = 6
    NO_CHANNEL = 7
    COUNTRY_LEFT_OUT = 8
    PAUSED_BY_PERSON = 9
    CAMPAIGN_PAUSED = 10
    CAMPAIGN_STOPPED = 11
    CAMPAIGN_CLOSED = 12
    DEADLINE_MOVED = 13
    PLAN_CHANGED = 14
    TOO_LATE = 15
    JOINED_LATER = 16
    NOT_IN_AUDIENCE = 17
    NOT_BUILT = 18
    REFUSED_ADDRESS = 19
    REFUSED_CONTENT = 20
    WAITS_FOR_EVIDENCE = 21
    NEWER_ONE_WENT = 22
    DOCUMENT_CHANGED = 23
    GAVE_UP = 24
    ERASED = 25
    PAST_AT_START = 26
    NO_HOUR = 27
    ONLY_LAST_48 = 28
    NOT_ASKED_FOR = 29
    NO_SMS_SENDER = 30
    NO_TEXTS_THEN = 31
    SMS_BUDGET_SPENT = 32
    NO_SMS_PRICE = 33


REASON_WORDS: dict[Reason, str] = {
    Reason.NONE: "",
    Reason.DAILY_LIMIT: "daily limit: one reminder a day",
    Reason.WEEKLY_LIMIT: "weekly limit",
    Reason.LETTER_REPORTED: "has written",
    Reason.LEFT: "has left",
    Reason.DO_NOT_CONTACT: "on the do-not-contact list",
    Reason.NOT_CONFIRMED: "not confirmed",
    Reason.NO_CHANNEL: "no agreement for this channel",
    Reason.COUNTRY_LEFT_OUT: "leaves this country out",
    Reason.PAUSED_BY_PERSON: "asked for a break",
    Reason.CAMPAIGN_PAUSED: "campaign paused",
    Reason.CAMPAIGN_STOPPED: "appeal stopped",
    Reason.CAMPAIGN_CLOSED: "campaign closed",
    Reason.DEADLINE_MOVED: "deadline moved",
    Reason.PLAN_CHANGED: "reminder plan changed",
    Reason.TOO_LATE: "too late, not sent",
    Reason.JOINED_LATER: "joined after it was due",
    Reason.NOT_IN_AUDIENCE: "not in the audience",
    Reason.NOT_BUILT: "set aside: could not be built",
    Reason.REFUSED_ADDRESS: "address refused",
    Reason.REFUSED_CONTENT: "content refused by the provider",
    Reason.WAITS_FOR_EVIDENCE: "evidence of agreement is missing",
    Reason.NEWER_ONE_WENT: "skipped, a newer one went",
    Reason.DOCUMENT_CHANGED: "a newer document came",
    Reason.GAVE_UP: "given up by an organiser",
    Reason.ERASED: "erased",
    Reason.PAST_AT_START: "was already past when the campaign started",
    Reason.NO_HOUR: "no decent hour in all zones of the number's country",
    Reason.ONLY_LAST_48: "wants only the last 48 hours",
    Reason.NOT_ASKED_FOR: "does not ask for it any more",
    Reason.NO_SMS_SENDER: "no lawful SMS sender for that country",
    Reason.NO_TEXTS_THEN: "texts are not allowed there on that day",
    Reason.SMS_BUDGET_SPENT: "the campaign's budget for texts is spent",
    Reason.NO_SMS_PRICE: "the campaign has a budget, and nobody knows what a text to that country costs",
}


class MessageKind(IntEnum):
    """What a message is for. Only nudges count for the day, the week and the quiet hours."""

    NUDGE = 1
    CLOSING = 2
    CONFIRMATION = 3
    ANSWER = 4
    REPORT = 5
    ALERT = 6
    INVITATION = 7
    TEST = 8
    NOTE = 9  # the neutral "please do not write for now" after a stop


class Verdict(IntEnum):
    """What an attempt means for one message."""

    ACCEPTED = 1
    REJECTED = 2
    RETRY = 3
    AMBIGUOUS = 4


class Fault(IntEnum):
    """Whose fault a refusal is: it decides what stops."""

    NONE = 0
    ADDRESS = 1  # goes on the do-not-contact list
    CONTENT = 2  # this message only
    ACCOUNT = 3  # the provider is out of the rotation; the batch is not burnt
    OPTED_OUT = 4  # the person said so to the provider; our consent ledger takes it over
    MAILBOX = 5  # this person's mailbox cannot take it now, such as a full one; the provider itself is well


MOVES: dict[type[IntEnum], dict[IntEnum, frozenset[IntEnum]]] = {
    CampaignState: {
        CampaignState.DRAFT: frozenset({CampaignState.APPROVED, CampaignState.STOPPED, CampaignState.CLOSED}),
        CampaignState.APPROVED: frozenset(
            {
                CampaignState.DRAFT,
                CampaignState.LIVE,
                CampaignState.STOPPED,
                CampaignState.CLOSED,
                CampaignState.EXPIRED,
            }
        ),
        CampaignState.LIVE: frozenset(
            {CampaignState.PAUSED, CampaignState.EXPIRED, CampaignState.STOPPED, CampaignState.CLOSED}
        ),
        CampaignState.PAUSED: frozenset(
            {CampaignState.LIVE, CampaignState.EXPIRED, CampaignState.STOPPED, CampaignState.CLOSED}
        ),
        # A moved deadline reopens what had expired, after an organiser's answer.
        CampaignState.EXPIRED: frozenset({CampaignState.PAUSED, CampaignState.STOPPED}),
        CampaignState.STOPPED: frozenset(),
        CampaignState.CLOSED: frozenset({CampaignState.STOPPED}),
    },
    WaveState: {
        WaveState.PLANNED: frozenset(
            {
                WaveState.OPENING,
                WaveState.OPEN,
                WaveState.SUPERSEDED,
                WaveState.MISSED,
                WaveState.WITHDRAWN,
                WaveState.WAITING,
            }
        ),
        # Back to planned: put off to the next day for those who had another reminder on this one.
        WaveState.OPENING: frozenset({WaveState.OPEN, WaveState.PLANNED, WaveState.MISSED, WaveState.WITHDRAWN}),
        # What was taken back of it while it was being sent may go after all, when an organiser says so.
        WaveState.OPEN: frozenset({WaveState.PLANNED}),
        WaveState.SUPERSEDED: frozenset(),
        WaveState.MISSED: frozenset({WaveState.PLANNED}),
        WaveState.WITHDRAWN: frozenset({WaveState.PLANNED}),
        WaveState.WAITING: frozenset({WaveState.PLANNED, WaveState.MISSED, WaveState.WITHDRAWN}),
    },
    DeliveryState: {
        DeliveryState.DUE: frozenset(
            {
                DeliveryState.CARRIED,
                DeliveryState.WITHDRAWN,
                DeliveryState.MISSED,
                DeliveryState.SKIPPED,
                DeliveryState.SET_ASIDE,
            }
        ),
        DeliveryState.CARRIED: frozenset(),
        # Made again, it may meet a limit that it did not meet before.
        DeliveryState.WITHDRAWN: frozenset({DeliveryState.DUE, DeliveryState.SKIPPED}),
        DeliveryState.MISSED: frozenset(),
        DeliveryState.SKIPPED: frozenset(),
        DeliveryState.SET_ASIDE: frozenset({DeliveryState.DUE, DeliveryState.SKIPPED, DeliveryState.MISSED}),
    },
    MessageState: {
        MessageState.DUE: frozenset(
            {
                MessageState.ACCEPTED,
                MessageState.REJECTED,
                MessageState.RETRY,
                MessageState.AMBIGUOUS,
                MessageState.CANCELLED,
            }
        ),
        MessageState.RETRY: frozenset(
            {
                MessageState.ACCEPTED,
                MessageState.REJECTED,
                MessageState.RETRY,
                MessageState.AMBIGUOUS,
                MessageState.CANCELLED,
            }
        ),
        MessageState.AMBIGUOUS: frozenset({MessageState.ACCEPTED, MessageState.REJECTED, MessageState.RETRY}),
        MessageState.ACCEPTED: frozenset(),
        MessageState.REJECTED: frozenset(),
        MessageState.CANCELLED: frozenset(),
    },
    BatchState: {
        BatchState.OPEN: frozenset({BatchState.CLAIMED, BatchState.WITHDRAWN}),
        BatchState.CLAIMED: frozenset({BatchState.OPEN, BatchState.SENDING, BatchState.DONE, BatchState.WITHDRAWN}),
        BatchState.SENDING: frozenset({BatchState.OPEN, BatchState.DONE}),
        BatchState.DONE: frozenset(),
        BatchState.WITHDRAWN: frozenset({BatchState.DONE}),
    },
    AttemptState: {
        AttemptState.SENDING: frozenset({AttemptState.ANSWERED, AttemptState.UNKNOWN}),
        AttemptState.UNKNOWN: frozenset({AttemptState.ANSWERED}),
        AttemptState.ANSWERED: frozenset(),
    },
}


def may_move(old: IntEnum, new: IntEnum) -> bool:
    """Whether the ledger knows the move from `old` to `new`."""
    return new in MOVES[type(old)][old]
