"""What texts cost, what a campaign may spend on them, and who asked for a text to confirm a number."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from reminder.store.tables.base import big, instant, row_id, secret, small, where, words


class SmsBudget(SQLModel, table=True):
    """What a campaign may spend on texts, in millionths of the currency's unit; no row: as much as they cost.

    `spent` counts what every attempt may have cost: it is reserved before the provider hears of it, and given back only
    for texts that the provider certainly did not take.
    """

    __tablename__ = "sms_budget"
    campaign_id: int = Field(sa_type=BigInteger, primary_key=True)
    amount: int = big()
    currency: str = words()
    spent: int = big(default=0)


class SmsCost(SQLModel, table=True):
    """What the texts of one attempt cost: `texts` that a provider took or may have taken, `segments` each.

    `price` is that of a segment in millionths when they were sent, NULL where nobody knew. `campaign_id` pays: the first of
    several appeals, 0 for what belongs to none (questions, answers).
    """

    __tablename__ = "sms_cost"
    __table_args__ = (Index("sms_cost_of_campaign", "campaign_id"),)
    attempt_id: int = Field(sa_type=BigInteger, primary_key=True)
    campaign_id: int = big(default=0)
    country: str = words(default="")
    provider: str = words(default="")
    segments: int = small()
    texts: int = Field(default=0)
    price: int | None = big(default=None)
    currency: str = words(default="")


class SmsAsking(SQLModel, table=True):
    """Somebody asked for a text that confirms a number: what became of it (`Answer` of domain/sms_asking.py).

    The number and the range that it lies in are keyed hashes; a row is kept for two days.
    """

    __tablename__ = "sms_asking"
    __table_args__ = (
        Index("sms_asking_of_range", "range_hash", "at"),
        Index("sms_asking_of_day", "at", "answer"),
        Index("sms_asking_of_number", "address_hash", "at", **where("answer = 0")),
    )
    id: int | None = row_id()
    at: datetime = instant()
    address_hash: bytes = secret()
    range_hash: bytes = secret()
    answer: int = small()
