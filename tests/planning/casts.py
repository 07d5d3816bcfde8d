"""Generated casts: people of every kind, in one transaction, for rules that must hold for all of them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import insert, text
from sqlmodel import SQLModel

from reminder.domain.states import Channel, MessageKind, MessageState, Reason, Result
from reminder.store.database import Connection, Database
from reminder.store.tables import DoNotContact, Exclusion, Letter, Message, Subscriber, Subscription
from tests.planning.world import BEGAN, HOMES, World

LEFT_STATES = (1, 1, 1, 1, 1, 2, 3)


@dataclass(frozen=True)
class Somebody:
    """One generated supporter; hours and days are counted from when the campaign is looked at."""

    zone: str
    email_hour: int
    channels: frozenset[Channel]
    on_the_list: frozenset[Channel]
    state: int
    scopes: frozenset[str]
    wrote: bool
    leaves_out: str
    cadence: tuple[int, int]
    last48: bool
    break_hours: int
    joined_days_ago: int
    reminded: tuple[tuple[int, MessageState], ...]


def somebody() -> st.SearchStrategy[Somebody]:
    """Mostly people whom everything reaches, and some of every exception."""
    channels = st.sets(st.sampled_from(list(Channel))).map(frozenset)
    states = [MessageState.DUE, MessageState.ACCEPTED, MessageState.REJECTED, MessageState.CANCELLED]
    return st.builds(
        Somebody,
        zone=st.sampled_from([*HOMES.values(), ""]),
        email_hour=st.sampled_from([-1, -1, 7, 18]),
        channels=channels | st.just(frozenset({Channel.EMAIL})),
        on_the_list=channels | st.just(frozenset()),
        state=st.sampled_from(LEFT_STATES),
        scopes=st.sampled_from([{"all"}, {"all"}, {"all", "list:x"}, {"all", "country:CN"}, {"list:x"}, set()]).map(
            frozenset
        ),
        wrote=st.sampled_from([False] * 7 + [True]),
        leaves_out=st.sampled_from([""] * 7 + ["CN", "case", "FR"]),
        cadence=st.sampled_from([(2, 7), (2, 7), (1, 7), (7, 7), (1, 30)]),
        last48=st.sampled_from([False] * 7 + [True]),
        break_hours=st.sampled_from([0] * 6 + [-5, 30, 100, 400]),
        joined_days_ago=st.integers(0, 40),
        reminded=st.lists(
            st.tuples(st.integers(-6, 1), st.sampled_from(states)), max_size=5, unique_by=lambda pair: pair[0]
        ).map(tuple),
    )


def casts() -> st.SearchStrategy[list[Somebody]]:
    return st.lists(somebody(), min_size=1, max_size=8)


def empty(database: Database) -> None:
    """What the example before left behind."""

    def work(connection: Connection) -> None:
        for table in reversed(SQLModel.metadata.sorted_tables):
            if table.name != "instance":
                connection.execute(table.delete())

    database.write(work)


def settle(world: World, campaign_id: int, people: Sequence[Somebody], now: datetime) -> None:
    """Write a cast into the database as it stands at `now`."""
    rhythms = [
        world.rhythm(zone=each.zone, sms_country="" if each.zone else "US", email_hour=each.email_hour)
        for each in people
    ]

    def work(connection: Connection) -> None:
        for number, (each, rhythm_id) in enumerate(zip(people, rhythms, strict=True), 1):
            _write(connection, world, campaign_id, number, each, rhythm_id, now)

    world.database.write(work)


def _write(
    connection: Connection, world: World, campaign_id: int, number: int, each: Somebody, rhythm_id: int, now: datetime
) -> None:
    joined = now - timedelta(days=each.joined_days_ago)
    hashes = {channel: hashlib.sha256(f"{number}{channel}".encode()).digest() for channel in Channel}
    since = {channel: joined if channel in each.channels and each.state == 1 else None for channel in Channel}
    row: dict[str, Any] = {
        "id": number,
        "email_hash": hashes[Channel.EMAIL],
        "phone_hash": hashes[Channel.SMS],
        "rhythm_id": rhythm_id,
        "email_since": since[Channel.EMAIL],
        "sms_since": since[Channel.SMS],
        "state": each.state,
        "cadence_n": each.cadence[0],
        "cadence_days": each.cadence[1],
        "last48": each.last48,
        "paused_until": now + timedelta(hours=each.break_hours) if each.break_hours else None,
        "joined_at": joined,
    }
    connection.execute(insert(Subscriber).values(**row))
    for scope in each.scopes:
        connection.execute(insert(Subscription).values(scope=scope, subscriber_id=number))
    if each.wrote:
        letter = {"campaign_id": campaign_id, "round": 1, "subscriber_id": number, "at": joined}
        connection.execute(insert(Letter).values(**letter))
    if each.leaves_out:
        what = f"case:{world.case_id}" if each.leaves_out == "case" else each.leaves_out
        connection.execute(insert(Exclusion).values(subscriber_id=number, what=what))
    for channel in each.on_the_list:
        if since[channel] is None:
            entry = {"channel": channel, "address_hash": hashes[channel], "reason": "left", "since": BEGAN}
            connection.execute(insert(DoNotContact).values(**entry))
    for days, state in each.reminded:
        connection.execute(insert(Message).values(**message(number, now + timedelta(days=days), state)))


def message(person: int, at: datetime, state: MessageState = MessageState.ACCEPTED) -> dict[str, Any]:
    """The row of a reminder on the day of `at`."""
    return {
        "kind": MessageKind.NUDGE,
        "local_on": at.date(),
        "channel": Channel.EMAIL,
        "subscriber_id": person,
        "batch_id": 0,
        "state": state,
        "void": int(state is MessageState.CANCELLED),
        "reason": Reason.NONE,
        "result": Result.UNKNOWN,
        "attempt_id": 0,
        "tries": 0,
        "open_until": at,
        "not_after": at,
    }


def made_since(database: Database, since: int) -> dict[tuple[str, int, Channel], int]:
    """How many promises opening made from that second on, by step, rhythm and channel."""
    with database.read() as connection:
        rows = connection.execute(
            text(
                "SELECT d.step_key, w.rhythm_id, d.channel, count(*) FROM delivery d JOIN wave w ON w.id = d.wave_id"
                " WHERE d.state = 1 AND d.opened_at >= :since GROUP BY d.step_key, w.rhythm_id, d.channel"
            ),
            {"since": since},
        )
        return {(row[0], row[1], Channel(row[2])): row[3] for row in rows}
