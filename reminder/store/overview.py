"""What organisers look at: campaigns with their cases, their sendings counted by state, and what needs an eye."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from reminder.domain.states import CampaignState, Channel, MessageKind, Reason, WaveState
from reminder.store.columns import day, json_value


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign and its case. `case_questions`: the case waits for an answer; `steps`: reminders in its plan."""

    campaign_id: int
    case_code: str
    title: str
    country: str
    state: CampaignState
    version: int
    approved_version: int
    question: str
    audience: tuple[str, ...]
    zone: str
    sending_limit: int
    deadline_on: date | None
    review_on: date | None
    post_by_on: date | None
    started_on: date | None
    case_questions: bool
    case_stopped: bool
    steps: int


@dataclass(frozen=True, slots=True)
class Eye:
    """What of a campaign needs an eye: sendings above its limit, messages set aside, messages that are unclear."""

    waiting: int = 0
    set_aside: int = 0
    unclear: int = 0


@dataclass(frozen=True, slots=True)
class SendingsCount:
    """`sendings` of one step by one channel in one state, from `first_on` to `last_on` (local days).

    `opened` reminders were made for people, `skipped` not on purpose; `people` were left out by sendings that never opened,
    or wait with them for an organiser.
    """

    step_key: str
    anchor_on: date
    channel: Channel
    state: WaveState
    sendings: int
    first_on: date
    last_on: date
    opened: int
    skipped: int
    people: int


def campaign_rows(connection: Connection, campaign_id: int | None = None) -> list[CampaignRow]:
    """All campaigns, or one of them, the oldest first."""
    one = "" if campaign_id is None else " WHERE c.id = :campaign"
    rows = connection.execute(
        text(
            "SELECT c.*, f.code, f.title, f.country, f.questions, f.stopped_at,"
            " (SELECT count(*) FROM step s WHERE s.campaign_id = c.id) AS steps"
            f" FROM campaign c JOIN casefile f ON f.id = c.case_id{one} ORDER BY c.id"
        ),
        {} if campaign_id is None else {"campaign": campaign_id},
    ).mappings()
    return [_campaign(row) for row in rows]


def _campaign(row: Mapping[Any, Any]) -> CampaignRow:
    days = {
        name: None if row[name] is None else day(row[name])
        for name in ("deadline_on", "review_on", "post_by_on", "started_on")
    }
    return CampaignRow(
        campaign_id=row["id"],
        case_code=row["code"],
        title=row["title"],
        country=row["country"],
        state=CampaignState(row["state"]),
        version=row["version"],
        approved_version=row["approved_version"],
        question=row["question"],
        audience=tuple(json_value(row["audience"])),
        zone=row["zone"],
        sending_limit=row["sending_limit"],
        case_questions=bool(json_value(row["questions"])),
        case_stopped=row["stopped_at"] is not None,
        steps=row["steps"],
        **days,
    )


def eyes(connection: Connection) -> dict[int, Eye]:
    """By campaign, what needs an eye. Unclear and set aside are found by their own small indexes."""

    def counted(sql: str) -> dict[int, int]:
        return {row[0]: row[1] for row in connection.execute(text(sql))}

    waiting = counted("SELECT campaign_id, count(*) FROM wave WHERE state = 7 GROUP BY campaign_id")
    # Here and below the plus sign keeps SQLite from walking through all promises in the order of another index.
    set_aside = counted("SELECT +campaign_id, count(*) FROM delivery WHERE state = 6 GROUP BY +campaign_id")
    unclear = counted(
        "SELECT k.campaign_id, count(*) FROM message m CROSS JOIN batch b CROSS JOIN content_campaign k"
        " WHERE m.state = 5 AND b.id = m.batch_id AND k.content_id = b.content_id GROUP BY k.campaign_id"
    )
    return {
        campaign_id: Eye(waiting.get(campaign_id, 0), set_aside.get(campaign_id, 0), unclear.get(campaign_id, 0))
        for campaign_id in {*waiting, *set_aside, *unclear}
    }


