"""What a message says, as it stands in the database: an appeal's newest document and its campaign's dates."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from reminder.store.columns import day, json_value


@dataclass(frozen=True, slots=True)
class Appeal:
    """A campaign with its case and newest document (`read` has the keys of `case read --json`)."""

    campaign_id: int
    case_id: int
    code: str
    title: str
    country: str
    zone: str
    deadline_on: date | None
    post_by_on: date | None
    sent_by_counts: bool
    named: bool
    outcome: str
    redacted: bool
    read: dict[str, Any]


def appeal_of(connection: Connection, campaign_id: int) -> Appeal:
    """The appeal that a campaign is for; a case without a document has an empty `read`."""
    row = connection.execute(
        text(
            "SELECT c.id AS campaign_id, c.case_id, f.code, f.title, f.country, c.zone, c.deadline_on, c.post_by_on,"
            " f.sent_by_counts, c.named, f.outcome, f.redacted_at,"
            " (SELECT d.read FROM document d WHERE d.case_id = f.id ORDER BY d.sequence DESC LIMIT 1) AS read"
            " FROM campaign c JOIN casefile f ON f.id = c.case_id WHERE c.id = :campaign"
        ),
        {"campaign": campaign_id},
    ).one()
    return Appeal(
        campaign_id=row.campaign_id,
        case_id=row.case_id,
        code=row.code,
        title=row.title,
        country=row.country,
        zone=row.zone,
        deadline_on=None if row.deadline_on is None else day(row.deadline_on),
        post_by_on=None if row.post_by_on is None else day(row.post_by_on),
        sent_by_counts=bool(row.sent_by_counts),
        named=bool(row.named),
        outcome=row.outcome,
        redacted=row.redacted_at is not None,
        read=json_value(row.read) or {},
    )
