"""What the office is told of: cases with their campaigns for the lists, and whatever waits for somebody.

None of it is asked at every heartbeat, but for the two instants in `looked`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

# Handed on under its own name: services pass a connection along and know no SQL.
from sqlalchemy import Connection as Connection
from sqlalchemy import text

from reminder.domain.states import CampaignState, DeliveryState
from reminder.store.columns import day, instant, json_value, ordinal, seconds


@dataclass(frozen=True, slots=True)
class Looked:
    """The day of the last morning's mails, the Monday of the last Monday mail, and since when there is an office."""

    morning_on: date | None
    monday_on: date | None
    created_at: datetime


def looked(connection: Connection) -> Looked:
    """What tells whether the office must be looked after now."""
    row = connection.execute(text("SELECT morning_on, monday_on, created_at FROM instance WHERE id = 1")).one()
    return Looked(
        None if row.morning_on is None else day(row.morning_on),
        None if row.monday_on is None else day(row.monday_on),
        instant(row.created_at),
    )


def take_monday(connection: Connection, monday: date) -> bool:
    """Take the mail of this Monday upon us; False where somebody did."""
    return _take(connection, "monday_on", monday)


def take_morning(connection: Connection, today: date) -> bool:
    """Take the mails of this morning upon us; False where somebody did."""
    return _take(connection, "morning_on", today)


def _take(connection: Connection, column: str, on: date) -> bool:
    return (
        connection.execute(
            text(f"UPDATE instance SET {column} = :day WHERE id = 1 AND ({column} IS NULL OR {column} < :day)"),
            {"day": ordinal(on)},
        ).rowcount
        == 1
    )


@dataclass(frozen=True, slots=True)
class CampaignOfCase:
    """A campaign as lists show it. `reminded` and `wrote` are people; None while no report of it was kept."""

    id: int
    case_id: int
    state: CampaignState
    question: str
    deadline_on: date | None
    reminded: int | None
    wrote: int | None


def campaigns_of_cases(connection: Connection, case_ids: Collection[int]) -> dict[int, list[CampaignOfCase]]:
    """The campaigns of each of these cases, with the figures of their latest report."""
    if not case_ids:
        return {}
    numbers = ", ".join(map(str, sorted(case_ids)))
    rows = connection.execute(
        text(
            "SELECT c.id, c.case_id, c.state, c.question, c.deadline_on, r.body FROM campaign c"
            " LEFT JOIN report r ON r.campaign_id = c.id"
            " AND r.version = (SELECT max(l.version) FROM report l WHERE l.campaign_id = c.id)"
            f" WHERE c.case_id IN ({numbers}) ORDER BY c.id"
        )
    ).all()
    found: dict[int, list[CampaignOfCase]] = {case_id: [] for case_id in case_ids}
    for row in rows:
        body = json_value(row.body)
        found[row.case_id].append(
            CampaignOfCase(
                id=row.id,
                case_id=row.case_id,
                state=CampaignState(row.state),
                question=row.question,
                deadline_on=None if row.deadline_on is None else day(row.deadline_on),
                reminded=body["people"]["reminded"] if body else None,
                wrote=body["letters"]["people"] if body else None,
            )
        )
    return found


def people_so_far(connection: Connection, campaign_id: int) -> tuple[int, int]:
    """(people reminded, people who say in time that they wrote), counted now."""
    bound = {"campaign": campaign_id, "carried": int(DeliveryState.CARRIED), "no": False}
    row = connection.execute(
        text(
            "SELECT (SELECT count(DISTINCT subscriber_id) FROM delivery WHERE campaign_id = :campaign AND state = :carried),"
            " (SELECT count(DISTINCT subscriber_id) FROM letter WHERE campaign_id = :campaign AND late = :no)"
        ),
        bound,
    ).one()
    return row[0], row[1]


def newest_documents(connection: Connection) -> dict[int, datetime]:
    """By case, when its latest document was added."""
    rows = connection.execute(text("SELECT case_id, max(added_at) AS added_at FROM document GROUP BY case_id"))
    return {row.case_id: instant(row.added_at) for row in rows}


def live_without_steps(connection: Connection) -> list[tuple[int, datetime]]:
    """Live campaigns that will remind nobody, and since when each is live."""
    rows = connection.execute(
        text(
            "SELECT c.id, coalesce(c.live_since, c.created_at) AS since FROM campaign c WHERE c.state = 3"
            " AND NOT EXISTS (SELECT 1 FROM step t WHERE t.campaign_id = c.id) ORDER BY c.id"
        )
    )
    return [(row.id, instant(row.since)) for row in rows]


@dataclass(frozen=True, slots=True)
class OverLimit:
    """Sendings of a campaign that reach more people than may be reached without a go-ahead."""

    campaign_id: int
    sendings: int
    latest_on: date


def over_limit(connection: Connection) -> list[OverLimit]:
    """What waits for an organiser's go."""
    rows = connection.execute(
        text(
            "SELECT w.campaign_id, count(*) AS sendings, max(w.local_on) AS latest_on FROM wave w"
            " JOIN campaign c ON c.id = w.campaign_id WHERE w.state = 7 AND c.state = 3"
            " GROUP BY w.campaign_id ORDER BY w.campaign_id"
        )
    )
    return [OverLimit(row.campaign_id, row.sendings, day(row.latest_on)) for row in rows]


def campaigns_asked(connection: Connection) -> list[tuple[int, int]]:
    """(campaign, case) of those that wait for "same letter or new letter", or for a text."""
    rows = connection.execute(
        text("SELECT id, case_id FROM campaign WHERE question <> '' AND state IN (3, 4, 5) ORDER BY id")
    )
    return [(row.id, row.case_id) for row in rows]


@dataclass(frozen=True, slots=True)
class SetAside:
    """Reminders of a campaign that could not be built; `latest_on` is the last local day of one."""

    campaign_id: int
    number: int
    latest_on: date


def set_aside(connection: Connection) -> list[SetAside]:
    """Of campaigns that are live or paused: afterwards their report tells of it. Reads all their promises."""
    rows = connection.execute(
        text(
            "SELECT d.campaign_id, count(*) AS number, max(d.local_on) AS latest_on FROM campaign c"
            " JOIN delivery d ON d.campaign_id = c.id WHERE c.state IN (3, 4) AND d.state = :set_aside"
            " GROUP BY d.campaign_id ORDER BY d.campaign_id"
        ),
        {"set_aside": int(DeliveryState.SET_ASIDE)},
    )
    return [SetAside(row.campaign_id, row.number, day(row.latest_on)) for row in rows]


def unclear_since(connection: Connection, before: datetime) -> list[int]:
    """The ids of messages that are unclear and were handed over before that instant."""
    rows = connection.execute(
        text(
            "SELECT m.id FROM message m JOIN attempt a ON a.id = m.attempt_id WHERE m.state = 5"
            " AND a.sent_at < :before ORDER BY m.id"
        ),
        {"before": seconds(before)},
    )
    return list(rows.scalars())
