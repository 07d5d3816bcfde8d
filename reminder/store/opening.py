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

from reminder.domain.states import Channel, DeliveryState, MessageKind, MessageState, Reason, WaveState
from reminder.store.batches import BATCH_SIZE, keep_content, open_batch, take_batch_ids
from reminder.store.columns import day, instant, json_value, ordinal, seconds
from reminder.store.eligible import Facts, Sending, binds, conditions, facts, passes_cadence, scopes_of

APPEALS_IN_A_MESSAGE = 3
# In the scratch table: 1 goes into today's message, 0 a better one of the same day speaks for it.
_HAS_TODAYS = -1


@dataclass(frozen=True, slots=True)
class Chunk:
    """People of one rhythm and language with `after` < id <= `last`."""

    locale: str
    after: int
    last: int


@dataclass(frozen=True, slots=True)
class Tomorrow:
    """Where a sending goes on for those whose reminder of today is already made."""

    local_on: date
    due_at: datetime
    open_until: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """What a chunk came to. `finished` when nobody was left."""

    messages: int
    skipped: int
    finished: bool


def due_groups(connection: Connection, now: datetime) -> list[tuple[int, int]]:
    """(rhythm id, local day ordinal) of sendings that are due, the most urgent first."""
    rows = connection.execute(
        text(
            "SELECT w.rhythm_id, w.local_on, min(w.open_until) FROM wave w WHERE w.state IN (1, 2) AND w.due_at <= :now"
            " GROUP BY w.rhythm_id, w.local_on ORDER BY 3, 1, 2"
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
            " WHERE w.rhythm_id = :rhythm AND w.local_on = :day AND w.state IN (1, 2)"
            " AND c.state = 3 AND c.question = '' AND c.approved_version = c.version"
        ),
        {"rhythm": rhythm_id, "day": local_on},
    ).mappings()
    waves = [dict(row) for row in rows]
    half_way = [wave for wave in waves if wave["state"] == WaveState.OPENING]
    if half_way:
        mark = (half_way[0]["chunk_locale"], half_way[0]["chunk_end"])
        waves = [wave for wave in half_way if (wave["chunk_locale"], wave["chunk_end"]) == mark]
    sendings = [_sending(connection, wave) for wave in waves]
    return sorted(sendings, key=lambda s: (not s.last_useful, s.not_after, s.due_at, s.campaign_id, s.wave_id))


def _sending(connection: Connection, wave: dict[str, Any]) -> Sending:
    case = {"id": wave["case_id"], "country": wave["country"], "topics": json_value(wave["topics"])}
    opened_at = wave["opened_at"]
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
        joined_by=instant(
            min(wave["due_at"], opened_at) if opened_at and wave["state"] == WaveState.PLANNED else wave["due_at"]
        ),
        last_useful=bool(wave["last_useful"]) and not _was_last_before(connection, wave),
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
    chunk = _next_chunk(connection, sendings[0], size)
    if chunk is None:
        _finish(connection, sendings, now, tomorrow)
        return Opened(0, 0, finished=True)
    return _open_people(connection, sendings, chunk, now, tomorrow)


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


def _open_people(
    connection: Connection,
    sendings: Sequence[Sending],
    chunk: Chunk,
    now: datetime,
    tomorrow: Mapping[int, Tomorrow],
) -> Opened:
    _mark(connection, sendings, chunk, now)
    _pick(connection, sendings, chunk)
    _set_apart_who_has_todays(connection, sendings, chunk, tomorrow)
    messages = sum(
        _write_messages(connection, sendings, combination, chunk, now)
        for combination in _combinations(connection, sendings)
    )
    skipped = sum(
        _write_deliveries(connection, number, sending, now, alone=len(sendings) == 1, messages=messages)
        for number, sending in enumerate(sendings)
    )
    return Opened(messages, skipped, finished=False)


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


def _set_apart_who_has_todays(
    connection: Connection, sendings: Sequence[Sending], chunk: Chunk, tomorrow: Mapping[int, Tomorrow]
) -> None:
    """Who has a reminder of this day already waits for tomorrow, or is skipped where tomorrow is too late."""
    bound = {"day": ordinal(sendings[0].local_on), "after": chunk.after, "last": chunk.last}
    todays = (
        "SELECT m.subscriber_id FROM message m WHERE m.kind = 1 AND m.state <> 6 AND m.local_on = :day"
        " AND m.subscriber_id > :after AND m.subscriber_id <= :last"
    )
    if connection.execute(text(f"{todays} LIMIT 1"), bound).first() is None:
        return
    for number, sending in enumerate(sendings):
        if sending.wave_id not in tomorrow:
            continue
        waiting = connection.execute(
            text(f"DELETE FROM pick WHERE wave_no = :no AND carried = 1 AND subscriber_id IN ({todays})"),
            bound | {"no": number},
        ).rowcount
        connection.execute(
            text("UPDATE wave SET n_people = n_people + :waiting WHERE id = :wave"),
            {"waiting": waiting, "wave": sending.wave_id},
        )
    connection.execute(
        text(f"UPDATE pick SET carried = :has_todays WHERE carried = 1 AND subscriber_id IN ({todays})"),
        bound | {"has_todays": _HAS_TODAYS},
    )


