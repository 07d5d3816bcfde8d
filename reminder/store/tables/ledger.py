"""The ledger: promises, messages, batches, attempts, and what providers and reports say of them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field, SQLModel

from reminder.domain.states import (
    AttemptState,
    BatchState,
    Channel,
    DeliveryState,
    MessageKind,
    MessageState,
    Reason,
    Result,
)
from reminder.store.tables.base import big, code, day, instant, json, row_id, secret, small, where, words


class Delivery(SQLModel, table=True):
    """One promise. Nothing here is NULL, and nothing is indexed but the promise: every sending appends in one place.
    The few that are set aside are the exception.

    The message that carries it is the reminder of the same person and local day.
    """

    __tablename__ = "delivery"
    # Nobody is promised the same step of the same date by the same channel twice.
    __table_args__ = (
        Index("one_promise", "campaign_id", "step_key", "anchor_on", "channel", "subscriber_id", unique=True),
        Index("delivery_set_aside", "id", **where("state = 6")),
    )
    id: int | None = row_id()
    campaign_id: int = big()
    step_key: str = words()
    anchor_on: date = day()
    channel: Channel = code(Channel)
    subscriber_id: int = big()
    local_on: date = day()
    wave_id: int = big()
    state: DeliveryState = code(DeliveryState)
    reason: Reason = code(Reason, default=Reason.NONE)
    not_after: datetime = instant()
    opened_at: datetime = instant()


class Message(SQLModel, table=True):
    """What one person gets by one channel on one day. `subscriber_id` is an organiser's id for reports and alerts.

    `not_after` is the last instant of hand-over; `open_until` the last before the next quiet hour. `wire_on` is the day
    that its id on the wire is made of, where it was in an attempt on an earlier day than `local_on`. `void`: it is
    cancelled and leaves its day free.
    """

    __tablename__ = "message"
    __table_args__ = (
        # One reminder a person and local day, over all channels and campaigns (1 = nudge). Not by its state:
        # that changes with every answer, and the index would be written twice for each message.
        Index(
            "one_a_day",
            "local_on",
            "subscriber_id",
            unique=True,
            **where("kind = 1 AND void = 0"),
        ),
        # Every other message is sent once for its dedupe key.
        Index(
            "one_of_a_kind",
            "dedupe",
            unique=True,
            **where("dedupe IS NOT NULL"),
        ),
        Index("message_of_batch", "batch_id", "id"),
        Index("message_unclear", "id", **where("state = 5")),
    )
    id: int | None = row_id()
    kind: MessageKind = code(MessageKind)
    local_on: date = day()
    channel: Channel = code(Channel)
    subscriber_id: int = big()
    batch_id: int = big()
    state: MessageState = code(MessageState, default=MessageState.DUE)
    reason: Reason = code(Reason, default=Reason.NONE)
    result: Result = code(Result, default=Result.UNKNOWN)
    attempt_id: int = big(default=0)
    tries: int = small(default=0)
    open_until: datetime = instant()
    not_after: datetime = instant()
    dedupe: str | None = words(default=None)
    wire_on: date | None = day(default=None)
    void: int = small(default=0)


class ContentRow(SQLModel, table=True):
    """What the messages of a batch say: for reminders `items` lists [campaign id, step key, anchor day, channel].

    `payload` holds what the other kinds need (the id of a report, the sentence of an alert).
    """

    __tablename__ = "content"
    # The same things said on the same day are one content.
    __table_args__ = (Index("one_content", "digest", unique=True),)
    id: int | None = row_id()
    digest: bytes = secret()
    kind: MessageKind = code(MessageKind)
    channel: Channel = code(Channel)
    day: date = day()
    items: list[Any] = json(default_factory=list)
    also_open: int = small(default=0)
    payload: dict[str, Any] = json(default_factory=dict)


class ContentCampaign(SQLModel, table=True):
    """Which campaigns a content speaks of: what a stop looks up."""

    __tablename__ = "content_campaign"
    campaign_id: int = Field(sa_type=BigInteger, primary_key=True)
    content_id: int = Field(sa_type=BigInteger, primary_key=True)


class Batch(SQLModel, table=True):
    """Up to 1,000 messages of one content, language and route: the unit of claim, lease and stop.

    Nobody claims it before `send_at`. `turn` counts the batches of one opening, so that campaigns take turns. `because`
    says why it could not be built. `route` is the country of the numbers, which chooses sender and providers; '' for email.
    """

    __tablename__ = "batch"
    __table_args__ = (
        Index(
            "batch_to_claim",
            "channel",
            "open_until",
            "turn",
            "id",
            **where("state = 1"),
        ),
        Index(
            "batch_leased",
            "lease_until",
            **where("state IN (2, 3)"),
        ),
        Index("batch_withdrawn", "id", **where("state = 5")),
        Index("batch_of_content", "content_id"),
    )
    id: int | None = row_id()
    content_id: int = big()
    channel: Channel = code(Channel)
    locale: str = words()
    named: bool = Field(default=False)
    rhythm_id: int = big(default=0)
    state: BatchState = code(BatchState, default=BatchState.OPEN)
    reason: Reason = code(Reason, default=Reason.NONE)
    owner: str = words(default="")
    lease_until: datetime | None = instant(default=None)
    send_at: datetime = instant()
    open_until: datetime = instant()
    turn: int = Field(default=0)
    because: str = words(default="")
    route: str = words(default="")


class Attempt(SQLModel, table=True):
    """One call to one provider, or one volley of single sends: messages `first_message`..`last_message` of a batch.

    `body_sha256` holds a digest (32 bytes) of each body, where the provider takes the same body with the same key only
    once; empty until these are known, and so long nothing has left. `ask_at` is when the provider is asked again what became of it, or NULL, and `asked` how often it was.
    """

    __tablename__ = "attempt"
    # Attempts of a batch are numbered.
    __table_args__ = (
        Index("one_attempt", "batch_id", "no", unique=True),
        Index("attempt_open", "sent_at", **where("state IN (1, 3)")),
        Index("attempt_to_ask", "provider", "ask_at", **where("ask_at IS NOT NULL")),
    )
    id: int | None = row_id()
    batch_id: int = big()
    no: int = small()
    provider: str = words()
    owner: str = words()
    first_message: int = big()
    last_message: int = big()
    n: int = Field(default=0)
    state: AttemptState = code(AttemptState, default=AttemptState.SENDING)
    sent_at: datetime = instant()
    rendered_at: datetime = instant()
    idempotency_key: str = words()
    body_sha256: bytes | None = secret(default=None)
    n_accepted: int = Field(default=0)
    n_rejected: int = Field(default=0)
    n_retry: int = Field(default=0)
    n_unclear: int = Field(default=0)
    detail_ct: bytes | None = secret(default=None)
    ask_at: datetime | None = instant(default=None)
    asked: int = small(default=0)


class ReceiptRow(SQLModel, table=True):
    """A provider's own id for a message, kept only for providers that tell of it, or are asked for it, by no other name."""

    __tablename__ = "receipt"
    __table_args__ = (Index("receipt_of_attempt", "attempt_id"),)
    provider: str = Field(sa_type=Text, primary_key=True)
    provider_id: str = Field(sa_type=Text, primary_key=True)
    message_id: int = big()
    attempt_id: int = big()


