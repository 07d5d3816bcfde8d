"""The last check, in the transaction that moves an attempt to sending: may this message go to this person now?

Campaigns are read under lock, so that after a stop has committed no attempt begins. Consent is true at this commit, not
at the provider: nobody who left more than an attempt's time before is written to.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from reminder.domain.states import CampaignState, Channel, MessageKind, Reason
from reminder.store.columns import instant, seconds
from reminder.store.handover import Begun, Claimed, Item, Ready, Shrink

_SINCE = {Channel.EMAIL: "email_since", Channel.SMS: "sms_since"}
_ADDRESS = {Channel.EMAIL: ("email_ct", "email_hash"), Channel.SMS: ("phone_ct", "phone_hash")}
TO_ORGANISERS = frozenset({MessageKind.REPORT, MessageKind.ALERT, MessageKind.INVITATION, MessageKind.TEST})
# These may go to somebody who is not confirmed yet, or has just left: they answer what that person did.
WITHOUT_CONFIRMATION = frozenset({MessageKind.CONFIRMATION, MessageKind.ANSWER})

_REASON_OF_STATE = {
    CampaignState.EXPIRED: Reason.TOO_LATE,
    CampaignState.STOPPED: Reason.CAMPAIGN_STOPPED,
    CampaignState.CLOSED: Reason.CAMPAIGN_CLOSED,
}


def look(connection: Connection, claimed: Claimed, *, after: int, limit: int, now: datetime) -> Begun:
    """The next `limit` messages of a batch with id > `after`, each either ready or dropped with its reason."""
    begun = Begun(last_looked=after)
    if now >= claimed.open_until:
        begun.late = True
        return begun
    rows = _messages(connection, claimed, after, limit)
    begun.exhausted = len(rows) < limit
    if not rows:
        return begun
    begun.last_looked = rows[-1].id
    blocked = _blocked(connection, claimed, begun, rows, now)
    for row in rows:
        if row.id in blocked:
            begun.drop(blocked[row.id], row.id, row.subscriber_id)
        elif row.not_after <= seconds(now):
            begun.drop(Reason.TOO_LATE, row.id, row.subscriber_id)
        elif row.address_ct is None:
            begun.drop(Reason.NO_CHANNEL, row.id, row.subscriber_id)
        elif row.id not in begun.shrunk:
            not_after = instant(row.not_after)
            begun.ready.append(
                Ready(row.id, row.subscriber_id, row.address_ct, row.address_hash, row.name_ct, not_after, row.tries)
            )
    return begun


def _messages(connection: Connection, claimed: Claimed, after: int, limit: int) -> Sequence[Any]:
    bound = {"batch": claimed.batch_id, "after": after, "limit": limit}
    if claimed.kind in TO_ORGANISERS:
        return connection.execute(
            text(
                "SELECT m.id, m.subscriber_id, m.not_after, m.tries, o.email_ct AS address_ct, o.email_hash AS address_hash,"
                " o.name_ct FROM message m JOIN organiser o ON o.id = m.subscriber_id"
                " WHERE m.batch_id = :batch AND m.id > :after AND m.state IN (1, 4) ORDER BY m.id LIMIT :limit"
            ),
            bound,
        ).all()
    address, digest = _ADDRESS[claimed.channel]
    return connection.execute(
        text(
            f"SELECT m.id, m.subscriber_id, m.not_after, m.tries, s.{address} AS address_ct, s.{digest} AS address_hash,"
            f" s.name_ct, s.state, s.{_SINCE[claimed.channel]} AS since, s.paused_until"
            " FROM message m JOIN subscriber s ON s.id = m.subscriber_id"
            " WHERE m.batch_id = :batch AND m.id > :after AND m.state IN (1, 4) ORDER BY m.id LIMIT :limit"
        ),
        bound,
    ).all()


def _blocked(
    connection: Connection, claimed: Claimed, begun: Begun, rows: Sequence[Any], now: datetime
) -> dict[int, Reason]:
    """By message id, why it may not go. What concerns one of several appeals is noted in `begun.shrunk` instead."""
    if claimed.kind in TO_ORGANISERS:
        return {}
    blocked = _do_not_contact(connection, claimed, rows)
    if claimed.kind not in WITHOUT_CONFIRMATION:
        blocked |= {
            row.id: reason for row in rows if (reason := _personal(row, claimed.kind, seconds(now))) is not None
        }
    if claimed.kind == MessageKind.NUDGE:
        _check_items(connection, claimed, begun, rows, blocked)
    return blocked


def _personal(row: Any, kind: MessageKind, at: int) -> Reason | None:
    if row.state != 1:
        return {2: Reason.WAITS_FOR_EVIDENCE, 3: Reason.LEFT}.get(row.state, Reason.ERASED)
    if row.since is None:
        return Reason.LEFT
    if kind == MessageKind.NUDGE and row.paused_until is not None and row.paused_until > at:
        return Reason.PAUSED_BY_PERSON
    return None


def _check_items(
    connection: Connection, claimed: Claimed, begun: Begun, rows: Sequence[Any], blocked: dict[int, Reason]
) -> None:
    """Stopped appeals, and those that a person has written for or leaves out: the message goes without, or not at all."""
    gone = {item: reason for item in claimed.items if (reason := _why_gone(connection, item)) is not None}
    lost: dict[int, dict[Item, Reason]] = {}
    span = {"low": min(row.subscriber_id for row in rows), "high": max(row.subscriber_id for row in rows)}
    for item in claimed.items:
        for subscriber_id, reason in _personal_reasons(connection, item, span):
            lost.setdefault(subscriber_id, {})[item] = reason
    if not gone and not lost:
        return
    for row in rows:
        mine = gone | lost.get(row.subscriber_id, {})
        if not mine or row.id in blocked:
            continue
        kept = tuple(item for item in claimed.items if item not in mine)
        reason = next(iter(mine.values()))
        if kept:
            begun.shrunk[row.id] = (row.subscriber_id, Shrink(kept, reason))
        else:
            blocked[row.id] = reason


def _personal_reasons(connection: Connection, item: Item, span: dict[str, int]) -> list[tuple[int, Reason]]:
    bound = span | {"campaign": item[0]}
    wrote = connection.execute(
        text(
            "SELECT l.subscriber_id FROM letter l JOIN campaign c ON c.id = l.campaign_id AND c.round = l.round"
            " WHERE l.campaign_id = :campaign AND l.subscriber_id BETWEEN :low AND :high"
        ),
        bound,
    ).scalars()
    left_out = connection.execute(
        text(
            "SELECT x.subscriber_id FROM exclusion x JOIN campaign c ON c.id = :campaign"
            " JOIN casefile f ON f.id = c.case_id WHERE x.subscriber_id BETWEEN :low AND :high"
            " AND (x.what = f.country OR x.what = 'case:' || CAST(f.id AS TEXT))"
        ),
        bound,
    ).scalars()
    return [(person, Reason.LETTER_REPORTED) for person in wrote] + [
        (person, Reason.COUNTRY_LEFT_OUT) for person in left_out
    ]


def _why_gone(connection: Connection, item: Item) -> Reason | None:
    """Why an appeal may not go to anybody any more, read under lock; None: it may."""
    lock = "" if connection.dialect.name == "sqlite" else " FOR SHARE"
    row = connection.execute(
        text(f"SELECT state, version, approved_version, question FROM campaign WHERE id = :id{lock}"), {"id": item[0]}
    ).one()
    if row.state != CampaignState.LIVE:
        return _REASON_OF_STATE.get(row.state, Reason.CAMPAIGN_PAUSED)
    if row.question:
        return Reason.DOCUMENT_CHANGED
    in_plan = connection.execute(
        text("SELECT 1 FROM step WHERE campaign_id = :campaign AND step_key = :step AND anchor_on = :anchor"),
        {"campaign": item[0], "step": item[1], "anchor": item[2]},
    ).first()
    return None if in_plan and row.approved_version == row.version else Reason.PLAN_CHANGED


def _do_not_contact(connection: Connection, claimed: Claimed, rows: Sequence[Any]) -> dict[int, Reason]:
    digest = _ADDRESS[claimed.channel][1]
    found = connection.execute(
        text(
            f"SELECT m.id FROM message m JOIN subscriber s ON s.id = m.subscriber_id JOIN do_not_contact n"
            f" ON n.channel = :channel AND n.address_hash = s.{digest}"
            " WHERE m.batch_id = :batch AND m.id BETWEEN :first AND :last"
        ),
        {"channel": int(claimed.channel), "batch": claimed.batch_id, "first": rows[0].id, "last": rows[-1].id},
    ).scalars()
    return dict.fromkeys(found, Reason.DO_NOT_CONTACT)
