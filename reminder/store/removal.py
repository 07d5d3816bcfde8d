"""Where the texts of a case stand beside its documents: in what waits to be sent, and in what was reported.

All of it goes in the transaction that removes the texts, which holds `lock_cases`; whoever makes a report keeps it under
the same lock, and only if nothing was removed since it looked (`removals`).
"""

import hashlib
from collections.abc import Collection
from typing import Any

# Handed on under its own name: services pass a connection along and know no SQL.
from sqlalchemy import Connection as Connection
from sqlalchemy import select, text, update

from reminder.domain.report_scrub import mail_without_texts, report_without_texts
from reminder.domain.states import MessageKind, Reason
from reminder.store.columns import json_value
from reminder.store.tables import Campaign, CaseFile, CaseKey, ContentRow, ReportRow
from reminder.store.withdraw import Withdrawn, withdraw_campaign

_CAMPAIGN = Campaign.metadata.tables["campaign"]
_CASE = CaseFile.metadata.tables["casefile"]
_KEY = CaseKey.metadata.tables["case_key"]
_CONTENT = ContentRow.metadata.tables["content"]
_REPORT = ReportRow.metadata.tables["report"]
# In a content's payload: nothing of it goes any more, from a batch that somebody holds either.
TAKEN_BACK = "taken_back"


def removals(connection: Connection) -> list[Any]:
    """What differs as soon as the texts of any case are removed."""
    rows = connection.execute(
        select(_CASE.c.id, _CASE.c.redacted_at).where(_CASE.c.redacted_at.is_not(None)).order_by(_CASE.c.id)
    )
    return [tuple(row) for row in rows]


def remove_from_queue_and_reports(connection: Connection, case_id: int) -> Withdrawn:
    """Take back what would tell of a case whose texts are gone, and take its words out of mails and reports.

    In every state of a campaign: that it has ended does not mean that nothing of it waits.
    """
    campaigns = list(connection.execute(select(_CAMPAIGN.c.id).where(_CAMPAIGN.c.case_id == case_id)).scalars())
    taken = [
        withdraw_campaign(connection, campaign, Reason.DOCUMENT_CHANGED, texts_removed=True) for campaign in campaigns
    ]
    _take_back_contents(connection, campaigns)
    _scrub_mails(connection, _codes(connection, case_id))
    _scrub_reports(connection, campaigns)
    return Withdrawn(sum(each.batches for each in taken), sum(each.under_way for each in taken))


def _take_back_contents(connection: Connection, campaigns: Collection[int]) -> None:
    """For the batches that are being sent: reminders are stopped by their campaign, the others by their content."""
    for campaign in campaigns:
        rows = connection.execute(
            text(
                "SELECT c.id, c.payload FROM content_campaign k JOIN content c ON c.id = k.content_id"
                " WHERE k.campaign_id = :campaign AND c.kind IN (:closing, :test)"
            ),
            {"campaign": campaign, "closing": int(MessageKind.CLOSING), "test": int(MessageKind.TEST)},
        ).all()
        for row in rows:
            _say_instead(connection, row.id, json_value(row.payload) | {TAKEN_BACK: True})


def _codes(connection: Connection, case_id: int) -> list[str]:
    """The code of a case, and those of cases that were joined to it."""
    own = connection.execute(select(_CASE.c.code).where(_CASE.c.id == case_id)).scalar_one()
    keys = connection.execute(select(_KEY.c.key).where(_KEY.c.case_id == case_id, _KEY.c.key.startswith("code/")))
    return [own, *(key.removeprefix("code/") for key in keys.scalars())]


def _scrub_mails(connection: Connection, codes: Collection[str]) -> None:
    rows = connection.execute(
        text("SELECT id, payload FROM content WHERE kind IN (:report, :alert)"),
        {"report": int(MessageKind.REPORT), "alert": int(MessageKind.ALERT)},
    ).all()
    for row in rows:
        payload = json_value(row.payload)
        left = mail_without_texts(payload, codes)
        if left != payload:
            _say_instead(connection, row.id, left)


def _say_instead(connection: Connection, content_id: int, payload: dict[str, Any]) -> None:
    """Change what a content says. Its digest changes, too: who says the old words again says something new."""
    digest = hashlib.sha256(f"changed {content_id}".encode()).digest()
    values = {"payload": payload, "digest": digest}
    connection.execute(update(_CONTENT).where(_CONTENT.c.id == content_id).values(values))


def _scrub_reports(connection: Connection, campaigns: Collection[int]) -> None:
    rows = connection.execute(select(_REPORT.c.id, _REPORT.c.body).where(_REPORT.c.campaign_id.in_(campaigns))).all()
    for row in rows:
        values = {"body": report_without_texts(row.body)}
        connection.execute(update(_REPORT).where(_REPORT.c.id == row.id).values(values))
