"""What a case does to its campaigns: ask, stop, remove texts; and two cases that turn out to be one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, literal, select, text, update

from reminder.domain.states import CampaignState, DeliveryState, Reason, may_move
from reminder.store.columns import Instant
from reminder.store.removal import remove_from_queue_and_reports
from reminder.store.tables import Campaign, CaseDocument, CaseFile, CaseKey, Delivery
from reminder.store.withdraw import withdraw_campaign

_CASE = CaseFile.metadata.tables["casefile"]
_KEY = CaseKey.metadata.tables["case_key"]
_DOCUMENT = CaseDocument.metadata.tables["document"]
_CAMPAIGN = Campaign.metadata.tables["campaign"]
_DELIVERY = Delivery.metadata.tables["delivery"]
MAY_STOP = tuple(state for state in CampaignState if may_move(state, CampaignState.STOPPED))
_NEXT_VERSION = {"version": _CAMPAIGN.c.version + 1}
# Places of a chain that is being joined to another start behind those of the other.
_BEHIND = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """`campaigns` wait for an answer now, `drafts` must be approved again; `batches` were taken back, `under_way`
    messages are in a provider's hands."""

    campaigns: tuple[int, ...] = ()
    drafts: tuple[int, ...] = ()
    batches: int = 0
    under_way: int = 0


def ask_campaigns(
    connection: Connection, case_id: int, question: str, reason: Reason, *, expired_too: bool = False
) -> Asked:
    """Put one question to each campaign of a case that has begun, and take back what it was about to send.

    Nothing of it goes until the question is answered. An approved one that has not begun becomes a draft again, a draft
    needs no question. `expired_too`: a later deadline lets an organiser reopen what had expired. The version rises, so
    that the approval counts no more and a change that was worked out before this one is refused.
    """
    begun = [CampaignState.LIVE, CampaignState.PAUSED] + ([CampaignState.EXPIRED] if expired_too else [])
    asked = _update_campaigns(connection, case_id, begun, {"question": question, **_NEXT_VERSION})
    draft = {"state": CampaignState.DRAFT, **_NEXT_VERSION}
    drafts = _update_campaigns(connection, case_id, [CampaignState.APPROVED], draft)
    batches, under_way = _withdraw(connection, asked, reason)
    return Asked(tuple(asked), tuple(drafts), batches, under_way)


def pause_for_removal(connection: Connection, case_id: int) -> Asked:
    """The texts of the case are gone: live campaigns pause, none may go on before a new text is there.

    What waits to be sent of any of its campaigns, ended ones too, is taken back; what was reported loses its words.
    """
    _update_campaigns(connection, case_id, [CampaignState.LIVE], {"state": CampaignState.PAUSED, "plan_again_at": None})
    asked = ask_campaigns(connection, case_id, "redacted", Reason.CAMPAIGN_PAUSED)
    rest = remove_from_queue_and_reports(connection, case_id)
    return replace(asked, batches=asked.batches + rest.batches, under_way=rest.under_way)


def stop_case(connection: Connection, case_id: int, because: str, now: datetime) -> bool:
    """Mark the case as stopped; False if it was already."""
    values = {"stopped_at": now, "stopped_because": because, "questions": []}
    open_case = (_CASE.c.id == case_id) & _CASE.c.stopped_at.is_(None)
    return connection.execute(update(_CASE).where(open_case).values(values)).rowcount == 1


def stop_campaigns(connection: Connection, case_id: int, now: datetime) -> Asked:
    """Stop every campaign of the case that can be stopped; `campaigns` are those that were."""
    values = {
        "state": CampaignState.STOPPED,
        "question": "",
        "plan_again_at": None,
        # What had expired or was closed keeps the instant at which it ended.
        "ended_at": func.coalesce(_CAMPAIGN.c.ended_at, literal(now, Instant)),
    }
    stopped = _update_campaigns(connection, case_id, MAY_STOP, values)
    batches, under_way = _withdraw(connection, stopped, Reason.CAMPAIGN_STOPPED)
    return Asked(tuple(stopped), (), batches, under_way)


def reminded_people(connection: Connection, campaign_ids: Collection[int]) -> int:
    """How many people a provider took a reminder for, in any of these campaigns; each counted once."""
    carried = _DELIVERY.c.campaign_id.in_(campaign_ids) & (_DELIVERY.c.state == DeliveryState.CARRIED)
    return int(connection.execute(select(func.count(_DELIVERY.c.subscriber_id.distinct())).where(carried)).scalar_one())


def remove_texts(connection: Connection, document_id: int, read: Mapping[str, Any], given: Mapping[str, str]) -> None:
    """Leave of a document only `read` and `given`; its file and the file's name go."""
    values = {"read": dict(read), "given": dict(given), "source_ct": None, "file_name": "", "story": ""}
    connection.execute(update(_DOCUMENT).where(_DOCUMENT.c.id == document_id).values(values))


def join_cases(connection: Connection, kept: int, joined: int) -> None:
    """Move everything of case `joined` to case `kept`: documents, keys, campaigns, and what supporters chose or left out.

    The public code of `joined` goes on leading to the case.
    """
    code = connection.execute(select(_CASE.c.code).where(_CASE.c.id == joined)).scalar_one()
    connection.execute(
        update(_DOCUMENT)
        .where(_DOCUMENT.c.case_id == joined)
        .values(case_id=kept, sequence=_DOCUMENT.c.sequence + _BEHIND)
    )
    connection.execute(update(_KEY).where(_KEY.c.case_id == joined).values(case_id=kept))
    connection.execute(_KEY.insert().values(key=f"code/{code}", case_id=kept))
    connection.execute(update(_CAMPAIGN).where(_CAMPAIGN.c.case_id == joined).values(case_id=kept))
    _rename_scope(connection, f"case:{joined}", f"case:{kept}")
    connection.execute(delete(_CASE).where(_CASE.c.id == joined))


def _rename_scope(connection: Connection, old: str, new: str) -> None:
    for table, column in (("subscription", "scope"), ("exclusion", "what")):
        bound = {"old": old, "new": new}
        connection.execute(
            text(
                f"INSERT INTO {table} ({column}, subscriber_id) SELECT :new, subscriber_id FROM {table}"
                f" WHERE {column} = :old ON CONFLICT DO NOTHING"
            ),
            bound,
        )
        connection.execute(text(f"DELETE FROM {table} WHERE {column} = :old"), bound)
    for row in connection.execute(select(_CAMPAIGN.c.id, _CAMPAIGN.c.audience)).all():
        if old in row.audience:
            audience = list(dict.fromkeys(new if scope == old else scope for scope in row.audience))
            connection.execute(update(_CAMPAIGN).where(_CAMPAIGN.c.id == row.id).values(audience=audience))


def _update_campaigns(
    connection: Connection, case_id: int, states: Collection[CampaignState], values: Mapping[str, Any]
) -> list[int]:
    mine = (_CAMPAIGN.c.case_id == case_id) & _CAMPAIGN.c.state.in_(states)
    changed = update(_CAMPAIGN).where(mine).values(dict(values)).returning(_CAMPAIGN.c.id)
    return sorted(connection.execute(changed).scalars())


def _withdraw(connection: Connection, campaign_ids: Collection[int], reason: Reason) -> tuple[int, int]:
    taken = [withdraw_campaign(connection, campaign_id, reason) for campaign_id in campaign_ids]
    return sum(w.batches for w in taken), sum(w.under_way for w in taken)
