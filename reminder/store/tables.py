"""The schema. Each unique index stands under the sentence it holds; no rule of the domain lives in a table class.

`_ct` is ciphertext (see vault.py). Times and days are numbers (see columns.py).
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, SmallInteger, Text, text
from sqlmodel import Field, SQLModel

from reminder.domain.states import (
    AttemptState,
    BatchState,
    CampaignState,
    Channel,
    DeliveryState,
    MessageKind,
    MessageState,
    Reason,
    Result,
    WaveState,
)
from reminder.store.columns import Code, Day, Instant

# SQLite counts rows by itself only for INTEGER PRIMARY KEY.
Id = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Any:
    return Field(default=None, sa_type=Id, primary_key=True)


def _ref(target: str) -> Any:
    """A reference the database checks; only on tables that are not filled by the million."""
    return Field(sa_column=Column(Id, ForeignKey(target), nullable=False))


def _code(kind: Any, **more: Any) -> Any:
    return Field(sa_type=Code(kind), **more)


def _instant(**more: Any) -> Any:
    return Field(sa_type=Instant, **more)


def _day(**more: Any) -> Any:
    return Field(sa_type=Day, **more)


def _small(**more: Any) -> Any:
    return Field(sa_type=SmallInteger, **more)


def _big(**more: Any) -> Any:
    return Field(sa_type=BigInteger, **more)


def _text(**more: Any) -> Any:
    return Field(sa_type=Text, **more)


def _secret(**more: Any) -> Any:
    return Field(sa_type=LargeBinary, **more)


def _json(**more: Any) -> Any:
    return Field(sa_type=JSON, **more)


def _where(condition: str) -> dict[str, Any]:
    """A partial index on both databases. SQLite uses it only for a query that repeats the condition as it stands."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


_REACHABLE = ("rhythm_id", "locale", "id", "cadence_days", "cadence_n", "last48", "named", "paused_until")


class Instance(SQLModel, table=True):
    """The one row about this installation. `epoch` changes with every restore, so that old ids are told from new ones."""

    __tablename__ = "instance"
    id: int = Field(default=1, primary_key=True)
    epoch: bytes = _secret()
    key_fingerprint: str = _text()
    created_at: datetime = _instant()
    heartbeat_at: datetime | None = _instant(default=None)
    heartbeat_owner: str = _text(default="")
    waits_because: str = _text(default="")
    key_confirmed_at: datetime | None = _instant(default=None)
    next_batch_id: int = _big(default=1)
    next_message_id: int = _big(default=1)
    monday_on: date | None = _day(default=None)


class Organiser(SQLModel, table=True):
    """Somebody of the office who gets reports and alerts."""

    __tablename__ = "organiser"
    __table_args__ = (Index("one_organiser", "email_hash", unique=True),)
    id: int | None = _id()
    email_ct: bytes = _secret()
    email_hash: bytes = _secret()
    name_ct: bytes | None = _secret(default=None)
    locale: str = _text(default="en")
    since: datetime = _instant()


class CaseFile(SQLModel, table=True):
    """One person or group at risk: a chain of documents. `key` is organisation/series/number/year, never a name.

    `code` is the opaque word in public links. `questions` lists what an organiser must answer before anything goes.
    """

    __tablename__ = "casefile"
    # One case per key of its organisation.
    __table_args__ = (Index("one_case", "key", unique=True), Index("one_code", "code", unique=True))
    id: int | None = _id()
    key: str = _text()
    code: str = _text()
    organisation: str = _text()
    title: str = _text(default="")
    country: str = _text(default="")
    topics: list[str] = _json(default_factory=list)
    zone: str = _text()
    deadline_on: date | None = _day(default=None)
    deadline_because: str = _text(default="")
    review_on: date | None = _day(default=None)
    sent_by_counts: bool = Field(default=False)
    questions: list[dict[str, str]] = _json(default_factory=list)
    stopped_at: datetime | None = _instant(default=None)
    stopped_because: str = _text(default="")
    redacted_at: datetime | None = _instant(default=None)
    outcome: str = _text(default="")
    outcome_at: datetime | None = _instant(default=None)
    created_at: datetime = _instant()