def sendings_by_state(connection: Connection, campaign_id: int) -> list[SendingsCount]:
    """Every sending that was ever planned for a campaign, counted, in the order of their days."""
    rows = connection.execute(
        text(
            "SELECT step_key, anchor_on, channel, state, count(*) AS sendings, min(local_on) AS first_on,"
            " max(local_on) AS last_on, sum(n_opened) AS opened, sum(n_skipped) AS skipped, sum(n_people) AS people"
            " FROM wave WHERE campaign_id = :campaign GROUP BY step_key, anchor_on, channel, state"
            " ORDER BY min(local_on), step_key, channel, state"
        ),
        {"campaign": campaign_id},
    )
    return [
        SendingsCount(
            step_key=row.step_key,
            anchor_on=day(row.anchor_on),
            channel=Channel(row.channel),
            state=WaveState(row.state),
            sendings=row.sendings,
            first_on=day(row.first_on),
            last_on=day(row.last_on),
            opened=int(row.opened),
            skipped=int(row.skipped),
            people=int(row.people),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class UnclearRow:
    """A message of which nobody knows whether it arrived, and the campaigns that it speaks of."""

    message_id: int
    kind: MessageKind
    channel: Channel
    local_on: date
    campaign_ids: tuple[int, ...]


def unclear_rows(connection: Connection, limit: int) -> tuple[list[UnclearRow], int]:
    """The first `limit` unclear messages by id, and how many there are; by the index on them."""
    rows = connection.execute(
        text(
            "SELECT m.id, m.kind, m.channel, m.local_on, t.items FROM message m JOIN batch b ON b.id = m.batch_id"
            " JOIN content t ON t.id = b.content_id WHERE m.state = 5 ORDER BY m.id LIMIT :limit"
        ),
        {"limit": limit},
    )
    found = [
        UnclearRow(
            row.id,
            MessageKind(row.kind),
            Channel(row.channel),
            day(row.local_on),
            tuple(sorted({item[0] for item in json_value(row.items)})),
        )
        for row in rows
    ]
    return found, int(connection.execute(text("SELECT count(*) FROM message WHERE state = 5")).scalar_one())


@dataclass(frozen=True, slots=True)
class SetAsideRow:
    """Promises of one sending that were set aside for the same reason: `number`, and the first of their messages, by id.

    `message_id` is None where the message is not kept any more. `because` says why the first of them could not be built.
    """

    message_id: int | None
    campaign_id: int
    step_key: str
    channel: Channel
    local_on: date
    reason: Reason
    number: int
    because: str


def set_aside_rows(connection: Connection) -> list[SetAsideRow]:
    """What was set aside, by sending and reason; by the index on it."""
    rows = connection.execute(
        text(
            "SELECT +d.campaign_id AS campaign_id, d.step_key, d.channel, d.local_on, d.reason, count(*) AS number,"
            " min(d.subscriber_id) AS person FROM delivery d WHERE d.state = 6"
            " GROUP BY +d.campaign_id, d.step_key, d.channel, d.local_on, d.reason"
            " ORDER BY 1, d.local_on, d.step_key, d.channel, d.reason"
        )
    ).all()
    return [_set_aside(connection, row) for row in rows]


def _set_aside(connection: Connection, row: Any) -> SetAsideRow:
    """With its message, through the batches of that campaign and day: one that was taken back is in no index of people."""
    found = connection.execute(
        text(
            "SELECT m.id, b.because FROM content_campaign k CROSS JOIN content t CROSS JOIN batch b CROSS JOIN message m"
            " WHERE k.campaign_id = :campaign AND t.id = k.content_id AND t.day = :day AND b.content_id = t.id"
            " AND m.batch_id = b.id AND m.subscriber_id = :person AND m.reason = :reason ORDER BY m.id LIMIT 1"
        ),
        {"campaign": row.campaign_id, "day": row.local_on, "person": row.person, "reason": row.reason},
    ).first()
    return SetAsideRow(
        message_id=None if found is None else found.id,
        campaign_id=row.campaign_id,
        step_key=row.step_key,
        channel=Channel(row.channel),
        local_on=day(row.local_on),
        reason=Reason(row.reason),
        number=row.number,
        because="" if found is None else found.because,
    )
