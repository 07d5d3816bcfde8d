"""What came in: callbacks as they were, texts that wait for an organiser, and what is counted of each provider."""

from datetime import date, datetime
from enum import IntEnum

from sqlalchemy import Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from reminder.domain.states import Channel
from reminder.store.columns import Code, Day
from reminder.store.tables.base import big, code, day, instant, row_id, secret, where, words


class RawState(IntEnum):
    """A callback on its way."""

    NEW = 1  # stored and answered, not applied yet
    APPLIED = 2
    UNREADABLE = 3  # applying it failed; `reminder events replay` tries again


class RawEvent(SQLModel, table=True):
    """A provider's callback, exactly as it came, encrypted. The body is emptied after some days."""

    __tablename__ = "raw_event"
    __table_args__ = (
        # The same callback told twice is one.
        Index("one_raw_event", "fingerprint", unique=True),
        Index("raw_event_to_apply", "id", **where("state = 1")),
        Index("raw_event_to_empty", "received_at", **where("callback_ct IS NOT NULL")),
    )
    id: int | None = row_id()
    provider: str = words()
    received_at: datetime = instant()
    fingerprint: bytes = secret()
    callback_ct: bytes | None = secret(default=None)
    state: RawState = code(RawState, default=RawState.NEW)
    n_events: int = Field(default=0)


class InboxRow(SQLModel, table=True):
    """A reply that a person of the office must read. `due_on` is the day until which it must be answered, if any."""

    __tablename__ = "inbox"
    __table_args__ = (
        # A reply that a provider tells twice is one.
        Index("one_reply", "fingerprint", unique=True),
        Index("inbox_open", "id", **where("done_at IS NULL")),
    )
    id: int | None = row_id()
    fingerprint: bytes = secret()
    at: datetime = instant()
    channel: Channel = code(Channel)
    subscriber_id: int = big(default=0)
    sender_ct: bytes = secret()
    text_ct: bytes = secret()
    what: str = words()
    due_on: date | None = day(default=None)
    done_at: datetime | None = instant(default=None)


class ReplyDone(SQLModel, table=True):
    """A reply (or a part of one) that was acted on or put into the inbox: told again, it does nothing any more."""

    __tablename__ = "reply_done"
    mark: bytes = Field(sa_type=LargeBinary, primary_key=True)
    at: datetime = instant()


class ReplyPart(SQLModel, table=True):
    """Part `no` of `parts` of a long text, with who sent it; gone once all of them are there, or when the office has it."""

    __tablename__ = "reply_part"
    whole: bytes = Field(sa_type=LargeBinary, primary_key=True)
    no: int = Field(primary_key=True)
    parts: int = Field(default=1)
    mark: bytes = secret()
    at: datetime = instant()
    part_ct: bytes = secret()


class MailboxTurn(SQLModel, table=True):
    """When the mailbox (IMAP) is looked at next, by whichever process comes first.

    `mark` is that of its settings: other settings are tried at once. `misses` in a row and `since` when: the longer it
    goes wrong, the rarer it is tried.
    """

    __tablename__ = "mailbox_turn"
    id: int = Field(primary_key=True)
    mark: bytes = secret()
    next_at: datetime = instant()
    misses: int = Field(default=0)
    since: datetime | None = instant(default=None)


class SoftBounce(SQLModel, table=True):
    """How often in a row an address could not take a message for now. A delivered one ends the row."""

    __tablename__ = "soft_bounce"
    channel: Channel = Field(sa_type=Code(Channel), primary_key=True)
    address_hash: bytes = Field(sa_type=LargeBinary, primary_key=True)
    times: int = Field(default=0)
    at: datetime = instant()


class ProviderDay(SQLModel, table=True):
    """What a provider took on a day (UTC), and what came back of it: the measure of its brake.

    What an organiser has looked at and let pass is `forgiven` and counts no more.
    """

    __tablename__ = "provider_day"
    provider: str = Field(sa_type=Text, primary_key=True)
    day: date = Field(sa_type=Day, primary_key=True)
    accepted: int = Field(default=0)
    bounced: int = Field(default=0)
    complained: int = Field(default=0)
    forgiven_bounced: int = Field(default=0)
    forgiven_complained: int = Field(default=0)