class CaseKey(SQLModel, table=True):
    """Every name by which documents speak of a case: its number, the index of each document and of the one before it,
    the digest of each file. Two cases that turn out to share a name are one case."""

    __tablename__ = "case_key"
    # A name belongs to one case.
    key: str = Field(sa_type=Text, primary_key=True)
    case_id: int = _ref("casefile.id")
    __table_args__ = (Index("case_key_of", "case_id"),)


class CaseDocument(SQLModel, table=True):
    """One issued text of a case. `read` is what `case read --json` prints; the newest `sequence` wins.

    `country` is the two letters of the country read. `given` holds what an organiser added to the text, by the name of
    the question it answers; what the case says is worked out from `read` and `given` of its documents alone.
    """

    __tablename__ = "document"
    # The same file added twice is one document; a case has one document at each place of its chain.
    __table_args__ = (
        Index("one_document", "case_id", "digest", unique=True),
        Index("one_place", "case_id", "sequence", unique=True),
    )
    id: int | None = _id()
    case_id: int = _ref("casefile.id")
    sequence: int = _small()
    digest: bytes = _secret()
    file_name: str = _text()
    source_ct: bytes | None = _secret(default=None)
    read: dict[str, Any] = _json()
    country: str = _text(default="")
    given: dict[str, str] = _json(default_factory=dict)
    issued_on: date | None = _day(default=None)
    added_at: datetime = _instant()


