"""What reports are made of, counted by the database; and their versions, inserted and never changed but for removed texts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

# Handed on under its own name: services pass a connection along and know no SQL.
from sqlalchemy import Connection as Connection
from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite

from reminder.domain.consent import Closed, Said
from reminder.domain.states import Channel, DeliveryState, MessageState, Reason, Result, WaveState
from reminder.store.columns import day, instant, json_value, seconds
from reminder.store.tables import ReportRow

_REPORT = ReportRow.metadata.tables["report"]
# Their own doing, not an organiser's or a list's.
_LEFT_BY_THEMSELVES = (Closed.LEFT, Closed.STOP, Closed.COMPLAINED, Closed.NEVER_AGAIN, Closed.ERASED)
# The reminder that carries a promise; the condition on the message stands as its partial index has it.
_MESSAGE_OF = (
    "m.kind = 1 AND m.void = 0 AND m.local_on = d.local_on AND m.subscriber_id = d.subscriber_id AND d.state IN (1, 2)"
)


@dataclass(frozen=True, slots=True)
class Promises:
    """`number` promises of one step that are alike. `channel` is that of the message where there is one.

    `message` and `result` are None where no message carries them. `first_on` is the first local day they were for.
    """

    step_key: str
    anchor_on: date
    channel: Channel
    state: DeliveryState
    reason: Reason
    message: MessageState | None
    result: Result | None
    number: int
    first_on: date


def promises(connection: Connection, campaign_id: int) -> list[Promises]:
    """Every promise of a campaign, counted. Step by step: to sort a million at once takes twice the time."""
    steps = connection.execute(
        text("SELECT DISTINCT step_key, anchor_on FROM delivery WHERE campaign_id = :campaign"),
        {"campaign": campaign_id},
    ).all()
    return [each for step in steps for each in _promises_of(connection, campaign_id, step.step_key, step.anchor_on)]


def _promises_of(connection: Connection, campaign_id: int, step_key: str, anchor_on: int) -> list[Promises]:
    rows = connection.execute(
        text(
            "SELECT d.state, d.reason, m.state AS message, m.result, coalesce(m.channel, d.channel) AS by_channel,"
            f" count(*) AS number, min(d.local_on) AS first_on FROM delivery d LEFT JOIN message m ON {_MESSAGE_OF}"
            " WHERE d.campaign_id = :campaign AND d.step_key = :step AND d.anchor_on = :anchor"
            " GROUP BY d.state, d.reason, m.state, m.result, coalesce(m.channel, d.channel)"
        ),
        {"campaign": campaign_id, "step": step_key, "anchor": anchor_on},
    ).all()
    return [
        Promises(
            step_key=step_key,
            anchor_on=day(anchor_on),
            channel=Channel(row.by_channel),
            state=DeliveryState(row.state),
            reason=Reason(row.reason),
            message=None if row.message is None else MessageState(row.message),
            result=None if row.result is None else Result(row.result),
            number=row.number,
            first_on=day(row.first_on),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Sendings of one step that were never opened, and how many people they would have reached."""

    step_key: str
    anchor_on: date
    state: WaveState
    people: int
    first_on: date


