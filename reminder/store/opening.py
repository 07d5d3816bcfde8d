"""Opening sendings: the waves of one rhythm and local day become deliveries, messages and batches, set-based.

All waves of a rhythm and day are opened together, so that several appeals meet in one message and the last useful one
chooses the channel. A chunk is one transaction: people of one language, an id range, with the chunk's mark beside its
rows. A chunk that is repeated changes nothing: the promise and the one-a-day index refuse it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from reminder.domain.states import Channel, Reason, WaveState
from reminder.store.columns import day, instant, json_value, ordinal, seconds
from reminder.store.eligible import Sending, scopes_of
from reminder.store.picking import Chunk, open_people


@dataclass(frozen=True, slots=True)
class Tomorrow:
    """Where a sending goes on for those whose reminder of today is already made."""

    local_on: date
    due_at: datetime
    open_until: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """What a chunk came to. `finished` when nobody was left.

    `changed`: nothing was opened, because one of the sendings may not go on; whoever opens must look again.
    """

    messages: int = 0
    skipped: int = 0
    finished: bool = False
    changed: bool = False


_MAY_OPEN = "w.state IN (1, 2) AND c.state = 3 AND c.question = '' AND c.approved_version = c.version"


def due_groups(connection: Connection, now: datetime) -> list[tuple[int, int]]:
    """(rhythm id, local day ordinal) of sendings that are due, the most urgent first."""
    rows = connection.execute(
        text(
            "SELECT +w.rhythm_id, +w.local_on, min(w.open_until) FROM wave w WHERE w.state IN (1, 2) AND w.due_at <= :now"
            # Without the plus signs SQLite walks all sendings by another index to save itself the grouping.
            " GROUP BY +w.rhythm_id, +w.local_on ORDER BY 3, 1, 2"
        ),
        {"now": seconds(now)},
    )
    return [(row[0], row[1]) for row in rows]


def sendings_of(connection: Connection, rhythm_id: int, local_on: int) -> list[Sending]:
    """The waves of a rhythm and day that open together, the most useful first; of live campaigns only.

    One that is half-way goes on alone with those at the same mark: its people's day is already decided.
    """
    rows = connection.execute(
        text(
            "SELECT w.*, c.zone, c.case_id, c.round, c.audience, c.named, f.country, f.topics FROM wave w"
            " JOIN campaign c ON c.id = w.campaign_id JOIN casefile f ON f.id = c.case_id"
            f" WHERE w.rhythm_id = :rhythm AND w.local_on = :day AND {_MAY_OPEN}"
        ),
        {"rhythm": rhythm_id, "day": local_on},
    ).mappings()
    waves = [dict(row) for row in rows]
    half_way = [wave for wave in waves if wave["state"] == WaveState.OPENING]
    if half_way:
        mark = (half_way[0]["chunk_locale"], half_way[0]["chunk_end"])
        waves = [wave for wave in half_way if (wave["chunk_locale"], wave["chunk_end"]) == mark]
    sendings = [sending_of(connection, wave) for wave in waves]
    return sorted(sendings, key=lambda s: (not s.last_useful, s.not_after, s.due_at, s.campaign_id, s.wave_id))


def sending_of(connection: Connection, wave: dict[str, Any]) -> Sending:
    """A wave row with its campaign's and case's columns beside it, as the rest of opening takes it."""
    case = {"id": wave["case_id"], "country": wave["country"], "topics": json_value(wave["topics"])}
    return Sending(
        wave_id=wave["id"],
        campaign_id=wave["campaign_id"],
        case_id=wave["case_id"],
        country=wave["country"],
        zone=wave["zone"],
        round=wave["round"],
        scopes=scopes_of(json_value(wave["audience"]), case),
        named=bool(wave["named"]),
        step_key=wave["step_key"],
        anchor_on=day(wave["anchor_on"]),
        rhythm_id=wave["rhythm_id"],
        channel=Channel(wave["channel"]),
        unless_channel=wave["unless_channel"],
        local_on=day(wave["local_on"]),
        due_at=instant(wave["due_at"]),
        open_until=instant(wave["open_until"]),
        not_after=instant(wave["not_after"]),
        # A sending put off to the next day is for those who were there on the first.
        joined_by=instant(min(wave["due_at"], wave["opened_at"] or wave["due_at"])),
        last_useful=bool(wave["last_useful"]) and not _was_last_before(connection, wave),
        refused=Reason(wave["refused"]),
    )


def _was_last_before(connection: Connection, wave: dict[str, Any]) -> bool:
    """A last useful reminder of an earlier deadline went already: this one counts for the week like any other."""
    return (
        connection.execute(
            text(
                "SELECT 1 FROM wave WHERE campaign_id = :campaign_id AND last_useful AND state = 3"
                " AND anchor_on <> :anchor_on LIMIT 1"
            ),
            {"campaign_id": wave["campaign_id"], "anchor_on": wave["anchor_on"]},
        ).first()
        is not None
    )


def open_chunk(
    connection: Connection,
    sendings: Sequence[Sending],
    *,
    size: int,
    now: datetime,
    tomorrow: Mapping[int, Tomorrow],
) -> Opened:
    """Open the next `size` people of these sendings (all of one rhythm and day) in the caller's transaction.

    `tomorrow` by wave id: what is not there cannot wait for the next day and is skipped for the daily limit.
    """
    if not _all_may_open(connection, sendings):
        return Opened(changed=True)
    chunk = _next_chunk(connection, sendings[0], size)
    if chunk is None:
        _finish(connection, sendings, now, tomorrow)
        return Opened(finished=True)
    _mark(connection, sendings, chunk, now)
    written = open_people(connection, sendings, chunk, now, tomorrow)
    return Opened(written.messages, written.skipped)


def _all_may_open(connection: Connection, sendings: Sequence[Sending]) -> bool:
    """Whether none was stopped, paused or taken back since it was read; from here on a stop waits for this chunk."""
    lock = "" if connection.dialect.name == "sqlite" else " FOR SHARE OF c"
    numbers = ", ".join(str(sending.wave_id) for sending in sendings)
    rows = connection.execute(
        text(
            "SELECT w.id FROM wave w JOIN campaign c ON c.id = w.campaign_id"
            f" WHERE w.id IN ({numbers}) AND {_MAY_OPEN}{lock}"
        )
    ).all()
    return len(rows) == len(sendings)


def _next_chunk(connection: Connection, sending: Sending, size: int) -> Chunk | None:
    mark = connection.execute(
        text("SELECT chunk_locale, chunk_end FROM wave WHERE id = :wave"), {"wave": sending.wave_id}
    ).one()
    bound = {"rhythm": sending.rhythm_id, "locale": mark[0], "after": mark[1], "size": size}
    # Two probes: a comparison of pairs would read the rhythm's people from the start.
    first = connection.execute(
        text("SELECT locale FROM subscriber WHERE rhythm_id = :rhythm AND locale = :locale AND id > :after LIMIT 1"),
        bound,
    ).first()
    if first is None:
        first = connection.execute(
            text(
                "SELECT locale FROM subscriber WHERE rhythm_id = :rhythm AND locale > :locale ORDER BY locale LIMIT 1"
            ),
            bound,
        ).first()
    if first is None:
        return None
    bound |= {"locale": first[0], "after": mark[1] if first[0] == mark[0] else 0}
    last = connection.execute(
        text(
            "SELECT max(id) FROM (SELECT id FROM subscriber WHERE rhythm_id = :rhythm AND locale = :locale AND id > :after"
            " ORDER BY id LIMIT :size) AS page"
        ),
        bound,
    ).scalar_one()
    return Chunk(first[0], bound["after"], last)


def _mark(connection: Connection, sendings: Sequence[Sending], chunk: Chunk, now: datetime) -> None:
    """Move the chunk mark in the transaction of its rows."""
    for sending in sendings:
        connection.execute(
            text(
                "UPDATE wave SET state = :opening, chunk_locale = :locale, chunk_end = :last,"
                " opened_at = coalesce(opened_at, :now) WHERE id = :wave AND state IN (1, 2)"
            ),
            {
                "opening": int(WaveState.OPENING),
                "locale": chunk.locale,
                "last": chunk.last,
                "now": seconds(now),
                "wave": sending.wave_id,
            },
        )


def _finish(
    connection: Connection, sendings: Sequence[Sending], now: datetime, tomorrow: Mapping[int, Tomorrow]
) -> None:
    """Close the sending, or put it off to tomorrow where somebody waits for that."""
    for sending in sendings:
        bound = {"wave": sending.wave_id, "now": seconds(now), "open": int(WaveState.OPEN)}
        next_day = tomorrow.get(sending.wave_id)
        if next_day is not None:
            moved = connection.execute(
                text(
                    "UPDATE wave SET state = :planned, local_on = :day, due_at = :due, open_until = :until, n_people = 0,"
                    " chunk_locale = '', chunk_end = 0 WHERE id = :wave AND state = 2 AND n_people > 0"
                ),
                {
                    "planned": int(WaveState.PLANNED),
                    "day": ordinal(next_day.local_on),
                    "due": seconds(next_day.due_at),
                    "until": seconds(next_day.open_until),
                    "wave": sending.wave_id,
                },
            ).rowcount
            if moved:
                continue
        connection.execute(
            text(
                "UPDATE wave SET state = :open, opened_at = coalesce(opened_at, :now) WHERE id = :wave AND state IN (1, 2)"
            ),
            bound,
        )
