"""Cases: chains of documents."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from reminder.store.tables.base import day, instant, json, ref, row_id, secret, small, words


class CaseFile(SQLModel, table=True):
    """One person or group at risk: a chain of documents. `key` is organisation/series/number/year, never a name.

    `code` is the opaque word in public links. `questions` lists what an organiser must answer before anything goes.
    """

    __tablename__ = "casefile"
    # One case per key of its organisation.
    __table_args__ = (Index("one_case", "key", unique=True), Index("one_code", "code", unique=True))
    id: int | None = row_id()
    key: str = words()
    code: str = words()
    organisation: str = words()
    title: str = words(default="")
    country: str = words(default="")
    topics: list[str] = json(default_factory=list)
    zone: str = words()
    deadline_on: date | None = day(default=None)
    deadline_because: str = words(default="")
    review_on: date | None = day(default=None)
    sent_by_counts: bool = Field(default=False)
    questions: list[dict[str, str]] = json(default_factory=list)
    stopped_at: datetime | None = instant(default=None)
    stopped_because: str = words(default="")
    redacted_at: datetime | None = instant(default=None)
    outcome: str = words(default="")
    outcome_at: datetime | None = instant(default=None)
    created_at: datetime = instant()


class CaseKey(SQLModel, table=True):
    """Every name by which documents speak of a case: its number, the index of each document and of the one before it,
    the digest of each file. Two cases that turn out to share a name are one case."""

    __tablename__ = "case_key"
    # A name belongs to one case.
    key: str = Field(sa_type=Text, primary_key=True)
    case_id: int = ref("casefile.id")
    __table_args__ = (Index("case_key_of", "case_id"),)


class CaseDocument(SQLModel, table=True):
    """One issued text of a case. `read` is what `case read --json` prints; the newest `sequence` wins.

    `country` is the two letters of the country read. `given` holds what an organiser added to the text, by the name of
    the question it answers; what the case says is worked out from `read` and `given` of its documents alone. `story` is
    what it tells beside the letter.
    """

    __tablename__ = "document"
    # The same file added twice is one document; a case has one document at each place of its chain.
    __table_args__ = (
        Index("one_document", "case_id", "digest", unique=True),
        Index("one_place", "case_id", "sequence", unique=True),
    )
    id: int | None = row_id()
    case_id: int = ref("casefile.id")
    sequence: int = small()
    digest: bytes = secret()
    file_name: str = words()
    source_ct: bytes | None = secret(default=None)
    read: dict[str, Any] = json()
    country: str = words(default="")
    given: dict[str, str] = json(default_factory=dict)
    issued_on: date | None = day(default=None)
    added_at: datetime = instant()
    story: str = words(default="")
