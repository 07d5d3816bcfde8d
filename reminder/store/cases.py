"""Cases, the keys by which they are found, and the documents of their chains."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

# Handed on under its own name: services pass a connection along and know no SQL.
from sqlalchemy import Connection as Connection
from sqlalchemy import case, func, insert, select, text, update

from reminder.domain.cases import IssuedText
from reminder.domain.states import CampaignState
from reminder.store.tables import Campaign, CaseDocument, CaseFile, CaseKey

_CASE = CaseFile.metadata.tables["casefile"]
_KEY = CaseKey.metadata.tables["case_key"]
_DOCUMENT = CaseDocument.metadata.tables["document"]
_CAMPAIGN = Campaign.metadata.tables["campaign"]


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """One document of a case: its row, its place in the chain (1 is the oldest) and what the rules look at."""

    id: int
    sequence: int
    file_name: str
    text: IssuedText


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """What a case shows of one of its campaigns; `question` is what the campaign waits for."""

    id: int
    case_id: int
    state: CampaignState
    question: str
    audience: tuple[str, ...]
    has_begun: bool


def lock_cases(connection: Connection) -> None:
    """Whoever changes which documents make a case does so alone: two adders would each see no case and make two.

    SQLite has one writer anyway. The unique index on the keys stays the referee.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE case_key IN SHARE ROW EXCLUSIVE MODE"))


def cases_by_key(connection: Connection, keys: Collection[str]) -> dict[str, int]:
    """Which of `keys` are known, and the case that each belongs to."""
    rows = connection.execute(select(_KEY.c.key, _KEY.c.case_id).where(_KEY.c.key.in_(keys)))
    return {row.key: row.case_id for row in rows}


def cases_by_reference(connection: Connection, code: str, keys: Collection[str], ending: str) -> list[int]:
    """The ids of the cases that have this code, one of these keys, or (unless empty) a key with this ending."""
    found = set(connection.execute(select(_CASE.c.id).where(_CASE.c.code == code)).scalars())
    found |= set(cases_by_key(connection, keys).values())
    if ending:
        named = _KEY.c.key.endswith(ending, autoescape=True)
        found |= set(connection.execute(select(_KEY.c.case_id).where(named)).scalars())
    return sorted(found)


def claim_keys(connection: Connection, case_id: int, keys: Iterable[str]) -> set[str]:
    """Give the case each key that belongs to nobody; returns all that are its own now."""
    known = cases_by_key(connection, list(keys := list(keys)))
    fresh = [{"key": key, "case_id": case_id} for key in keys if key not in known]
    if fresh:
        connection.execute(insert(CaseKey), fresh)
    return set(connection.execute(select(_KEY.c.key).where(_KEY.c.case_id == case_id)).scalars())


def create_case(connection: Connection, key: str, code: str, organisation: str, zone: str, now: datetime) -> int:
    """A case without documents; its facts are written when the first one is in its place."""
    new = CaseFile(key=key, code=code, organisation=organisation, zone=zone, created_at=now)
    values = new.model_dump(exclude={"id"})
    return int(connection.execute(insert(CaseFile).values(values).returning(_CASE.c.id)).scalar_one())


def is_code_taken(connection: Connection, code: str) -> bool:
    """Whether a case has this code, or had it before it was joined to another."""
    taken = connection.execute(select(_CASE.c.id).where(_CASE.c.code == code)).first()
    return taken is not None or bool(cases_by_key(connection, [f"code/{code}"]))


def read_case(connection: Connection, case_id: int) -> CaseFile:
    """The row of a case that exists."""
    return CaseFile(**connection.execute(select(_CASE).where(_CASE.c.id == case_id)).mappings().one())


def read_cases(connection: Connection) -> list[CaseFile]:
    """All cases, those with the nearest deadline first, those without one last."""
    late = case((_CASE.c.deadline_on.is_(None), 1), else_=0)
    rows = connection.execute(select(_CASE).order_by(late, _CASE.c.deadline_on, _CASE.c.id)).mappings()
    return [CaseFile(**row) for row in rows]


def change_case(connection: Connection, case_id: int, values: Mapping[str, Any]) -> None:
    """Write some columns of a case; the caller holds `lock_cases` and read the row under it."""
    connection.execute(update(_CASE).where(_CASE.c.id == case_id).values(dict(values)))


def documents_of(connection: Connection, case_id: int) -> list[StoredDocument]:
    """The chain, oldest first."""
    rows = connection.execute(select(_DOCUMENT).where(_DOCUMENT.c.case_id == case_id).order_by(_DOCUMENT.c.sequence))
    return [
        StoredDocument(
            row.id,
            row.sequence,
            row.file_name,
            IssuedText(row.digest.hex(), row.added_at, row.read, row.country, row.given),
        )
        for row in rows
    ]


def count_documents(connection: Connection) -> dict[int, int]:
    """How many documents each case has."""
    rows = connection.execute(select(_DOCUMENT.c.case_id, func.count()).group_by(_DOCUMENT.c.case_id))
    return {case_id: int(number) for case_id, number in rows}


def add_document_row(
    connection: Connection,
    case_id: int,
    document: IssuedText,
    file_name: str,
    source_ct: bytes,
    issued_on: date | None,
    story: str = "",
) -> int:
    """Put a document at the end of the chain; `set_places` moves it to where it belongs."""
    last = select(func.coalesce(func.max(_DOCUMENT.c.sequence), 0)).where(_DOCUMENT.c.case_id == case_id)
    values = {
        "case_id": case_id,
        "sequence": connection.execute(last).scalar_one() + 1,
        "digest": bytes.fromhex(document.digest),
        "file_name": file_name,
        "source_ct": source_ct,
        "read": dict(document.read),
        "country": document.country,
        "given": dict(document.given or {}),
        "issued_on": issued_on,
        "added_at": document.added_at,
        "story": story,
    }
    return int(connection.execute(insert(CaseDocument).values(values).returning(_DOCUMENT.c.id)).scalar_one())


def set_given(connection: Connection, document_id: int, given: Mapping[str, str], issued_on: date | None) -> None:
    """What an organiser added to a document; the caller holds `lock_cases` and read the row under it."""
    values = {"given": dict(given), "issued_on": issued_on}
    connection.execute(update(_DOCUMENT).where(_DOCUMENT.c.id == document_id).values(values))


def set_places(connection: Connection, document_ids: Sequence[int]) -> None:
    """Number the documents of a case 1, 2, … in this order."""
    places = [{"document": document_id, "place": place} for place, document_id in enumerate(document_ids, 1)]
    # By way of negative places, because the unique index is checked row by row.
    for sign in (-1, 1):
        connection.execute(
            text(f"UPDATE document SET sequence = {sign} * :place WHERE id = :document"),
            places,
        )


def source_of(connection: Connection, document_id: int) -> bytes | None:
    """The encrypted file of a document (purpose `b"document"`, base64 inside); None once it was removed."""
    found = select(_DOCUMENT.c.source_ct).where(_DOCUMENT.c.id == document_id)
    return connection.execute(found).scalar_one_or_none()


def campaigns_of(connection: Connection, case_id: int | None = None) -> list[CampaignLine]:
    """The campaigns of one case, or of all, oldest first."""
    wanted = select(_CAMPAIGN).order_by(_CAMPAIGN.c.id)
    if case_id is not None:
        wanted = wanted.where(_CAMPAIGN.c.case_id == case_id)
    return [
        CampaignLine(row.id, row.case_id, row.state, row.question, tuple(row.audience), row.started_on is not None)
        for row in connection.execute(wanted)
    ]
