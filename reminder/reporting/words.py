"""The words of reports: what became of a reminder, which step it was, how a campaign stands."""

import re
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from reminder.domain.states import CampaignState

_STEP = re.compile(r"(?P<name>.+?)(?P<sign>[+-])(?P<days>\d+)d")
_BEFORE = {"deadline": "the deadline", "post-by": "the last day to post"}


class Line(StrEnum):
    """What became of a promise; each stands in exactly one line. The value is its name in JSON."""

    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    COMPLAINED = "complained"
    BOUNCED = "bounced"
    FAILED = "failed"
    REFUSED = "refused"
    UNCLEAR = "unclear"
    WAITING = "waiting"
    MISSED = "missed"
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"
    SET_ASIDE = "set_aside"


LINE_WORDS = {
    Line.DELIVERED: "delivered",
    Line.ACCEPTED: "accepted by the provider, no word since",
    Line.COMPLAINED: "delivered, then reported as unwanted",
    Line.BOUNCED: "bounced",
    Line.FAILED: "failed at the provider",
    Line.REFUSED: "refused by the provider",
    Line.UNCLEAR: "unclear: may have arrived",
    Line.WAITING: "not sent yet",
    Line.MISSED: "too late, not sent",
    Line.SKIPPED: "skipped",
    Line.WITHDRAWN: "taken back before it was sent",
    Line.SET_ASIDE: "set aside",
}
# A provider took these; the sum is what a report calls accepted.
TAKEN = (Line.DELIVERED, Line.ACCEPTED, Line.COMPLAINED, Line.BOUNCED, Line.FAILED)
# These have one line for each reason.
BY_REASON = (Line.SKIPPED, Line.WITHDRAWN, Line.SET_ASIDE)
# A report shows these also where there are none.
ALWAYS = (Line.DELIVERED, Line.ACCEPTED, Line.BOUNCED, Line.FAILED, Line.UNCLEAR, Line.MISSED)

STATE_WORDS = {
    CampaignState.DRAFT: "draft",
    CampaignState.APPROVED: "approved, not started",
    CampaignState.LIVE: "live",
    CampaignState.PAUSED: "paused",
    CampaignState.EXPIRED: "expired: the deadline has passed",
    CampaignState.STOPPED: "stopped: nobody is asked to write any more",
    CampaignState.CLOSED: "closed by an organiser before its deadline",
}
ON_ARRIVAL = "expired on arrival: the deadline had passed when the appeal was added"


def step_words(step_key: str) -> str:
    """A step as people say it: "7 days before the deadline", "half-time"."""
    match = _STEP.fullmatch(step_key)
    if match is None:
        return step_key
    name, days = match["name"], int(match["days"])
    if days == 0:
        return _day_of(name)
    number = "1 day" if days == 1 else f"{days} days"
    return f"{number} {'before' if match['sign'] == '-' else 'after'} {_BEFORE.get(name, f'the {name}')}"


def _day_of(name: str) -> str:
    if name.startswith("update"):
        return "new letter"
    return {
        "start": "start",
        "half": "half-time",
        "deadline": "the last morning",
        "post-by": "the last day to post",
    }.get(name, f"on the day of the {name}")


def day_words(on: date) -> str:
    """Tuesday 29 December 2020."""
    return f"{on:%A} {on.day} {on:%B %Y}"


def short_day(on: date) -> str:
    """29 Dec 2020."""
    return f"{on.day} {on:%b %Y}"


def instant_words(at: datetime, zone: str) -> str:
    """30 Dec 2020, 12:00 (Europe/London)."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{short_day(local.date())}, {local:%H:%M} ({zone})"


def count_words(number: int, one: str, many: str) -> str:
    """ "1 person", "1,234 people"."""
    return f"{number:,} {one if number == 1 else many}"
