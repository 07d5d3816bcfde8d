"""The last check, in the transaction that moves an attempt to sending: may this message go to this person now?

Campaigns are read under lock, so that after a stop has committed no attempt begins. Consent is true at this commit, not
at the provider: nobody who left more than an attempt's time before is written to.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from reminder.domain.states import CampaignState, Channel, MessageKind, Reason
from reminder.store.columns import plain_rows, seconds, statement
from reminder.store.endings import ends_of
from reminder.store.handover import Begun, Claimed, Item, Ready, Shrink
from reminder.store.notechecks import left_out, unwanted, words_now
from reminder.store.removal import TAKEN_BACK

_SINCE = {Channel.EMAIL: "email_since", Channel.SMS: "sms_since"}
_ADDRESS = {Channel.EMAIL: ("email_ct", "email_hash"), Channel.SMS: ("phone_ct", "phone_hash")}
TO_ORGANISERS = frozenset({MessageKind.REPORT, MessageKind.ALERT, MessageKind.INVITATION, MessageKind.TEST})
# These may go to somebody who is not confirmed yet, or has just left. A new confirmation is the only thing that lifts a
# do-not-contact entry, so the question must be able to reach the person who asks for it herself.
WITHOUT_CONFIRMATION = frozenset({MessageKind.CONFIRMATION, MessageKind.ANSWER})

# States of messages that wait to be handed over.
WAITING = "1, 4"

_REASON_OF_STATE = {
    CampaignState.EXPIRED: Reason.TOO_LATE,
    CampaignState.STOPPED: Reason.CAMPAIGN_STOPPED,
    CampaignState.CLOSED: Reason.CAMPAIGN_CLOSED,
}


def lock_campaigns(connection: Connection, claimed: Claimed) -> None:
    """On PostgreSQL, let a stop of these campaigns wait until this transaction ends, or wait for one under way."""
    if connection.dialect.name == "sqlite" or not claimed.items:
        return
    numbers = ", ".join(str(campaign) for campaign in sorted({item[0] for item in claimed.items}))
    connection.execute(text(f"SELECT id FROM campaign WHERE id IN ({numbers}) ORDER BY id FOR SHARE"))


def look(
    connection: Connection, claimed: Claimed, *, after: int, limit: int, now: datetime, states: str = WAITING
) -> Begun:
    """The next `limit` messages of a batch with id > `after`, each either ready or dropped with its reason."""
    begun = Begun(last_looked=after)
    if now >= claimed.open_until:
        begun.late = True
        return begun
    words = claimed.payload if claimed.kind is MessageKind.NUDGE else words_now(connection, claimed)
    if words != claimed.payload and not words.get(TAKEN_BACK):
        # Given back as it is, to be claimed and built anew.
        begun.exhausted = True
        return begun
    rows = _messages(connection, claimed, after, limit, now, states)
    begun.exhausted = len(rows) < limit
    if not rows:
        return begun
    begun.last_looked = rows[-1].message_id
    blocked = _blocked(connection, claimed, begun, rows, seconds(now))
    if words.get(TAKEN_BACK):
        blocked = {row.message_id: Reason.DOCUMENT_CHANGED for row in rows}
    for row in rows if blocked else ():
        if row.message_id in blocked:
            begun.drop(blocked[row.message_id], row.message_id, row.subscriber_id)
    out = blocked.keys() | begun.shrunk.keys()
    begun.ready = [row for row in rows if row.message_id not in out] if out else rows
    return begun


def _messages(
    connection: Connection, claimed: Claimed, after: int, limit: int, now: datetime, states: str
) -> list[Ready]:
    bound = {"batch": claimed.batch_id, "after": after, "limit": limit, "now": seconds(now)}
    waiting = f"WHERE m.batch_id = :batch AND m.id > :after AND m.state IN ({states}) ORDER BY m.id LIMIT :limit"
    if claimed.kind in TO_ORGANISERS:
        sql = (
            "SELECT m.id, m.subscriber_id, o.email_ct, o.email_hash, o.name_ct, m.not_after, m.tries, m.wire_on,"
            " m.not_after <= :now AS doubtful FROM message m JOIN organiser o ON o.id = m.subscriber_id"
        )
    else:
        address, digest = _ADDRESS[claimed.channel]
        sql = (
            f"SELECT m.id, m.subscriber_id, s.{address}, s.{digest}, s.name_ct, m.not_after, m.tries, m.wire_on,"
            f" m.not_after <= :now OR s.state <> 1 OR s.{address} IS NULL OR s.{_SINCE[claimed.channel]} IS NULL"
            " OR (s.paused_until IS NOT NULL AND s.paused_until > :now) OR EXISTS (SELECT 1 FROM do_not_contact n"
            f" WHERE n.channel = {int(claimed.channel)} AND n.address_hash = s.{digest}) AS doubtful"
            " FROM message m JOIN subscriber s ON s.id = m.subscriber_id"
        )
    return list(map(Ready._make, plain_rows(connection, f"{sql} {waiting}", bound)))


def _blocked(
    connection: Connection, claimed: Claimed, begun: Begun, rows: Sequence[Ready], now: int
) -> dict[int, Reason]:
    """By message id, why it may not go. What concerns one of several appeals is noted in `begun.shrunk` instead."""
    late = [row for row in rows if row.doubtful and row.not_after <= now]
    over = _over(connection, claimed, late, now) if late else ()
    blocked = {} if over else {row.message_id: Reason.TOO_LATE for row in late}
    if claimed.kind in TO_ORGANISERS:
        return blocked
    doubtful = [row.subscriber_id for row in rows if row.doubtful and row.message_id not in blocked]
    if doubtful:
        people = _people(connection, claimed.channel, doubtful)
        for row in rows:
            if row.subscriber_id in people and row.message_id not in blocked:
                reason = _personal(people[row.subscriber_id], claimed.kind, now)
                blocked |= {} if reason is None else {row.message_id: reason}
        if not _answers_the_person(claimed):
            blocked |= _do_not_contact(connection, claimed, rows)
    if claimed.kind is MessageKind.NUDGE:
        lost = {row.subscriber_id: dict.fromkeys(over, Reason.TOO_LATE) for row in late} if over else {}
        _check_items(connection, claimed, begun, rows, blocked, lost)
    if claimed.kind in {MessageKind.NOTE, MessageKind.CLOSING}:
        gone = unwanted(connection, claimed, [row.subscriber_id for row in rows])
        blocked = {row.message_id: gone[row.subscriber_id] for row in rows if row.subscriber_id in gone} | blocked
    return blocked


def _answers_the_person(claimed: Claimed) -> bool:
    """What she asked for herself reaches her; the question to somebody whom the office adds does not lift a closing."""
    return claimed.kind is MessageKind.ANSWER or (
        claimed.kind is MessageKind.CONFIRMATION and bool(claimed.payload.get("own_request"))
    )


def _people(connection: Connection, channel: Channel, people: Sequence[int]) -> dict[int, Any]:
    address = _ADDRESS[channel][0]
    numbers = ", ".join(map(str, people))
    rows = connection.execute(
        text(
            f"SELECT id, state, {_SINCE[channel]} AS since, paused_until, {address} IS NOT NULL AS reachable"
            f" FROM subscriber WHERE id IN ({numbers})"
        )
    )
    return {row.id: row for row in rows}


def _personal(person: Any, kind: MessageKind, now: int) -> Reason | None:
    if not person.reachable:
        return Reason.ERASED if person.state == 4 else Reason.NO_CHANNEL
    if kind in WITHOUT_CONFIRMATION:
        return None
    if person.state != 1:
        return {2: Reason.WAITS_FOR_EVIDENCE, 3: Reason.LEFT}.get(person.state, Reason.ERASED)
    if person.since is None:
        return Reason.LEFT
    if kind is MessageKind.NUDGE and person.paused_until is not None and person.paused_until > now:
        return Reason.PAUSED_BY_PERSON
    return None


def _over(connection: Connection, claimed: Claimed, late: Sequence[Ready], now: int) -> tuple[Item, ...]:
    """Which of several appeals are over for people whose message is late; none where no other still counts."""
    if claimed.kind is not MessageKind.NUDGE or len(claimed.items) < 2:
        return ()
    ends = ends_of(connection, claimed.items, late[0].subscriber_id)
    over = tuple(item for item in claimed.items if ends.get(item, 0) <= now)
    return over if len(over) < len(claimed.items) else ()


def _check_items(
    connection: Connection,
    claimed: Claimed,
    begun: Begun,
    rows: Sequence[Ready],
    blocked: dict[int, Reason],
    lost: dict[int, dict[Item, Reason]],
) -> None:
    """Appeals that are stopped or over, that a person has written for or leaves out: it goes without them, or not at all.

    `lost` has those that are known already, by subscriber id.
    """
    gone = {item: reason for item in claimed.items if (reason := _why_gone(connection, item)) is not None}
    people = [row.subscriber_id for row in rows]
    span = {"low": min(people), "high": max(people)}
    for item in claimed.items:
        for subscriber_id, reason in _personal_reasons(connection, item, span):
            lost.setdefault(subscriber_id, {})[item] = reason
    if not gone and not lost:
        return
    for message_id, subscriber_id, *_ in rows if gone else [row for row in rows if row.subscriber_id in lost]:
        mine = gone | lost.get(subscriber_id, {})
        if message_id in blocked:
            continue
        kept = tuple(item for item in claimed.items if item not in mine)
        if kept:
            begun.shrunk[message_id] = (subscriber_id, Shrink(kept, tuple(mine.items())))
        else:
            blocked[message_id] = next(iter(mine.values()))


def _personal_reasons(connection: Connection, item: Item, span: dict[str, int]) -> list[tuple[int, Reason]]:
    bound = span | {"campaign": item[0]}
    wrote = connection.execute(
        statement(
            "SELECT l.subscriber_id FROM letter l JOIN campaign c ON c.id = l.campaign_id AND c.round = l.round"
            " WHERE l.campaign_id = :campaign AND l.subscriber_id BETWEEN :low AND :high"
        ),
        bound,
    ).scalars()
    return [(person, Reason.LETTER_REPORTED) for person in wrote] + [
        (person, Reason.COUNTRY_LEFT_OUT) for person in left_out(connection, item[0], span)
    ]


def _why_gone(connection: Connection, item: Item) -> Reason | None:
    """Why an appeal may not go to anybody any more, read under lock; None: it may."""
    lock = "" if connection.dialect.name == "sqlite" else " FOR SHARE"
    row = connection.execute(
        statement(f"SELECT state, version, approved_version, question FROM campaign WHERE id = :id{lock}"),
        {"id": item[0]},
    ).one()
    if row.state != CampaignState.LIVE:
        return _REASON_OF_STATE.get(row.state, Reason.CAMPAIGN_PAUSED)
    if row.question:
        return Reason.DOCUMENT_CHANGED
    in_plan = connection.execute(
        statement("SELECT 1 FROM step WHERE campaign_id = :campaign AND step_key = :step AND anchor_on = :anchor"),
        {"campaign": item[0], "step": item[1], "anchor": item[2]},
    ).first()
    return None if in_plan and row.approved_version == row.version else Reason.PLAN_CHANGED


def _do_not_contact(connection: Connection, claimed: Claimed, rows: Sequence[Ready]) -> dict[int, Reason]:
    digest = _ADDRESS[claimed.channel][1]
    found = connection.execute(
        text(
            f"SELECT m.id FROM message m JOIN subscriber s ON s.id = m.subscriber_id JOIN do_not_contact n"
            f" ON n.channel = :channel AND n.address_hash = s.{digest}"
            " WHERE m.batch_id = :batch AND m.id BETWEEN :first AND :last"
        ),
        {
            "channel": int(claimed.channel),
            "batch": claimed.batch_id,
            "first": rows[0].message_id,
            "last": rows[-1].message_id,
        },
    ).scalars()
    return dict.fromkeys(found, Reason.DO_NOT_CONTACT)
