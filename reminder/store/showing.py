"""What the public pages read: appeals whose campaign has begun, and their documents."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from reminder.domain.cases import IssuedText
from reminder.domain.states import CampaignState
from reminder.store.columns import day, instant, json_value, one_of, plain_rows, statement


@dataclass(frozen=True, slots=True)
class Showable:
    """A case with the one of its campaigns that counts for readers: the one that is furthest from its end, the newest of those.

    Whenever something changes that readers see, something here does: `version` rises with every change of the campaign,
    `document_id` and `n_documents` tell of the chain (None: it has no document), `removed_at` of texts that were taken out. `asks`: case or campaign waits for an organiser's answer;
    `unchecked`: it is the newest document that does.
    """

    campaign_id: int
    case_id: int
    code: str
    title: str
    country: str
    topics: tuple[str, ...]
    zone: str
    state: CampaignState
    version: int
    deadline_on: date | None
    review_on: date | None
    post_by_on: date | None
    sent_by_counts: bool
    ended_at: datetime | None
    stopped: bool
    asks: bool
    unchecked: bool
    outcome: str
    outcome_at: datetime | None
    document_id: int | None
    n_documents: int
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """One document of a chain; `story` is its text beside the letter."""

    text: IssuedText
    story: str


_COLUMNS = (
    *(
        "c.id",
        "c.case_id",
        "c.zone",
        "c.state",
        "c.version",
        "c.deadline_on",
        "c.review_on",
        "c.post_by_on",
        "c.ended_at",
    ),
    *("c.question", "f.code", "f.title", "f.country", "f.topics", "f.sent_by_counts", "f.stopped_at", "f.questions"),
    *("f.outcome", "f.outcome_at", "f.redacted_at"),
    "(SELECT count(*) FROM document d WHERE d.case_id = f.id)",
    "(SELECT d.id FROM document d WHERE d.case_id = f.id ORDER BY d.sequence DESC LIMIT 1)",
)
_NAMES = (*(column.partition(".")[2] for column in _COLUMNS[:-2]), "n_documents", "document_id")
_FROM = f"SELECT {', '.join(_COLUMNS)} FROM campaign c JOIN casefile f ON f.id = c.case_id"
_OPEN = (
    f"{_FROM} WHERE c.state = 3 AND c.started_on IS NOT NULL"
    " ORDER BY c.deadline_on IS NULL, c.deadline_on, c.review_on IS NULL, c.review_on, c.id DESC"
)
# What has not begun was perhaps looked at by nobody, and is nobody's business.
_BY_CODE = (
    f"{_FROM} WHERE f.id = coalesce((SELECT id FROM casefile WHERE code = :code),"
    " (SELECT case_id FROM case_key WHERE key = :key))"
    " AND c.started_on IS NOT NULL AND c.state IN (3, 4, 5, 6, 7) ORDER BY c.state, c.id DESC LIMIT 1"
)


def open_now(connection: Connection) -> list[Showable]:
    """Every case with a live campaign, the nearest deadline first, those without one last; each case once."""
    once: dict[int, Showable] = {}
    for row in plain_rows(connection, _OPEN, {}):
        found = _showable(row)
        once.setdefault(found.case_id, found)
    return list(once.values())


def by_code(connection: Connection, code: str) -> Showable | None:
    """The appeal with this public code, or with one that it had before it was joined to another; None where nothing began."""
    rows = plain_rows(connection, _BY_CODE, {"code": code, "key": f"code/{code}"})
    return _showable(rows[0]) if rows else None


def chain_of(connection: Connection, case_id: int) -> list[ShownDocument]:
    """The documents of a case, oldest first."""
    return chains_of(connection, [case_id])[case_id]


def chains_of(connection: Connection, case_ids: Collection[int]) -> dict[int, list[ShownDocument]]:
    """The documents of some cases, each chain oldest first."""
    found: dict[int, list[ShownDocument]] = {case_id: [] for case_id in case_ids}
    which, bound = one_of(connection, "case_id", found)
    rows = connection.execute(
        statement(
            f"SELECT case_id, digest, added_at, read, country, given, story FROM document WHERE {which}"
            " ORDER BY case_id, sequence"
        ),
        bound,
    )
    for row in rows:
        read, given = json_value(row.read) or {}, json_value(row.given)
        issued = IssuedText(bytes(row.digest).hex(), instant(row.added_at), read, row.country, given)
        found[row.case_id].append(ShownDocument(issued, row.story))
    return found


def _showable(values: tuple[Any, ...]) -> Showable:
    row = dict(zip(_NAMES, values, strict=True))
    questions: Sequence[object] = json_value(row["questions"]) or ()
    return Showable(
        campaign_id=row["id"],
        case_id=row["case_id"],
        code=row["code"],
        title=row["title"],
        country=row["country"],
        topics=tuple(json_value(row["topics"]) or ()),
        zone=row["zone"],
        state=CampaignState(row["state"]),
        version=row["version"],
        deadline_on=None if row["deadline_on"] is None else day(row["deadline_on"]),
        review_on=None if row["review_on"] is None else day(row["review_on"]),
        post_by_on=None if row["post_by_on"] is None else day(row["post_by_on"]),
        sent_by_counts=bool(row["sent_by_counts"]),
        ended_at=None if row["ended_at"] is None else instant(row["ended_at"]),
        stopped=row["stopped_at"] is not None,
        asks=bool(questions or row["question"]),
        unchecked=bool(questions),
        outcome=row["outcome"],
        outcome_at=None if row["outcome_at"] is None else instant(row["outcome_at"]),
        document_id=row["document_id"],
        n_documents=row["n_documents"],
        removed_at=None if row["redacted_at"] is None else instant(row["redacted_at"]),
    )