class Campaign(SQLModel, table=True):
    """One mobilisation for one case. `version` rises with every change; only `approved_version` may be live.

    `audience` lists scopes such as "all", "country:CN", "list:london"; empty means nobody. `round` rises with a "new
    letter": who wrote in an earlier round is asked again. `live_since` is the last start, resume or go-ahead after a
    change: nothing that was due before it goes. `plan_again_at` is when the heartbeat must look at its plan next; NULL:
    nothing lies ahead. `deadline_on` is past for the organisers when its day ends in `zone`; `expires_at` is when it has
    ended for the last reader on earth: until then the campaign is live and each message's own not-after rules.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        Index("campaign_to_plan", "plan_again_at", **_where("state = 3")),
        Index(
            "campaign_by_expiry",
            "expires_at",
            **_where("state IN (2, 3, 4)"),
        ),
        Index("campaign_by_case", "case_id"),
    )
    id: int | None = _id()
    case_id: int = _ref("casefile.id")
    state: CampaignState = _code(CampaignState, default=CampaignState.DRAFT)
    version: int = Field(default=1)
    approved_version: int = Field(default=0)
    approved_at: datetime | None = _instant(default=None)
    zone: str = _text()
    deadline_on: date | None = _day(default=None)
    review_on: date | None = _day(default=None)
    post_by_on: date | None = _day(default=None)
    expires_at: datetime | None = _instant(default=None)
    audience: list[str] = _json(default_factory=list)
    named: bool = Field(default=False)
    sending_limit: int = Field(default=0)
    default_plan: bool = Field(default=True)
    question: str = _text(default="")
    round: int = _small(default=1)
    started_on: date | None = _day(default=None)
    live_since: datetime | None = _instant(default=None)
    plan_again_at: datetime | None = _instant(default=None)
    planned_until: datetime | None = _instant(default=None)
    ended_at: datetime | None = _instant(default=None)
    report_due_at: datetime | None = _instant(default=None)
    created_at: datetime = _instant()


class Step(SQLModel, table=True):
    """One reminder of a plan. The key is made of what the step hangs on, so that editing never makes an old step new.

    `anchor_at`: the instant of a start or an update, whose next `at_hour` counts where the reader lives. `until_on`: the
    last local day on which it is of use, NULL for the campaign's deadline or review day. `over_limit`: an organiser said
    go although more people get it than the campaign's `sending_limit`.
    """

    __tablename__ = "step"
    # One step per key in a campaign.
    __table_args__ = (Index("one_step", "campaign_id", "step_key", unique=True),)
    id: int | None = _id()
    campaign_id: int = _ref("campaign.id")
    step_key: str = _text()
    anchor: str = _text()
    anchor_on: date = _day()
    offset_days: int = _small()
    at_hour: int = _small()
    channels: str = _text()
    last_useful: bool = Field(default=False)
    anchor_at: datetime | None = _instant(default=None)
    until_on: date | None = _day(default=None)
    over_limit: bool = Field(default=False)


class Rhythm(SQLModel, table=True):
    """One distinct set of wall-clock habits. zone '' is the campaign's; hour −1 is the step's.

    `sms_country` is set only where the zone is unknown: a text then waits until all zones of that country are awake.
    """

    __tablename__ = "rhythm"
    # The same habits are the same rhythm.
    __table_args__ = (
        Index(
            "one_rhythm",
            "zone",
            "sms_country",
            "email_hour",
            "sms_hour",
            "email_quiet_from",
            "email_quiet_to",
            "sms_quiet_from",
            "sms_quiet_to",
            unique=True,
        ),
    )
    id: int | None = _id()
    zone: str = _text(default="")
    sms_country: str = _text(default="")
    email_hour: int = _small(default=-1)
    sms_hour: int = _small(default=-1)
    email_quiet_from: int = _small(default=21)
    email_quiet_to: int = _small(default=8)
    sms_quiet_from: int = _small(default=21)
    sms_quiet_to: int = _small(default=8)


class Subscriber(SQLModel, table=True):
    """A supporter. `email_since` and `sms_since` are the confirmation of each channel; NULL is no agreement.

    `state`: 1 active, 2 evidence of agreement missing, 3 left everything, 4 erased. Cadence: at most `cadence_n`
    reminders in `cadence_days` local days; `last48` means only those in the last 48 hours.
    """

    __tablename__ = "subscriber"
    __table_args__ = (
        # One supporter per address, one per number.
        Index("one_email", "email_hash", unique=True),
        Index("one_phone", "phone_hash", unique=True),
        Index("subscriber_by_rhythm", "rhythm_id", "locale", "id"),
        # Opening and forecast read who can be reached from these alone; the rows with their ciphertext stay on the disk.
        Index(
            "reachable_by_email",
            *_REACHABLE,
            "email_since",
            "sms_since",
            **_where("state = 1 AND email_since IS NOT NULL"),
        ),
        Index(
            "reachable_by_sms", *_REACHABLE, "sms_since", "email_since", **_where("state = 1 AND sms_since IS NOT NULL")
        ),
        Index(
            "subscriber_moved",
            "rhythm_since",
            **_where("rhythm_since IS NOT NULL"),
        ),
    )
    id: int | None = _id()
    email_ct: bytes | None = _secret(default=None)
    email_hash: bytes | None = _secret(default=None)
    phone_ct: bytes | None = _secret(default=None)
    phone_hash: bytes | None = _secret(default=None)
    name_ct: bytes | None = _secret(default=None)
    locale: str = _text(default="en")
    country: str = _text(default="")
    rhythm_id: int = _big()
    rhythm_since: datetime | None = _instant(default=None)
    cadence_n: int = _small(default=2)
    cadence_days: int = _small(default=7)
    last48: bool = Field(default=False)
    named: bool = Field(default=False)
    closing_note: bool = Field(default=False)
    tell_outcome: bool = Field(default=False)
    email_since: datetime | None = _instant(default=None)
    sms_since: datetime | None = _instant(default=None)
    paused_until: datetime | None = _instant(default=None)
    state: int = _small(default=1)
    joined_at: datetime = _instant()


class Subscription(SQLModel, table=True):
    """What a supporter asked for: "all", "country:CN", "topic:writers", "case:12" or "list:london"."""

    __tablename__ = "subscription"
    # Nobody is subscribed to the same thing twice.
    scope: str = Field(sa_type=Text, primary_key=True)
    subscriber_id: int = Field(sa_type=BigInteger, primary_key=True)
    __table_args__ = (Index("subscription_of", "subscriber_id"),)


class Exclusion(SQLModel, table=True):
    """A country ("CN") or a case ("case:12") that a supporter leaves out. No reason is kept."""

    __tablename__ = "exclusion"
    subscriber_id: int = Field(sa_type=BigInteger, primary_key=True)
    what: str = Field(sa_type=Text, primary_key=True)


class Consent(SQLModel, table=True):
    """The ledger of agreements and leavings, insert only: who said what, when, in which words, with which evidence."""

    __tablename__ = "consent"
    __table_args__ = (Index("consent_of_address", "address_hash", "channel", "id"),)
    id: int | None = _id()
    at: datetime = _instant()
    address_hash: bytes = _secret()
    channel: Channel = _code(Channel)
    what: str = _text()
    basis: str = _text(default="")
    source: str = _text(default="")
    wording: str = _text(default="")
    given_on: date | None = _day(default=None)
    evidence_ct: bytes | None = _secret(default=None)
    subscriber_id: int | None = _big(default=None)


class DoNotContact(SQLModel, table=True):
    """Addresses we may not write to. Wins in every order of import; only the person's own confirmation lifts it.

    Whoever writes a row here takes the subscriber's `email_since` or `sms_since` back in the same transaction, so that
    opening and forecast need not look here; the last check before each call does.
    """

    __tablename__ = "do_not_contact"
    channel: Channel = Field(sa_type=Code(Channel), primary_key=True)
    address_hash: bytes = Field(sa_type=LargeBinary, primary_key=True)
    reason: str = _text()
    since: datetime = _instant()


class Letter(SQLModel, table=True):
    """A supporter says "I wrote": a claim that ends the reminders of that campaign's round for them."""

    __tablename__ = "letter"
    campaign_id: int = Field(sa_type=BigInteger, primary_key=True)
    round: int = Field(sa_type=SmallInteger, primary_key=True)
    subscriber_id: int = Field(sa_type=BigInteger, primary_key=True)
    at: datetime = _instant()
    how: str = _text(default="")
    late: bool = Field(default=False)


