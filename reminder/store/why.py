"""What is known of one person and one campaign: every question is a probe, whatever the number of supporters."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, and_, select, text

from reminder.domain.consent import PersonState, Said
from reminder.domain.meant import Known
from reminder.domain.states import Channel, DeliveryState, MessageState, Reason, Result, WaveState
from reminder.store.eligible import scopes_of
from reminder.store.people.addresses import PERSON, addresses_of
from reminder.store.people.exporting import ledger_of
from reminder.store.people.ledger import closed_among
from reminder.store.tables import (
    Campaign,
    CaseFile,
    Delivery,
    Exclusion,
    Letter,
    Message,
    Subscriber,
    Subscription,
    Wave,
)

_SUBSCRIBER = Subscriber.__table__  # type: ignore[attr-defined]
_SUBSCRIPTION = Subscription.__table__  # type: ignore[attr-defined]
_EXCLUSION = Exclusion.__table__  # type: ignore[attr-defined]
_LETTER = Letter.__table__  # type: ignore[attr-defined]
_CAMPAIGN = Campaign.__table__  # type: ignore[attr-defined]
_CASE = CaseFile.__table__  # type: ignore[attr-defined]
_WAVE = Wave.__table__  # type: ignore[attr-defined]
_DELIVERY = Delivery.__table__  # type: ignore[attr-defined]
_MESSAGE = Message.__table__  # type: ignore[attr-defined]
CADENCE_DAYS_MAX = 30
# A promise in these states is what the day's message carries.
_CARRIED = {DeliveryState.DUE, DeliveryState.CARRIED}
# The day's reminder is found by the one-a-day index.
_OF_THE_DAY = and_(
    text("message.kind = 1 AND message.void = 0"),
    _MESSAGE.c.local_on == _DELIVERY.c.local_on,
    _MESSAGE.c.subscriber_id == _DELIVERY.c.subscriber_id,
)


@dataclass(frozen=True, slots=True)
class Promise:
    """A delivery with what became of its message; a promise that was skipped has none."""

    step_key: str
    anchor_on: date
    channel: Channel
    local_on: date
    state: DeliveryState
    reason: Reason
    message_id: int | None
    message_state: MessageState | None
    result: Result | None


@dataclass(frozen=True, slots=True)
class PlannedFor:
    """A wave of the person's rhythm. `joined_by`: who joined later is not meant."""

    step_key: str
    anchor_on: date
    channel: Channel
    unless: Channel | None
    local_on: date
    due_at: datetime
    not_after: datetime
    joined_by: datetime
    last_useful: bool
    state: WaveState
    refused: Reason = Reason.NONE


def rhythm_of(connection: Connection, subscriber_id: int) -> int | None:
    """The id of a supporter's rhythm; None where there is no such supporter."""
    return connection.execute(select(PERSON.rhythm_id).where(PERSON.id == subscriber_id)).scalar()


def known_of(connection: Connection, campaign_id: int, subscriber_id: int, days: Collection[date]) -> Known:
    """What the rules ask about a person. `days` are the local days of the campaign's sendings, for the weekly limit."""
    person = connection.execute(select(_SUBSCRIBER).where(PERSON.id == subscriber_id)).mappings().one()
    campaign = (
        connection.execute(
            select(_CAMPAIGN.c.case_id, _CAMPAIGN.c.round, _CAMPAIGN.c.audience, _CASE.c.country, _CASE.c.topics)
            .join(_CASE, _CASE.c.id == _CAMPAIGN.c.case_id)
            .where(_CAMPAIGN.c.id == campaign_id)
        )
        .mappings()
        .one()
    )
    case = {"id": campaign["case_id"], "country": campaign["country"], "topics": campaign["topics"]}
    addresses = addresses_of(connection, subscriber_id)
    since = {Channel.EMAIL: person["email_since"], Channel.SMS: person["sms_since"]}
    return Known(
        state=PersonState(person["state"]),
        since={channel: at for channel, at in since.items() if at is not None},
        closed=frozenset(address.channel for address in closed_among(connection, addresses)),
        asked=frozenset(line["channel"] for line in ledger_of(connection, addresses) if line["what"] == Said.ASKED),
        is_addressed=_is_addressed(connection, subscriber_id, scopes_of(campaign["audience"], case)),
        has_written=_has_written(connection, campaign_id, campaign["round"], subscriber_id),
        leaves_out=_leaves_out(connection, subscriber_id, [case["country"], f"case:{case['id']}"]),
        paused_until=person["paused_until"],
        last48=person["last48"],
        cadence_n=person["cadence_n"],
        cadence_days=person["cadence_days"],
        reminded_on=_reminded_on(connection, subscriber_id, days),
    )