def left_out(connection: Connection, campaign_id: int) -> list[LeftOut]:
    """What wrote no promise: a newer one went, it was too late, or it waits above the sending limit."""
    rows = connection.execute(
        text(
            "SELECT step_key, anchor_on, state, sum(n_people) AS people, min(local_on) AS first_on FROM wave"
            " WHERE campaign_id = :campaign AND state IN (4, 5, 7) GROUP BY step_key, anchor_on, state"
        ),
        {"campaign": campaign_id},
    ).all()
    return [
        LeftOut(row.step_key, day(row.anchor_on), WaveState(row.state), int(row.people), day(row.first_on))
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class People:
    """`reminded` people of one country and language, each counted once; `left` of them said no after their first."""

    country: str
    locale: str
    reminded: int
    left: int


def people(connection: Connection, campaign_id: int, since: datetime) -> list[People]:
    """Whom a provider took a reminder for. `since`: nobody left because of this campaign before then."""
    rows = connection.execute(
        text(
            "WITH reminded AS (SELECT subscriber_id, min(opened_at) AS first FROM delivery"
            " WHERE campaign_id = :campaign AND state = :carried GROUP BY subscriber_id),"
            " gone AS (SELECT subscriber_id, max(at) AS at FROM consent WHERE what = :closed AND at >= :since"
            f" AND subscriber_id IS NOT NULL AND wording IN ({_words(_LEFT_BY_THEMSELVES)}) GROUP BY subscriber_id),"
            " left_out AS (SELECT x.subscriber_id FROM exclusion x JOIN campaign c ON c.id = :campaign"
            " WHERE x.what = 'case:' || CAST(c.case_id AS TEXT))"
            " SELECT coalesce(s.country, '') AS country, coalesce(s.locale, '') AS locale, count(*) AS reminded,"
            " sum(CASE WHEN g.at >= r.first OR x.subscriber_id IS NOT NULL THEN 1 ELSE 0 END) AS gone"
            " FROM reminded r LEFT JOIN subscriber s ON s.id = r.subscriber_id"
            " LEFT JOIN gone g ON g.subscriber_id = r.subscriber_id"
            " LEFT JOIN left_out x ON x.subscriber_id = r.subscriber_id"
            " GROUP BY coalesce(s.country, ''), coalesce(s.locale, '') ORDER BY 1, 2"
        ),
        {
            "campaign": campaign_id,
            "carried": int(DeliveryState.CARRIED),
            "closed": Said.CLOSED.value,
            "since": seconds(since),
        },
    ).all()
    return [People(row.country, row.locale, row.reminded, int(row.gone)) for row in rows]


def _words(values: Collection[str]) -> str:
    return ", ".join(f"'{value}'" for value in map(str, values))


def unclear_ids(connection: Connection, campaign_id: int, limit: int) -> list[int]:
    """The ids of the first `limit` messages of which nobody knows whether they arrived."""
    # CROSS JOIN keeps SQLite from looking for each unclear message through all promises of the campaign.
    rows = connection.execute(
        text(
            f"SELECT m.id FROM delivery d CROSS JOIN message m WHERE {_MESSAGE_OF} AND d.campaign_id = :campaign"
            " AND d.state = 1 AND m.state = 5 ORDER BY m.id LIMIT :limit"
        ),
        {"campaign": campaign_id, "limit": limit},
    )
    return list(rows.scalars())


def possibly_twice_ids(connection: Connection, campaign_id: int, limit: int) -> list[int]:
    """The ids of the first `limit` messages that were sent again although they may have arrived."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT e.message_id FROM event e JOIN message m ON m.id = e.message_id JOIN batch b ON b.id = m.batch_id"
            " JOIN content_campaign k ON k.content_id = b.content_id"
            " WHERE e.kind = 'sent again' AND k.campaign_id = :campaign ORDER BY e.message_id LIMIT :limit"
        ),
        {"campaign": campaign_id, "limit": limit},
    )
    return list(rows.scalars())


@dataclass(frozen=True, slots=True)
class Letters:
    """Who says "I wrote": by the way it was said, in time and late; `writers` are the different people in time."""

    in_time: Mapping[str, int]
    late: int
    writers: int


def letters(connection: Connection, campaign_id: int) -> Letters:
    """The letters reported in all rounds of a campaign."""
    rows = connection.execute(
        text("SELECT how, late, count(*) AS number FROM letter WHERE campaign_id = :campaign GROUP BY how, late"),
        {"campaign": campaign_id},
    ).all()
    writers = connection.execute(
        text("SELECT count(DISTINCT subscriber_id) FROM letter WHERE campaign_id = :campaign AND late = :no"),
        {"campaign": campaign_id, "no": False},
    ).scalar_one()
    in_time = {row.how: row.number for row in sorted(rows, key=lambda row: row.how) if not row.late}
    return Letters(in_time, sum(row.number for row in rows if row.late), writers)


def who_did(connection: Connection, what: str, about: str) -> tuple[str, datetime] | None:
    """Who last did `what` ("campaign close") to `about` ("campaign:3"), as the audit has it."""
    row = connection.execute(
        text('SELECT who, "at" FROM audit WHERE what = :what AND about = :about ORDER BY id DESC LIMIT 1'),
        {"what": what, "about": about},
    ).first()
    return None if row is None else (row[0], instant(row[1]))


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a campaign's report; `body` is the report as JSON."""

    campaign_id: int
    version: int
    made_at: datetime
    final: bool
    body: dict[str, Any]


def keep_version(connection: Connection, kept: Version) -> bool:
    """Insert a version; False where somebody else made it first."""
    insert_new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    written = connection.execute(
        insert_new(_REPORT)
        .values(
            campaign_id=kept.campaign_id,
            version=kept.version,
            made_at=kept.made_at,
            final=kept.final,
            body=kept.body,
        )
        .on_conflict_do_nothing()
        .returning(_REPORT.c.id)
    )
    return written.first() is not None


def versions(connection: Connection, campaign_id: int) -> list[Version]:
    """Every version of a campaign's report, the first one first."""
    rows = connection.execute(
        text("SELECT version, made_at, final, body FROM report WHERE campaign_id = :campaign ORDER BY version"),
        {"campaign": campaign_id},
    )
    return [Version(campaign_id, row[0], instant(row[1]), bool(row[2]), json_value(row[3])) for row in rows]


@dataclass(frozen=True, slots=True)
class DueReport:
    """A campaign whose report must be made, as `version`. `ended_at` is since when it is due."""

    campaign_id: int
    version: int
    ended_at: datetime


def reports_due(connection: Connection, now: datetime, give_up_after_s: int) -> list[DueReport]:
    """Ended campaigns without a report, and those whose last one was not final and may be by now, oldest first.

    It may be when no reminder is unclear or on its way any more, or `give_up_after_s` after it was due.
    """
    rows = connection.execute(
        text(
            "SELECT c.id, coalesce(r.version, 0) + 1 AS version, c.report_due_at FROM campaign c"
            " LEFT JOIN report r ON r.campaign_id = c.id"
            " AND r.version = (SELECT max(l.version) FROM report l WHERE l.campaign_id = c.id)"
            " WHERE c.report_due_at <= :now AND c.state IN (5, 6, 7) AND (r.version IS NULL"
            " OR r.made_at < c.report_due_at OR (r.final = :no AND (c.report_due_at <= :given_up"
            f" OR NOT ({_ANYTHING_OPEN})))) ORDER BY c.report_due_at, c.id"
        ),
        {"now": seconds(now), "no": False, "given_up": seconds(now) - give_up_after_s},
    ).all()
    return [DueReport(row.id, row.version, instant(row.report_due_at)) for row in rows]


# Batches of reminders that are not done, and unclear messages by their own small index: no look at each promise.
_ANYTHING_OPEN = (
    "EXISTS (SELECT 1 FROM content_campaign k JOIN content t ON t.id = k.content_id AND t.kind = 1"
    " JOIN batch b ON b.content_id = k.content_id WHERE k.campaign_id = c.id AND b.state <> 4)"
    " OR EXISTS (SELECT 1 FROM message m CROSS JOIN batch b CROSS JOIN content_campaign k"
    " WHERE m.state = 5 AND m.kind = 1 AND b.id = m.batch_id AND k.content_id = b.content_id AND k.campaign_id = c.id)"
)