class Wave(SQLModel, table=True):
    """One step for one rhythm by one channel: a due instant, an open-until and a not-after.

    `chunk_end` is the id of the last subscriber dealt with while it is being opened; it is written in the transaction of
    its rows and is the only cursor in the program. `n_people` counts those a superseded or missed sending left out.
    """

    __tablename__ = "wave"
    __table_args__ = (
        # A sending is planned once.
        Index("one_wave", "campaign_id", "step_key", "anchor_on", "rhythm_id", "channel", unique=True),
        Index("wave_due", "due_at", **_where("state IN (1, 2)")),
        Index("wave_opened", "opened_at", **_where("state = 3")),
        Index("wave_of_day", "rhythm_id", "local_on"),
    )
    id: int | None = _id()
    campaign_id: int = _big()
    step_key: str = _text()
    anchor_on: date = _day()
    rhythm_id: int = _big()
    channel: Channel = _code(Channel)
    local_on: date = _day()
    due_at: datetime = _instant()
    open_until: datetime = _instant()
    not_after: datetime = _instant()
    last_useful: bool = Field(default=False)
    # The email part of a step that prefers SMS reaches only those without SMS, and the other way round.
    unless_channel: int = _small(default=0)
    state: WaveState = _code(WaveState, default=WaveState.PLANNED)
    opened_at: datetime | None = _instant(default=None)
    chunk_locale: str = _text(default="")
    chunk_end: int = _big(default=0)
    n_opened: int = Field(default=0)
    n_skipped: int = Field(default=0)
    n_people: int = Field(default=0)