def _is_addressed(connection: Connection, subscriber_id: int, scopes: Sequence[str]) -> bool:
    mine = select(_SUBSCRIPTION.c.scope).where(_SUBSCRIPTION.c.subscriber_id == subscriber_id)
    return connection.execute(mine.where(_SUBSCRIPTION.c.scope.in_(scopes))).first() is not None


def _has_written(connection: Connection, campaign_id: int, in_round: int, subscriber_id: int) -> bool:
    found = select(_LETTER.c.at).where(
        _LETTER.c.campaign_id == campaign_id,
        _LETTER.c.round == in_round,
        _LETTER.c.subscriber_id == subscriber_id,
    )
    return connection.execute(found).first() is not None


def _leaves_out(connection: Connection, subscriber_id: int, what: Sequence[str]) -> bool:
    mine = select(_EXCLUSION.c.what).where(_EXCLUSION.c.subscriber_id == subscriber_id)
    return connection.execute(mine.where(_EXCLUSION.c.what.in_(what))).first() is not None


def _reminded_on(connection: Connection, subscriber_id: int, days: Collection[date]) -> tuple[date, ...]:
    """The days before those of the sendings on which a reminder went to this person, by the one-a-day index."""
    if not days:
        return ()
    first = min(days) - timedelta(days=CADENCE_DAYS_MAX)
    wanted = [first + timedelta(days=number) for number in range((max(days) - first).days + 1)]
    found = connection.execute(
        select(_MESSAGE.c.local_on).where(
            _MESSAGE.c.local_on.in_(wanted),
            _MESSAGE.c.subscriber_id == subscriber_id,
            # As the one-a-day index has it (1 = nudge); 3 = rejected.
            text("message.kind = 1 AND message.void = 0 AND message.state <> 3"),
        )
    )
    return tuple(sorted(found.scalars()))


def waves_for(connection: Connection, campaign_id: int, rhythm_id: int) -> list[PlannedFor]:
    """The sendings that were ever planned for a rhythm, the earliest first."""
    rows = connection.execute(
        select(_WAVE)
        .where(_WAVE.c.campaign_id == campaign_id, _WAVE.c.rhythm_id == rhythm_id)
        .order_by(_WAVE.c.due_at, _WAVE.c.id)
    ).mappings()
    return [
        PlannedFor(
            step_key=row["step_key"],
            anchor_on=row["anchor_on"],
            channel=row["channel"],
            unless=Channel(row["unless_channel"]) if row["unless_channel"] else None,
            local_on=row["local_on"],
            due_at=row["due_at"],
            not_after=row["not_after"],
            joined_by=min(row["due_at"], row["opened_at"] or row["due_at"]),
            last_useful=row["last_useful"],
            state=row["state"],
            refused=row["refused"],
        )
        for row in rows
    ]


def promises_to(
    connection: Connection, campaign_id: int, subscriber_id: int, steps: Collection[tuple[str, date]]
) -> list[Promise]:
    """The promises of these steps to one person, by the index on the promise; also those of an earlier date."""
    past = connection.execute(
        select(_WAVE.c.step_key, _WAVE.c.anchor_on).where(_WAVE.c.campaign_id == campaign_id).distinct()
    )
    wanted = sorted({*steps, *((row.step_key, row.anchor_on) for row in past)})
    promise = _DELIVERY.c
    # A probe for each: given a list of promises, SQLite would read the whole table.
    probe = (
        select(
            _DELIVERY,
            _MESSAGE.c.id.label("of_the_day"),
            _MESSAGE.c.state.label("message_state"),
            _MESSAGE.c.channel.label("carried_by"),
            _MESSAGE.c.result,
        )
        .join(_MESSAGE, _OF_THE_DAY, isouter=True)
        .where(promise.campaign_id == campaign_id, promise.subscriber_id == subscriber_id)
    )
    rows = [
        row
        for step_key, anchor_on in wanted
        for channel in Channel
        for row in connection.execute(
            probe.where(promise.step_key == step_key, promise.anchor_on == anchor_on, promise.channel == channel)
        ).mappings()
    ]
    return [
        Promise(
            step_key=row["step_key"],
            anchor_on=row["anchor_on"],
            # An email may carry what was planned as a text.
            channel=(row["carried_by"] if row[promise.state] in _CARRIED else None) or row["channel"],
            local_on=row["local_on"],
            state=row[promise.state],
            reason=row[promise.reason],
            message_id=row["of_the_day"],
            message_state=row["message_state"],
            result=row["result"],
        )
        for row in sorted(rows, key=lambda row: (row["local_on"], row[promise.id]))
    ]
