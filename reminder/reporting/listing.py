"""What expires soon and what has expired: cases with and without campaigns, those that wait, reviews that are due."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from reminder.domain.case_facts import expired_on_arrival
from reminder.domain.cases import key_in_words
from reminder.domain.states import CampaignState
from reminder.domain.times import local_day
from reminder.rendering.clean import clean_line
from reminder.rendering.languages import Languages
from reminder.rendering.views import Table
from reminder.reporting.outline import Outline
from reminder.reporting.words import count_words, day_words, short_day
from reminder.store import cases, office
from reminder.store.database import Database
from reminder.store.office import CampaignOfCase, Connection
from reminder.store.tables import CaseFile

_ENDED = frozenset({CampaignState.EXPIRED, CampaignState.STOPPED, CampaignState.CLOSED})
_STATES = {
    CampaignState.DRAFT: "draft",
    CampaignState.APPROVED: "approved, not started",
    CampaignState.LIVE: "live",
    CampaignState.PAUSED: "paused",
    CampaignState.EXPIRED: "expired",
    CampaignState.STOPPED: "stopped",
    CampaignState.CLOSED: "closed",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """One campaign of a case, or a case without one (`campaign_id` None). `left` are days to `until`, negative after it.

    `until` is the deadline, or the review day where there is none. `reminded` and `wrote` are people.
    """

    code: str
    number: str
    title: str
    country: str
    zone: str
    until: date | None
    left: int | None
    is_review: bool
    campaign_id: int | None
    state: str
    reminded: int
    wrote: int
    outcome: str

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a program."""
        until = self.until.isoformat() if self.until else None
        return {
            "case": self.code,
            "number": self.number,
            "title": self.title,
            "country": self.country,
            "zone": self.zone,
            "deadline": None if self.is_review else until,
            "review_on": until if self.is_review else None,
            "days_left": self.left,
            "campaign": self.campaign_id,
            "state": self.state,
            "people_reminded": self.reminded,
            "people_who_wrote": self.wrote,
            "outcome": self.outcome,
        }


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of appeals. `expired` tells which of the two it is; `span` says what it covers, in words."""

    expired: bool
    span: str
    made_at: datetime
    rows: tuple[Listed, ...]

    @property
    def appeals(self) -> int:
        """How many cases are on it; one with several campaigns has several rows."""
        return len({row.code for row in self.rows})

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a program."""
        return {
            "list": "expired" if self.expired else "expiring",
            "covers": self.span,
            "made_at": self.made_at.isoformat(),
            "appeals": [row.to_json() for row in self.rows],
        }


def expiring(database: Database, now: datetime, within: timedelta) -> Listing:
    """Appeals whose last day lies ahead by at most `within` (whole days, in the zone of each case), reviews due by then,
    and every appeal that waits for an organiser."""

    def wanted(case: CaseFile, campaigns: Sequence[CampaignOfCase], today: date) -> bool:
        if case.stopped_at:
            return bool(case.questions)
        days = _days(case, campaigns)
        if days and max(days) < today:
            return False
        waits = bool(case.questions) or any(campaign.question for campaign in campaigns)
        due = case.deadline_on is None and case.review_on is not None and case.review_on <= today + within
        return waits or due or any(today <= on <= today + within for on in days)

    span = f"within {count_words(within.days, 'day', 'days')}"
    with database.read() as connection:
        rows = [
            _listed(connection, case, campaign, today)
            for case, campaigns, today in _all(connection, now)
            if wanted(case, campaigns, today)
            for campaign in _shown(campaigns)
        ]
    return Listing(False, span, now, _by_day(rows))


def expired(database: Database, now: datetime, since: date) -> Listing:
    """Appeals whose last day has ended, on `since` or later in the zone of each case; and those added since then that
    were past already."""
    with database.read() as connection:
        added = office.newest_documents(connection)
        rows = []
        for case, campaigns, today in _all(connection, now):
            added_on = local_day(added.get(case.id or 0, case.created_at), case.zone)
            arrived = expired_on_arrival(case.deadline_on, added_on)
            last = max(_days(case, campaigns), default=today)
            if last < today and (last >= since or (arrived and added_on >= since)):
                shown = campaigns or (None,)
                rows += [_listed(connection, case, each, today, arrived=arrived) for each in shown]
    return Listing(True, f"since {day_words(since)}", now, _by_day(rows))


def _all(connection: Connection, now: datetime) -> Iterable[tuple[CaseFile, list[CampaignOfCase], date]]:
    found = cases.read_cases(connection)
    campaigns = office.campaigns_of_cases(connection, [case.id or 0 for case in found])
    return [(case, campaigns[case.id or 0], local_day(now, case.zone)) for case in found]


