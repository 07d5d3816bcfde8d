"""Supporters: how they are reached, what they asked for, what they said."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, LargeBinary, SmallInteger, Text
from sqlmodel import Field, SQLModel

from reminder.domain.states import Channel
from reminder.store.columns import Code
from reminder.store.tables.base import REACHABLE, big, code, day, instant, row_id, secret, small, where, words


class Rhythm(SQLModel, table=True):
    """One distinct set of wall-clock habits. zone '' is the campaign's; hour −1 is the step's.

    `sms_country` is the country of the number, whose rules for texts count; where the zone is unknown a text also waits
    until all zones of that country are awake.
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
    id: int | None = row_id()
    zone: str = words(default="")
    sms_country: str = words(default="")
    email_hour: int = small(default=-1)
    sms_hour: int = small(default=-1)
    email_quiet_from: int = small(default=21)
    email_quiet_to: int = small(default=8)
    sms_quiet_from: int = small(default=21)
    sms_quiet_to: int = small(default=8)


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
            *REACHABLE,
            "email_since",
            "sms_since",
            **where("state = 1 AND email_since IS NOT NULL"),
        ),
        Index(
            "reachable_by_sms",
            *REACHABLE,
            "sms_since",
            "email_since",
            "phone_country",
            **where("state = 1 AND sms_since IS NOT NULL"),
        ),
        # Numbers that were stored before their country was kept: few, and soon none.
        Index("phone_without_country", "id", **where("phone_country = '' AND phone_ct IS NOT NULL")),
        # Forecast counts who is not active from this alone.
        Index("subscriber_not_active", "state", "id", **where("state <> 1")),
        Index(
            "subscriber_moved",
            "rhythm_since",
            **where("rhythm_since IS NOT NULL"),
        ),
    )
    id: int | None = row_id()
    email_ct: bytes | None = secret(default=None)
    email_hash: bytes | None = secret(default=None)
    phone_ct: bytes | None = secret(default=None)
    phone_hash: bytes | None = secret(default=None)
    # Two letters; '' without a number, '?' where the number belongs to no country.
    phone_country: str = words(default="")
    name_ct: bytes | None = secret(default=None)
    locale: str = words(default="en")
    country: str = words(default="")
    rhythm_id: int = big()
    rhythm_since: datetime | None = instant(default=None)
    cadence_n: int = small(default=2)
    cadence_days: int = small(default=7)
    last48: bool = Field(default=False)
    named: bool = Field(default=False)
    closing_note: bool = Field(default=False)
    tell_outcome: bool = Field(default=False)
    email_since: datetime | None = instant(default=None)
    sms_since: datetime | None = instant(default=None)
    paused_until: datetime | None = instant(default=None)
    state: int = small(default=1)
    joined_at: datetime = instant()


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
    id: int | None = row_id()
    at: datetime = instant()
    address_hash: bytes = secret()
    channel: Channel = code(Channel)
    what: str = words()
    basis: str = words(default="")
    source: str = words(default="")
    wording: str = words(default="")
    given_on: date | None = day(default=None)
    evidence_ct: bytes | None = secret(default=None)
    subscriber_id: int | None = big(default=None)


class DoNotContact(SQLModel, table=True):
    """Addresses we may not write to. Wins in every order of import; only the person's own confirmation lifts it.

    Whoever writes a row here takes the subscriber's `email_since` or `sms_since` back in the same transaction, so that
    opening and forecast need not look here; the last check before each call does.
    """

    __tablename__ = "do_not_contact"
    channel: Channel = Field(sa_type=Code(Channel), primary_key=True)
    address_hash: bytes = Field(sa_type=LargeBinary, primary_key=True)
    reason: str = words()
    since: datetime = instant()


class Letter(SQLModel, table=True):
    """A supporter says "I wrote": a claim that ends the reminders of that campaign's round for them."""

    __tablename__ = "letter"
    campaign_id: int = Field(sa_type=BigInteger, primary_key=True)
    round: int = Field(sa_type=SmallInteger, primary_key=True)
    subscriber_id: int = Field(sa_type=BigInteger, primary_key=True)
    at: datetime = instant()
    how: str = words(default="")
    late: bool = Field(default=False)