class Delivery(SQLModel, table=True):
    """One promise. Nothing here is NULL, and nothing is indexed but the promise: every sending appends in one place.

    The message that carries it is the reminder of the same person and local day.
    """

    __tablename__ = "delivery"
    # Nobody is promised the same step of the same date by the same channel twice.
    __table_args__ = (
        Index("one_promise", "campaign_id", "step_key", "anchor_on", "channel", "subscriber_id", unique=True),
    )
    id: int | None = _id()
    campaign_id: int = _big()
    step_key: str = _text()
    anchor_on: date = _day()
    channel: Channel = _code(Channel)
    subscriber_id: int = _big()
    local_on: date = _day()
    wave_id: int = _big()
    state: DeliveryState = _code(DeliveryState)
    reason: Reason = _code(Reason, default=Reason.NONE)
    not_after: datetime = _instant()
    opened_at: datetime = _instant()


class Message(SQLModel, table=True):
    """What one person gets by one channel on one day. `subscriber_id` is an organiser's id for reports and alerts.

    `not_after` is the last instant of hand-over; `open_until` the last before the next quiet hour.
    """

    __tablename__ = "message"
    __table_args__ = (
        # One reminder a person and local day, over all channels and campaigns (1 = nudge, 6 = cancelled).
        Index(
            "one_a_day",
            "local_on",
            "subscriber_id",
            unique=True,
            **_where("kind = 1 AND state <> 6"),
        ),
        # Every other message is sent once for its dedupe key.
        Index(
            "one_of_a_kind",
            "dedupe",
            unique=True,
            **_where("dedupe IS NOT NULL"),
        ),
        Index("message_of_batch", "batch_id", "id"),
        Index("message_unclear", "id", **_where("state = 5")),
    )
    id: int | None = _id()
    kind: MessageKind = _code(MessageKind)
    local_on: date = _day()
    channel: Channel = _code(Channel)
    subscriber_id: int = _big()
    batch_id: int = _big()
    state: MessageState = _code(MessageState, default=MessageState.DUE)
    reason: Reason = _code(Reason, default=Reason.NONE)
    result: Result = _code(Result, default=Result.UNKNOWN)
    attempt_id: int = _big(default=0)
    tries: int = _small(default=0)
    open_until: datetime = _instant()
    not_after: datetime = _instant()
    dedupe: str | None = _text(default=None)


class ContentRow(SQLModel, table=True):
    """What the messages of a batch say: for reminders `items` lists [campaign id, step key, anchor day, channel].

    `payload` holds what the other kinds need (the id of a report, the sentence of an alert).
    """

    __tablename__ = "content"
    # The same things said on the same day are one content.
    __table_args__ = (Index("one_content", "digest", unique=True),)
    id: int | None = _id()
    digest: bytes = _secret()
    kind: MessageKind = _code(MessageKind)
    channel: Channel = _code(Channel)
    day: date = _day()
    items: list[Any] = _json(default_factory=list)
    also_open: int = _small(default=0)
    payload: dict[str, Any] = _json(default_factory=dict)


class ContentCampaign(SQLModel, table=True):
    """Which campaigns a content speaks of: what a stop looks up."""

    __tablename__ = "content_campaign"
    campaign_id: int = Field(sa_type=BigInteger, primary_key=True)
    content_id: int = Field(sa_type=BigInteger, primary_key=True)