class EventRow(SQLModel, table=True):
    """Something a provider or a supporter told us, once per `fingerprint`.

    `attempt_id` is the attempt that it speaks of: a message's result is made of the highest of each.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("one_event", "fingerprint", unique=True),
        Index("event_of_message", "message_id"),
        Index("event_sent_again", "message_id", **where("kind = 'sent again'")),
    )
    id: int | None = row_id()
    fingerprint: bytes = secret()
    message_id: int = big(default=0)
    attempt_id: int = big(default=0)
    kind: str = words()
    result: Result = code(Result, default=Result.UNKNOWN)
    at: datetime = instant()
    received_at: datetime = instant()


class ProviderState(SQLModel, table=True):
    """What a provider may still take: shared by all campaigns and kept over a restart.

    `stopped` says why nothing goes through it until an organiser says so; '' where it may be used. `list_read_at` is when
    its own list of people whom it no longer writes to was last dealt with, `list_because` why it could not be read.
    `most_a_day` is the most that it took on any day before `day`, which warms it up; `told_at` is when the organisers were
    told that it refuses our account, empty once it takes messages again.
    """

    __tablename__ = "provider_state"
    provider: str = Field(sa_type=Text, primary_key=True)
    day: date = day()
    taken_today: int = Field(default=0)
    window_at: datetime = instant()
    taken_in_window: int = Field(default=0)
    failures: int = Field(default=0)
    broken_until: datetime | None = instant(default=None)
    because: str = words(default="")
    stopped: str = words(default="")
    list_read_at: datetime | None = instant(default=None)
    list_because: str = words(default="")
    most_a_day: int = Field(default=0)
    told_at: datetime | None = instant(default=None)


class ReportRow(SQLModel, table=True):
    """A report as it was made: insert only, one row per version. Only a removal of texts takes words out of it."""

    __tablename__ = "report"
    __table_args__ = (Index("one_report", "campaign_id", "version", unique=True),)
    id: int | None = row_id()
    campaign_id: int = big()
    version: int = small()
    made_at: datetime = instant()
    final: bool = Field(default=False)
    body: dict[str, Any] = json()
