"""Cases as organisers see them: the list, and one with its chain, its questions and its campaigns."""

from datetime import date, datetime
from typing import Any

from reminder.domain.case_facts import Question, expired_on_arrival
from reminder.domain.cases import IssuedText, key_in_words
from reminder.domain.times import local_day
from reminder.intake.cases import settle, words
from reminder.intake.cases.results import CampaignSummary, CaseLine, CaseView, DocumentLine
from reminder.store import cases
from reminder.store.case_moves import Asked
from reminder.store.cases import CampaignLine, StoredDocument
from reminder.store.database import Database
from reminder.store.tables import CaseFile


def find_case(database: Database, reference: str) -> CaseFile:
    """The row of the case that people mean by a code, a number or an index; `Trouble` for none or several."""
    with database.read() as connection:
        return cases.read_case(connection, settle.case_id_of(connection, reference))


def list_cases(database: Database, now: datetime) -> list[CaseLine]:
    """All cases, those with the nearest deadline first."""
    with database.read() as connection:
        rows = cases.read_cases(connection)
        campaigns = cases.campaigns_of(connection)
        counts = cases.count_documents(connection)
    return [_line(row, [c for c in campaigns if c.case_id == row.id], counts.get(row.id or 0, 0), now) for row in rows]


def show_case(database: Database, reference: str, now: datetime) -> CaseView:
    """One case: each document with its dates, oldest first, what is asked, and its campaigns."""
    with database.read() as connection:
        case_id = settle.case_id_of(connection, reference)
        row = cases.read_case(connection, case_id)
        documents = cases.documents_of(connection, case_id)
        campaigns = cases.campaigns_of(connection, case_id)
    questions = tuple(Question(**question) for question in row.questions)
    expired = expired_on_arrival(row.deadline_on, local_day(now, row.zone))
    waiting = tuple(campaign.id for campaign in campaigns if campaign.question == "letter")
    return CaseView(
        line=_line(row, campaigns, len(documents), now),
        organisation=row.organisation,
        topics=tuple(row.topics),
        zone=row.zone,
        deadline_because=row.deadline_because,
        sent_by_counts=row.sent_by_counts,
        stopped_at=row.stopped_at,
        stopped_because=row.stopped_because,
        redacted_at=row.redacted_at,
        outcome_at=row.outcome_at,
        questions=questions,
        documents=tuple(_document(document) for document in documents),
        campaigns=tuple(CampaignSummary(c.id, c.state, c.audience, c.question) for c in campaigns),
        sentences=(
            f"{words.name_of(row)}: {_state(row, now)}.",
            words.until(row, expired=expired),
            *([f"How it ended: {row.outcome}"] if row.outcome else []),
            *words.waiting(questions),
        ),
        next=_next(row, questions, Asked(campaigns=waiting), campaigns, now),
    )


def _next(
    row: CaseFile, questions: tuple[Question, ...], asked: Asked, campaigns: list[CampaignLine], now: datetime
) -> str:
    today = local_day(now, row.zone)
    if row.review_on and not row.deadline_on and row.review_on < today and not (questions or row.stopped_at):
        return f"look at the appeal again, then `reminder case decide {row.code}`"
    expired = expired_on_arrival(row.deadline_on, today)
    return words.next_step(row, questions, asked, expired=expired, campaigns=campaigns)


def _line(row: CaseFile, campaigns: list[CampaignLine], documents: int, now: datetime) -> CaseLine:
    return CaseLine(
        case_id=row.id or 0,
        code=row.code,
        number=key_in_words(row.key),
        title=row.title,
        country=row.country,
        deadline_on=row.deadline_on,
        review_on=row.review_on,
        state=_state(row, now),
        questions=len(row.questions),
        documents=documents,
        campaigns=tuple((campaign.id, campaign.state) for campaign in campaigns),
        outcome=row.outcome,
    )


def _state(row: CaseFile, now: datetime) -> str:
    if row.questions:
        removed = any(question["code"] == "redacted" for question in row.questions)
        return "texts removed" if removed else "waiting for you"
    if row.stopped_at:
        return "stopped"
    return "deadline passed" if expired_on_arrival(row.deadline_on, local_day(now, row.zone)) else "open"


def _document(stored: StoredDocument) -> DocumentLine:
    text: IssuedText = stored.text
    read: dict[str, Any] = dict(text.read)
    issued: date | None = text.issued_on
    return DocumentLine(
        place=stored.sequence,
        file_name=stored.file_name,
        kind=read.get("kind") or "",
        title=read.get("title") or "",
        issued_on=issued,
        added_at=text.added_at,
        deadline=text.printed_deadline,
        deadline_phrase=read.get("deadline_phrase") or "",
        given=dict(text.given or {}),
        warnings=tuple(read.get("warnings") or ()),
        read=read,
    )