class Batch(SQLModel, table=True):
    """Up to 1,000 messages of one content and language: the unit of claim, lease and stop.

    Nobody claims it before `send_at`. `turn` counts the batches of one opening, so that campaigns take turns.
    """

    __tablename__ = "batch"
    __table_args__ = (
        Index(
            "batch_to_claim",
            "channel",
            "open_until",
            "turn",
            "id",
            **_where("state = 1"),
        ),
        Index(
            "batch_leased",
            "lease_until",
            **_where("state IN (2, 3)"),
        ),
        Index("batch_withdrawn", "id", **_where("state = 5")),
        Index("batch_of_content", "content_id"),
    )
    id: int | None = _id()
    content_id: int = _big()
    channel: Channel = _code(Channel)
    locale: str = _text()
    named: bool = Field(default=False)
    rhythm_id: int = _big(default=0)
    state: BatchState = _code(BatchState, default=BatchState.OPEN)
    reason: Reason = _code(Reason, default=Reason.NONE)
    owner: str = _text(default="")
    lease_until: datetime | None = _instant(default=None)
    send_at: datetime = _instant()
    open_until: datetime = _instant()
    turn: int = Field(default=0)


class Attempt(SQLModel, table=True):
    """One call to one provider, or one volley of single sends: messages `first_message`..`last_message` of a batch."""

    __tablename__ = "attempt"
    # Attempts of a batch are numbered.
    __table_args__ = (
        Index("one_attempt", "batch_id", "no", unique=True),
        Index("attempt_open", "sent_at", **_where("state IN (1, 3)")),
    )
    id: int | None = _id()
    batch_id: int = _big()
    no: int = _small()
    provider: str = _text()
    owner: str = _text()
    first_message: int = _big()
    last_message: int = _big()
    n: int = Field(default=0)
    state: AttemptState = _code(AttemptState, default=AttemptState.SENDING)
    sent_at: datetime = _instant()
    rendered_at: datetime = _instant()
    idempotency_key: str = _text()
    body_sha256: bytes | None = _secret(default=None)
    n_accepted: int = Field(default=0)
    n_rejected: int = Field(default=0)
    n_retry: int = Field(default=0)
    n_unclear: int = Field(default=0)
    detail_ct: bytes | None = _secret(default=None)


class ReceiptRow(SQLModel, table=True):
    """A provider's own id for a message, kept only for providers that tell of it by no other name."""

    __tablename__ = "receipt"
    provider: str = Field(sa_type=Text, primary_key=True)
    provider_id: str = Field(sa_type=Text, primary_key=True)
    message_id: int = _big()
    attempt_id: int = _big()


class EventRow(SQLModel, table=True):
    """Something a provider or a supporter told us, once per `fingerprint`.

    `attempt_id` is the attempt that it speaks of: a message's result is made of the highest of each.
    """

    __tablename__ = "event"
    __table_args__ = (Index("one_event", "fingerprint", unique=True), Index("event_of_message", "message_id"))
    id: int | None = _id()
    fingerprint: bytes = _secret()
    message_id: int = _big(default=0)
    attempt_id: int = _big(default=0)
    kind: str = _text()
    result: Result = _code(Result, default=Result.UNKNOWN)
    at: datetime = _instant()
    received_at: datetime = _instant()


class ProviderState(SQLModel, table=True):
    """What a provider may still take: shared by all campaigns and kept over a restart."""

    __tablename__ = "provider_state"
    provider: str = Field(sa_type=Text, primary_key=True)
    day: date = _day()
    taken_today: int = Field(default=0)
    window_at: datetime = _instant()
    taken_in_window: int = Field(default=0)
    failures: int = Field(default=0)
    broken_until: datetime | None = _instant(default=None)
    because: str = _text(default="")


class ReportRow(SQLModel, table=True):
    """A report as it was made: insert only, one row per version."""

    __tablename__ = "report"
    __table_args__ = (Index("one_report", "campaign_id", "version", unique=True),)
    id: int | None = _id()
    campaign_id: int = _big()
    version: int = _small()
    made_at: datetime = _instant()
    final: bool = Field(default=False)
    body: dict[str, Any] = _json()


class Audit(SQLModel, table=True):
    """Who changed what, insert only. `detail_ct` is encrypted: it may tell of a person."""

    __tablename__ = "audit"
    id: int | None = _id()
    at: datetime = _instant()
    who: str = _text()
    what: str = _text()
    about: str = _text(default="")
    detail_ct: bytes | None = _secret(default=None)
