"""The installation and the people of the office."""

from datetime import date, datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from reminder.store.tables.base import big, day, instant, row_id, secret, words


class Instance(SQLModel, table=True):
    """The one row about this installation. `epoch` changes with every restore, so that old ids are told from new ones."""

    __tablename__ = "instance"
    id: int = Field(default=1, primary_key=True)
    epoch: bytes = secret()
    key_fingerprint: str = words()
    created_at: datetime = instant()
    heartbeat_at: datetime | None = instant(default=None)
    heartbeat_owner: str = words(default="")
    waits_because: str = words(default="")
    key_confirmed_at: datetime | None = instant(default=None)
    next_batch_id: int = big(default=1)
    next_message_id: int = big(default=1)
    monday_on: date | None = day(default=None)
    morning_on: date | None = day(default=None)
    # Of the rules for texts by which sendings are planned: other rules, another plan.
    sms_rules: str = words(default="")


class Organiser(SQLModel, table=True):
    """Somebody of the office who gets reports and alerts."""

    __tablename__ = "organiser"
    __table_args__ = (Index("one_organiser", "email_hash", unique=True),)
    id: int | None = row_id()
    email_ct: bytes = secret()
    email_hash: bytes = secret()
    name_ct: bytes | None = secret(default=None)
    locale: str = words(default="en")
    since: datetime = instant()


class Audit(SQLModel, table=True):
    """Who changed what, insert only. `detail_ct` is encrypted: it may tell of a person."""

    __tablename__ = "audit"
    id: int | None = row_id()
    at: datetime = instant()
    who: str = words()
    what: str = words()
    about: str = words(default="")
    detail_ct: bytes | None = secret(default=None)
