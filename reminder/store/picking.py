"""The people of a chunk: picked into a scratch table, then written as messages, batches and promises, set-based."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from reminder.domain.states import DeliveryState, MessageKind, MessageState, Reason
from reminder.store.batches import BATCH_SIZE, keep_content, open_batch, take_batch_ids
from reminder.store.columns import ordinal, seconds
from reminder.store.eligible import Facts, Sending, binds, conditions, facts, passes_cadence
from reminder.store.joining import APPEALS_IN_A_MESSAGE, join, numbers_of, set_joining

# In the scratch table `carried` is 1 for what goes into today's message, 0 where a better one of that day speaks for it,
# 2 for what joins a message of today that still waits (see joining.py).
_HAS_TODAYS = -1
# The law forbids the text: only the reason is written.
_REFUSED = -2


@dataclass(frozen=True, slots=True)
class Chunk:
    """People of one rhythm and language with `after` < id <= `last`."""

    locale: str
    after: int
    last: int


@dataclass(frozen=True, slots=True)
class Written:
    """Messages that were made, and promises that are skipped."""

    messages: int
    skipped: int


class _MadeBefore(Exception):
    """Somebody of the chunk has one of these promises, or a reminder of this day, already."""


def open_people(
    connection: Connection, sendings: Sequence[Sending], chunk: Chunk, now: datetime, may_wait: Collection[int]
) -> Written:
    """Write what the sendings (all of one rhythm and day, the most useful first) come to for the people of a chunk.

    `may_wait`: ids of the waves that go on tomorrow for those whose reminder of today is already made. Nearly always
    nobody of a chunk has anything already. So it is written as if nobody had, which takes a fifth less time than to ask
    for everybody, and the unique indexes are the referee: where they object, the chunk is written again with care.
    """
    if all(sending.joined_by == sending.due_at for sending in sendings):  # none was put off from the day before
        try:
            with connection.begin_nested():
                return _open(connection, sendings, chunk, now, None)
        except (_MadeBefore, IntegrityError):
            pass
    return _open(connection, sendings, chunk, now, may_wait)


def _open(
    connection: Connection,
    sendings: Sequence[Sending],
    chunk: Chunk,
    now: datetime,
    may_wait: Collection[int] | None,
) -> Written:
    """`may_wait` None: nobody is thought to have anything already. Raises where that is wrong."""
    picked = _pick(connection, sendings, chunk, with_care=may_wait is not None)
    joined = 0
    if may_wait is not None:
        if _set_apart_who_has_todays(connection, sendings, may_wait):
            joined = join(connection, sendings, chunk.locale, chunk.after // BATCH_SIZE, now)
    elif _cut_and_has_todays(connection, sendings[0]):
        raise _MadeBefore
    messages = sum(
        _write_messages(connection, sendings, combination, chunk, now)
        for combination in _combinations(connection, sendings)
    )
    written = [_write_deliveries(connection, number, sending, now) for number, sending in enumerate(sendings)]
    if may_wait is None and written != picked:
        raise _MadeBefore
    skipped = sum(
        _count(connection, number, sending, written[number], messages + joined if len(sendings) == 1 else None)
        for number, sending in enumerate(sendings)
    )
    return Written(messages, skipped)


_HAS_TODAYS_TOO = (
    "EXISTS (SELECT 1 FROM message m WHERE m.kind = 1 AND m.void = 0 AND m.local_on = :day"
    " AND m.subscriber_id = pick.subscriber_id)"
)


def _cut_and_has_todays(connection: Connection, sending: Sending) -> bool:
    """Somebody whom the weekly limit leaves out has a reminder of today: no unique index would notice."""
    found = text(f"SELECT 1 FROM pick WHERE passes = 0 AND carried = 1 AND {_HAS_TODAYS_TOO} LIMIT 1")
    return connection.execute(found, {"day": ordinal(sending.local_on)}).first() is not None


def _set_apart_who_has_todays(connection: Connection, sendings: Sequence[Sending], may_wait: Collection[int]) -> bool:
    """Whether somebody has a reminder of this day already.

    The last useful one and what has no tomorrow join it where it still waits; where it has left they wait for tomorrow,
    or are skipped where tomorrow is too late, as do the others.
    """
    bound = {"day": ordinal(sendings[0].local_on)}
    # A probe for each of the picked: within the range of ids lie the messages of everybody who reads another language.
    has_todays = f"carried = 1 AND {_HAS_TODAYS_TOO}"
    if connection.execute(text(f"SELECT 1 FROM pick WHERE {has_todays} LIMIT 1"), bound).first() is None:
        return False
    must = [n for n, sending in enumerate(sendings) if sending.last_useful or sending.wave_id not in may_wait]
    set_joining(connection, must, bound["day"])
    for number, sending in enumerate(sendings):
        if sending.wave_id not in may_wait:
            continue
        waiting = connection.execute(
            text(f"DELETE FROM pick WHERE wave_no = :no AND {has_todays}"), bound | {"no": number}
        ).rowcount
        connection.execute(
            text("UPDATE wave SET n_people = n_people + :waiting WHERE id = :wave"),
            {"waiting": waiting, "wave": sending.wave_id},
        )
    connection.execute(
        text(f"UPDATE pick SET carried = :has_todays WHERE {has_todays}"), bound | {"has_todays": _HAS_TODAYS}
    )
    return True


def _pick(connection: Connection, sendings: Sequence[Sending], chunk: Chunk, *, with_care: bool) -> list[int]:
    """Fill the scratch table with who is meant by which sending; returns how many by each.

    `carried` 0: a better one of that day speaks for it. Without care nobody's promises are looked at.
    """
    _empty_scratch_table(connection)
    picked = []
    for number, sending in enumerate(sendings):
        known = facts(connection, sending)
        known = known if with_care else replace(known, promises=False)
        mine = [n for n in range(number) if sendings[n].campaign_id == sending.campaign_id]
        twin = [n for n in mine if not sendings[n].refused]
        bound = binds(sending) | _range(sending, chunk) | {"no": number}
        picked.append(connection.execute(text(_pick_sql(sending, known, twin)), bound).rowcount)
    if len(sendings) > APPEALS_IN_A_MESSAGE:
        connection.execute(
            text(
                "UPDATE pick SET carried = 0 WHERE carried = 1 AND (SELECT count(*) FROM pick AS better"
                " WHERE better.subscriber_id = pick.subscriber_id AND better.carried = 1"
                " AND better.wave_no < pick.wave_no) >= :most"
            ),
            {"most": APPEALS_IN_A_MESSAGE},
        )
    return picked


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
    carried = str(_REFUSED) if sending.refused else "1"
    if twin and not sending.refused:
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
    """People whose day holds the same sendings, at most three: the first of them chooses the channel.

    `lead` is the lowest of their numbers, `last` the highest, `total` their sum: bits would end at the 63rd campaign.
    `people` is how many they are, or the highest row number, where that cuts the batches.
    """

    lead: int
    last: int
    total: int
    n: int
    named: int
    people: int

    def numbers(self) -> list[int]:
        """The numbers of the sendings, the most useful first."""
        return numbers_of(self.lead, self.last, self.total, self.n)


_TODAY = (
    "SELECT subscriber_id, min(wave_no) AS lead, max(wave_no) AS last, sum(wave_no) AS total, count(*) AS n,"
    " max(named) AS named FROM pick WHERE carried = 1 AND passes = 1 GROUP BY subscriber_id"
)
# One sending: the row numbers of the scratch table cut the batches (those left out make some of them smaller).
_TODAY_ONE = "SELECT subscriber_id, no, named FROM pick WHERE carried = 1 AND passes = 1"


def _combinations(connection: Connection, sendings: Sequence[Sending]) -> list[_Combination]:
    if len(sendings) == 1:
        split = "named, max(no)" if sendings[0].named else "0, max(no)"
        by = "GROUP BY named ORDER BY named" if sendings[0].named else ""
        rows = connection.execute(text(f"SELECT {split} FROM ({_TODAY_ONE}) AS t {by}"))
        return [_Combination(0, 0, 0, 1, named, highest) for named, highest in rows if highest]
    # The last useful reminder passes the weekly limit, and what else falls on that day comes along in its message.
    connection.execute(
        text(
            "UPDATE pick SET passes = 1 WHERE passes = 0 AND carried = 1 AND subscriber_id IN"
            " (SELECT useful.subscriber_id FROM pick AS useful WHERE useful.passes = 1 AND useful.carried = 1)"
        )
    )
    rows = connection.execute(
        text(
            f"SELECT lead, last, total, n, named, count(*) FROM ({_TODAY}) AS t"
            " GROUP BY lead, last, total, n, named ORDER BY lead, last, total, n, named"
        )
    )
    return [_Combination(*row) for row in rows]


def _write_messages(
    connection: Connection, sendings: Sequence[Sending], combination: _Combination, chunk: Chunk, now: datetime
) -> int:
    """One message for each person of the combination, in batches of one content; returns how many."""
    lead = sendings[combination.lead]
    carried = [sendings[number] for number in combination.numbers()]
    batches = -(-combination.people // BATCH_SIZE)
    first = take_batch_ids(connection, batches)
    if len(sendings) == 1:
        people = f"t.no AS no FROM ({_TODAY_ONE}) AS t WHERE t.named = :named"
    else:
        people = (
            f"row_number() OVER (ORDER BY t.subscriber_id) AS no FROM ({_TODAY}) AS t"
            " WHERE t.lead = :lead AND t.last = :last AND t.total = :total AND t.n = :n AND t.named = :named"
        )
    # Where somebody has today's reminder, `one_a_day` objects; with care, those were set apart in this transaction.
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
            "last": combination.last,
            "total": combination.total,
            "n": combination.n,
            "named": combination.named,
        },
    ).rowcount
    items = [[s.campaign_id, s.step_key, ordinal(s.anchor_on), int(s.channel)] for s in carried]
    others = sum(not sending.refused for sending in sendings) - len(carried)
    also_open = others if len(carried) == APPEALS_IN_A_MESSAGE else 0
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


_GOES = "p.carried > 0 AND p.passes = 1"


def _write_deliveries(connection: Connection, number: int, sending: Sending, now: datetime) -> int:
    """One row per promise, made or made again; returns how many. The reason of a skipped one survives on the row."""
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
        "otherwise": int(sending.refused or Reason.DAILY_LIMIT),
        "not_after": seconds(sending.not_after),
        "now": seconds(now),
    }
    return connection.execute(
        text(
            "INSERT INTO delivery (campaign_id, step_key, anchor_on, channel, subscriber_id, local_on, wave_id, state,"
            " reason, not_after, opened_at)"
            " SELECT :campaign, :step, :anchor, :channel, p.subscriber_id, :day, :wave,"
            f" CASE WHEN {_GOES} THEN :due ELSE :skipped END,"
            f" CASE WHEN {_GOES} THEN 0 WHEN p.carried = 1 THEN :weekly ELSE :otherwise END,"
            " :not_after, :now FROM pick p WHERE p.wave_no = :no"
            " ON CONFLICT (campaign_id, step_key, anchor_on, channel, subscriber_id) DO UPDATE SET state = excluded.state,"
            " reason = excluded.reason, local_on = excluded.local_on, wave_id = excluded.wave_id,"
            " not_after = excluded.not_after, opened_at = excluded.opened_at WHERE delivery.state = 3"
        ),
        bound,
    ).rowcount


def _count(connection: Connection, number: int, sending: Sending, written: int, due: int | None) -> int:
    """Count the promises on the sending; returns how many are skipped. `due` is known of one that opens alone."""
    if due is None:
        going = text(f"SELECT count(*) FROM pick p WHERE p.wave_no = :no AND {_GOES}")
        due = int(connection.execute(going, {"no": number}).scalar_one())
    connection.execute(
        text("UPDATE wave SET n_opened = n_opened + :due, n_skipped = n_skipped + :skipped WHERE id = :wave"),
        {"due": due, "skipped": written - due, "wave": sending.wave_id},
    )
    return written - due