def _days(case: CaseFile, campaigns: Sequence[CampaignOfCase]) -> list[date]:
    """The last days of a case and of its campaigns; they differ while a moved deadline waits for an answer."""
    days = [case.deadline_on, *(campaign.deadline_on for campaign in campaigns if campaign.state not in _ENDED)]
    return [on for on in days if on is not None]


def _shown(campaigns: Sequence[CampaignOfCase]) -> Sequence[CampaignOfCase | None]:
    """Those that go on; else the latest that ended, else none."""
    return [each for each in campaigns if each.state not in _ENDED] or campaigns[-1:] or (None,)


def _by_day(rows: Iterable[Listed]) -> tuple[Listed, ...]:
    return tuple(sorted(rows, key=lambda row: (row.until or date.max, row.code, row.campaign_id or 0)))


def _listed(
    connection: Connection, case: CaseFile, campaign: CampaignOfCase | None, today: date, *, arrived: bool = False
) -> Listed:
    own = campaign.deadline_on if campaign and campaign.state not in _ENDED else None
    until = own or case.deadline_on or case.review_on
    reminded, wrote = _people(connection, campaign)
    return Listed(
        code=case.code,
        number=key_in_words(case.key),
        title=clean_line(case.title),
        country=Languages(()).words("en").country(case.country),
        zone=case.zone,
        until=until,
        left=(until - today).days if until else None,
        is_review=until is not None and until == case.review_on and not case.deadline_on and not own,
        campaign_id=campaign.id if campaign else None,
        state=_state(case, campaign, arrived=arrived and not reminded),
        reminded=reminded,
        wrote=wrote,
        outcome=clean_line(case.outcome),
    )


def _people(connection: Connection, campaign: CampaignOfCase | None) -> tuple[int, int]:
    if campaign is None or campaign.state in {CampaignState.DRAFT, CampaignState.APPROVED}:
        return 0, 0
    # A campaign that was opened again has gone beyond its last report.
    if campaign.state in _ENDED and campaign.reminded is not None and campaign.wrote is not None:
        return campaign.reminded, campaign.wrote
    return office.people_so_far(connection, campaign.id)


def _state(case: CaseFile, campaign: CampaignOfCase | None, *, arrived: bool) -> str:
    if arrived:
        return "expired on arrival"
    waits = [count_words(len(case.questions), "question", "questions")] if case.questions else []
    if campaign is not None and campaign.question and not waits:
        waits = ["same letter or new letter"]
    if waits:
        return f"waiting for you: {waits[0]}"
    if case.stopped_at:
        return "stopped"
    return _STATES[campaign.state] if campaign else "no campaign"


def listing_outline(listing: Listing) -> Outline:
    """The list in words."""
    number = count_words(listing.appeals, "appeal", "appeals")
    return Outline(
        subject=f"{'Expired' if listing.expired else 'Expiring'} {listing.span}",
        heading=f"Appeals that {'expired' if listing.expired else 'expire'} {listing.span}",
        facts=(),
        tables=(listing_table(listing, number),) if listing.rows else (),
        notes=() if listing.rows else ("None.",),
    )


def listing_table(listing: Listing, title: str) -> Table:
    """The rows of a list, one for each campaign or case without one."""
    if listing.expired:
        return Table(
            title,
            ("Until", "Case", "Campaign", "State", "Reminded", "Wrote", "Outcome"),
            tuple(
                (_day(row), _name(row), _campaign(row), row.state, f"{row.reminded:,}", f"{row.wrote:,}", row.outcome)
                for row in listing.rows
            ),
        )
    return Table(
        title,
        ("Until", "Left", "Case", "Campaign", "State"),
        tuple((_day(row), _left(row), _name(row), _campaign(row), row.state) for row in listing.rows),
    )


def _day(row: Listed) -> str:
    if row.until is None:
        return "not known"
    return f"{'review ' if row.is_review else ''}{short_day(row.until)}"


def _left(row: Listed) -> str:
    if row.left is None:
        return ""
    if row.left < 0:
        return "past"
    return "last day" if row.left == 0 else count_words(row.left, "day", "days")


def _name(row: Listed) -> str:
    title = f": {row.title}" if row.title else ""
    return f"{row.number} ({row.code}){title}"


def _campaign(row: Listed) -> str:
    return str(row.campaign_id) if row.campaign_id else "none"


def listing_cells(listing: Listing) -> list[Sequence[str]]:
    """The list as the rows of a spreadsheet, headed by the keys of its JSON."""
    head = list(_EMPTY.to_json())
    return [head, *([_cell(value) for value in row.to_json().values()] for row in listing.rows)]


def _cell(value: object) -> str:
    return "" if value is None else str(value)


_EMPTY = Listed("", "", "", "", "", None, None, False, None, "", 0, 0, "")
