"""Letters that supporters say they have written."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reminder.store.people.addresses import PERSON
from reminder.store.tables import Campaign, Letter, Rhythm, Subscriber

_LETTER = Letter.__table__  # type: ignore[attr-defined]
_CAMPAIGN = Campaign.__table__  # type: ignore[attr-defined]
_RHYTHM = Rhythm.__table__  # type: ignore[attr-defined]
_SUBSCRIBER = Subscriber.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Writing:
    """What a letter of one supporter for one campaign is measured by. `zone` is where the supporter lives."""

    case_id: int
    round: int
    deadline_on: date | None
    zone: str


def writing(connection: Connection, campaign_id: int, subscriber_id: int) -> Writing | None:
    """None where there is no such campaign or supporter. A zone that is not known is the campaign's."""
    row = connection.execute(
        select(_CAMPAIGN.c.case_id, _CAMPAIGN.c.round, _CAMPAIGN.c.deadline_on, _CAMPAIGN.c.zone, _RHYTHM.c.zone)
        .select_from(_CAMPAIGN)
        .join(_SUBSCRIBER, PERSON.id == subscriber_id)
        .join(_RHYTHM, _RHYTHM.c.id == PERSON.rhythm_id, isouter=True)
        .where(_CAMPAIGN.c.id == campaign_id)
    ).first()
    return None if row is None else Writing(row[0], row[1], row[2], row[4] or row[3])


def case_of(connection: Connection, campaign_id: int) -> int | None:
    """The case that a campaign is for."""
    return connection.execute(select(_CAMPAIGN.c.case_id).where(_CAMPAIGN.c.id == campaign_id)).scalar()


def keep_letter(
    connection: Connection, campaign_id: int, in_round: int, subscriber_id: int, *, how: str, late: bool, now: datetime
) -> bool:
    """Keep "I wrote" once for a round; False where it was said before."""
    insert_new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    written = connection.execute(
        insert_new(_LETTER)
        .values(campaign_id=campaign_id, round=in_round, subscriber_id=subscriber_id, at=now, how=how, late=late)
        .on_conflict_do_nothing()
        .returning(_LETTER.c.at)
    )
    return written.first() is not None


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """That somebody wrote: when she said so, how, and whether the last day was over."""

    at: datetime
    how: str
    late: bool


def letter_of(connection: Connection, campaign_id: int, in_round: int, subscriber_id: int) -> KeptLetter | None:
    """What one supporter said of one round of a campaign."""
    row = connection.execute(
        select(_LETTER.c.at, _LETTER.c.how, _LETTER.c.late).where(
            _LETTER.c.campaign_id == campaign_id,
            _LETTER.c.round == in_round,
            _LETTER.c.subscriber_id == subscriber_id,
        )
    ).first()
    return None if row is None else KeptLetter(*row)


def set_way(connection: Connection, campaign_id: int, in_round: int, subscriber_id: int, way: str) -> bool:
    """Keep by which way the letter went; False where none was reported."""
    changed = connection.execute(
        update(_LETTER)
        .where(
            _LETTER.c.campaign_id == campaign_id,
            _LETTER.c.round == in_round,
            _LETTER.c.subscriber_id == subscriber_id,
        )
        .values(how=way)
    )
    return changed.rowcount == 1


def count_letters(connection: Connection, campaign_id: int) -> int:
    """How many letters were reported in the campaign's present round."""
    return int(
        connection.execute(
            select(func.count())
            .select_from(_LETTER)
            .join(_CAMPAIGN, _CAMPAIGN.c.id == _LETTER.c.campaign_id)
            .where(_LETTER.c.campaign_id == campaign_id, _LETTER.c.round == _CAMPAIGN.c.round)
        ).scalar_one()
    )


def take_back(connection: Connection, campaign_id: int, in_round: int, subscriber_id: int, since: datetime) -> bool:
    """Remove an "I wrote" that was said at `since` or later; False where there is none."""
    removed = connection.execute(
        delete(_LETTER).where(
            _LETTER.c.campaign_id == campaign_id,
            _LETTER.c.round == in_round,
            _LETTER.c.subscriber_id == subscriber_id,
            _LETTER.c.at >= since,
        )
    )
    return removed.rowcount == 1