def _pick(connection: Connection, sendings: Sequence[Sending], chunk: Chunk) -> None:
    """Fill the scratch table with who is meant by which sending. `carried` 0: a better one of that day speaks for it."""
    _empty_scratch_table(connection)
    for number, sending in enumerate(sendings):
        known = facts(connection, sending)
        twin = [n for n in range(number) if sendings[n].campaign_id == sending.campaign_id]
        connection.execute(
            text(_pick_sql(sending, known, twin)), binds(sending) | _range(sending, chunk) | {"no": number}
        )
    if len(sendings) > APPEALS_IN_A_MESSAGE:
        connection.execute(
            text(
                "UPDATE pick SET carried = 0 WHERE carried = 1 AND (SELECT count(*) FROM pick AS better"
                " WHERE better.subscriber_id = pick.subscriber_id AND better.carried = 1"
                " AND better.wave_no < pick.wave_no) >= :most"
            ),
            {"most": APPEALS_IN_A_MESSAGE},
        )


def _empty_scratch_table(connection: Connection) -> None:
    """`no` counts the rows from 1 in the order of the people, which saves a window function for each of a million."""
    columns = "subscriber_id BIGINT, wave_no INTEGER, passes INTEGER, named INTEGER, carried INTEGER"
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"CREATE TEMP TABLE IF NOT EXISTS pick (no INTEGER PRIMARY KEY, {columns})")
        connection.exec_driver_sql("DELETE FROM pick")
    else:
        connection.exec_driver_sql(
            f"CREATE TEMP TABLE IF NOT EXISTS pick (no BIGINT GENERATED ALWAYS AS IDENTITY, {columns}) ON COMMIT DELETE ROWS"
        )
        connection.exec_driver_sql("TRUNCATE pick RESTART IDENTITY")


def _range(sending: Sending, chunk: Chunk) -> dict[str, Any]:
    return {"rhythm": sending.rhythm_id, "locale": chunk.locale, "after": chunk.after, "last": chunk.last}


def _pick_sql(sending: Sending, known: Facts, twin: list[int]) -> str:
    carried = "1"
    if twin:
        numbers = ", ".join(map(str, twin))
        carried = (
            f"CASE WHEN EXISTS (SELECT 1 FROM pick b WHERE b.subscriber_id = s.id AND b.wave_no IN ({numbers}))"
            " THEN 0 ELSE 1 END"
        )
    named = "CASE WHEN s.named THEN 1 ELSE 0 END" if sending.named else "0"
    return (
        "INSERT INTO pick (subscriber_id, wave_no, passes, named, carried)"
        f" SELECT s.id, :no, {passes_cadence(sending, known)}, {named}, {carried}"
        " FROM subscriber s WHERE s.rhythm_id = :rhythm AND s.locale = :locale AND s.id > :after AND s.id <= :last"
        f" AND {conditions(sending, known)}"
    )


@dataclass(frozen=True, slots=True)
class _Combination:
    """People whose day holds the same sendings: bit n of `mask` is sending n; `lead` chooses the channel."""

    lead: int
    mask: int
    named: int
    people: int  # or the highest row number, where that cuts the batches


_TODAY = (
    "SELECT subscriber_id, min(wave_no) AS lead, sum(1 << wave_no) AS mask, max(named) AS named FROM pick"
    " WHERE carried = 1 AND passes = 1 GROUP BY subscriber_id"
)
# One sending: the row numbers of the scratch table cut the batches (those left out make some of them smaller).
_TODAY_ONE = "SELECT subscriber_id, no, named FROM pick WHERE carried = 1 AND passes = 1"


def _combinations(connection: Connection, sendings: Sequence[Sending]) -> list[_Combination]:
    if len(sendings) == 1:
        split = "named, max(no)" if sendings[0].named else "0, max(no)"
        by = "GROUP BY named ORDER BY named" if sendings[0].named else ""
        rows = connection.execute(text(f"SELECT {split} FROM ({_TODAY_ONE}) AS t {by}"))
        return [_Combination(0, 1, named, highest) for named, highest in rows if highest]
    # The last useful reminder passes the weekly limit, and what else falls on that day comes along in its message.
    connection.execute(
        text(
            "UPDATE pick SET passes = 1 WHERE passes = 0 AND carried = 1 AND subscriber_id IN"
            " (SELECT useful.subscriber_id FROM pick AS useful WHERE useful.passes = 1 AND useful.carried = 1)"
        )
    )
    rows = connection.execute(
        text(
            f"SELECT lead, mask, named, count(*) FROM ({_TODAY}) AS t GROUP BY lead, mask, named ORDER BY lead, mask, named"
        )
    )
    return [_Combination(*row) for row in rows]


def _write_messages(
    connection: Connection, sendings: Sequence[Sending], combination: _Combination, chunk: Chunk, now: datetime
) -> int:
    """One message for each person of the combination, in batches of one content; returns how many."""
    lead = sendings[combination.lead]
    carried = [sending for number, sending in enumerate(sendings) if combination.mask >> number & 1]
    batches = -(-combination.people // BATCH_SIZE)
    first = take_batch_ids(connection, batches)
    if len(sendings) == 1:
        people = f"t.no AS no FROM ({_TODAY_ONE}) AS t WHERE t.named = :named"
    else:
        people = (
            f"row_number() OVER (ORDER BY t.subscriber_id) AS no FROM ({_TODAY}) AS t"
            " WHERE t.lead = :lead AND t.mask = :mask AND t.named = :named"
        )
    # A conflict with one_a_day cannot be: who has today's reminder was set apart in this transaction.
    written = connection.execute(
        text(
            "INSERT INTO message (kind, local_on, channel, subscriber_id, batch_id, state, reason, result, attempt_id,"
            " tries, open_until, not_after)"
            " SELECT :kind, :day, :channel, g.subscriber_id, :first + (g.no - 1) / :batch_size,"
            " :due, 0, 0, 0, 0, :open_until, :not_after"
            f" FROM (SELECT t.subscriber_id AS subscriber_id, {people}) AS g"
        ),
        {
            "kind": int(MessageKind.NUDGE),
            "day": ordinal(lead.local_on),
            "channel": int(lead.channel),
            "first": first,
            "batch_size": BATCH_SIZE,
            "due": int(MessageState.DUE),
            "open_until": seconds(lead.open_until),
            # What several appeals share is useful only as long as each of them is.
            "not_after": seconds(min(sending.not_after for sending in carried)),
            "lead": combination.lead,
            "mask": combination.mask,
            "named": combination.named,
        },
    ).rowcount
    items = [[s.campaign_id, s.step_key, ordinal(s.anchor_on), int(s.channel)] for s in carried]
    also_open = len(sendings) - len(carried) if len(carried) == APPEALS_IN_A_MESSAGE else 0
    content = keep_content(connection, MessageKind.NUDGE, lead.channel, lead.local_on, items, also_open, {})
    for number in range(batches):
        open_batch(
            connection,
            batch_id=first + number,
            content_id=content,
            channel=lead.channel,
            locale=chunk.locale,
            named=bool(combination.named),
            send_at=max(lead.due_at, now),
            open_until=lead.open_until,
            turn=chunk.after // BATCH_SIZE + number,
            rhythm_id=lead.rhythm_id,
        )
    return int(written)


def _write_deliveries(
    connection: Connection, number: int, sending: Sending, now: datetime, *, alone: bool, messages: int
) -> int:
    """One row per promise; returns how many are skipped. The reason survives on the row."""
    bound = {
        "no": number,
        "wave": sending.wave_id,
        "campaign": sending.campaign_id,
        "step": sending.step_key,
        "anchor": ordinal(sending.anchor_on),
        "channel": int(sending.channel),
        "day": ordinal(sending.local_on),
        "due": int(DeliveryState.DUE),
        "skipped": int(DeliveryState.SKIPPED),
        "weekly": int(Reason.WEEKLY_LIMIT),
        "daily": int(Reason.DAILY_LIMIT),
        "not_after": seconds(sending.not_after),
        "now": seconds(now),
    }
    goes = "p.carried = 1 AND p.passes = 1"
    written = connection.execute(
        text(
            "INSERT INTO delivery (campaign_id, step_key, anchor_on, channel, subscriber_id, local_on, wave_id, state,"
            " reason, not_after, opened_at)"
            " SELECT :campaign, :step, :anchor, :channel, p.subscriber_id, :day, :wave,"
            f" CASE WHEN {goes} THEN :due ELSE :skipped END,"
            f" CASE WHEN {goes} THEN 0 WHEN p.carried = 1 THEN :weekly ELSE :daily END,"
            " :not_after, :now FROM pick p WHERE p.wave_no = :no"
            " ON CONFLICT (campaign_id, step_key, anchor_on, channel, subscriber_id) DO UPDATE SET state = excluded.state,"
            " reason = excluded.reason, local_on = excluded.local_on, wave_id = excluded.wave_id,"
            " not_after = excluded.not_after, opened_at = excluded.opened_at WHERE delivery.state = 3"
        ),
        bound,
    ).rowcount
    due = (
        messages  # a sending that opens alone made each of them
        if alone
        else connection.execute(
            text(f"SELECT count(*) FROM pick p WHERE p.wave_no = :no AND {goes}"), {"no": number}
        ).scalar_one()
    )
    connection.execute(
        text("UPDATE wave SET n_opened = n_opened + :due, n_skipped = n_skipped + :skipped WHERE id = :wave"),
        {"due": due, "skipped": written - due, "wave": sending.wave_id},
    )
    return int(written - due)
