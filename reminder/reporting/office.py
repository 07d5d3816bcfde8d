"""What the office is told without asking: each morning what waits for somebody, each Monday what expires and expired.

A trouble is told once, and again after a week where it still waits; the keys of the mails hold that, so that a look that
is repeated tells nothing twice. Subjects name no person and no country.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from reminder.domain.cases import key_in_words
from reminder.domain.states import MessageKind
from reminder.domain.times import at_wall_clock, local_day
from reminder.reporting.listing import Listing, expired, expiring, listing_outline, listing_table
from reminder.reporting.outline import Outline
from reminder.reporting.words import count_words, day_words
from reminder.store import cases, inbox, office
from reminder.store.cases import lock_cases
from reminder.store.database import Database
from reminder.store.office import Connection, Looked
from reminder.store.queueing import queue_to_organisers
from reminder.store.removal import removals
from reminder.store.tables import CaseFile

MORNING_HOUR = 9
AGAIN_AFTER_DAYS = 7
# An unclear message that nothing has settled by then waits for a person.
UNCLEAR_AFTER = timedelta(hours=6)
AHEAD = timedelta(days=14)
BACK = timedelta(days=7)
_IDS_TOLD = 50
REPLIES_DUE_WITHIN = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Told:
    """A mail to all organisers, sent once for its `dedupe` key."""

    kind: MessageKind
    payload: dict[str, Any]
    dedupe: str


def office_reminders(database: Database, now: datetime, zone: str) -> list[Told]:
    """Queue what the organisers must be told at this instant; returns it. `zone` is the organisation's.

    Between two mornings it costs one look at one row. The first look at 09:00 or later that ends sees the morning: the day
    is kept with its mails, so that one which was cut short is made up for. So is a Monday whose morning nobody saw.
    """
    with database.read() as connection:
        looked = office.looked(connection)
        removed = removals(connection)
    morning, monday = _morning(looked, now, zone), _monday(looked, now, zone)
    if morning is None and monday is None:
        return []
    told: list[Told] = []
    if morning is not None:
        with database.read() as connection:
            told = _waiting(connection, now, zone)
    mail = _monday_mail(database, now, monday) if monday else None

    def work(connection: Connection) -> list[Told]:
        lock_cases(connection)
        if removals(connection) != removed:
            # Texts that were removed meanwhile may stand in these mails: the next heartbeat writes them anew.
            return []
        going = told if morning and office.take_morning(connection, morning) else []
        if mail and monday and office.take_monday(connection, monday):
            going = [*going, mail]
        return [
            each for each in going if queue_to_organisers(connection, each.kind, each.payload, each.dedupe, now) > 0
        ]

    return database.write(work)


def _morning(looked: Looked, now: datetime, zone: str) -> date | None:
    """The day whose morning mails are due: 09:00 has come, and nobody looked since."""
    today = local_day(now, zone)
    done = looked.morning_on is not None and looked.morning_on >= today
    return None if done or now < at_wall_clock(today, MORNING_HOUR, zone) else today


def _monday(looked: Looked, now: datetime, zone: str) -> date | None:
    """The Monday whose mail is due; none before the first Monday of the installation."""
    today = local_day(now, zone)
    monday = today - timedelta(days=today.weekday())
    morning = at_wall_clock(monday, MORNING_HOUR, zone)
    done = looked.monday_on is not None and looked.monday_on >= monday
    return None if done or now < morning or looked.created_at > morning else monday


def _monday_mail(database: Database, now: datetime, monday: date) -> Told:
    """What expires within fourteen days, and what has expired since the Monday before."""
    parts = (expiring(database, now, AHEAD), expired(database, now, monday - BACK))
    payload = monday_outline(parts, monday).payload()
    return Told(MessageKind.REPORT, payload, f"monday:{monday.isoformat()}")


def monday_outline(parts: tuple[Listing, ...], monday: date) -> Outline:
    """Both lists as one; an empty one says so."""
    headed = [(listing_outline(part).heading, part) for part in parts]
    return Outline(
        subject=f"Appeals in the week of {day_words(monday)}",
        heading=f"Appeals in the week of {day_words(monday)}",
        facts=tuple((heading, f"{part.appeals:,}") for heading, part in headed),
        tables=tuple(listing_table(part, heading) for heading, part in headed if part.rows),
        notes=(),
    )


def _waiting(connection: Connection, now: datetime, zone: str) -> list[Told]:
    known = {case.id or 0: case for case in cases.read_cases(connection)}
    today = local_day(now, zone)
    return [
        *_cases_that_wait(connection, known, today, zone),
        *_reviews(known, now),
        *_without_steps(connection, today, zone),
        *_over_limit(connection),
        *_set_aside(connection),
        *_unclear(connection, now),
        *_replies_due(connection, today),
    ]


def _cases_that_wait(connection: Connection, known: dict[int, CaseFile], today: date, zone: str) -> Iterator[Told]:
    added = office.newest_documents(connection)
    asked = {case_id for _, case_id in office.campaigns_asked(connection)}
    for case_id, case in known.items():
        if not case.questions and case_id not in asked:
            continue
        since = local_day(added.get(case_id, case.created_at), zone)
        number = len(case.questions) or 1
        yield _alert(
            subject="An appeal is waiting for you",
            reason=f"Case {case.code} ({key_in_words(case.key)}) waits for {count_words(number, 'answer', 'answers')}."
            " Nothing of it is sent until then.",
            remedy=f"See what it asks with `reminder case show {case.code}`, then answer with"
            f" `reminder case decide {case.code}`.",
            lines=[question["question"] for question in case.questions]
            or ["Is it the same letter, or a new letter that everybody is asked to write?"],
            dedupe=f"case-waits:{case.code}:{_week(since, today)}",
        )


def _reviews(known: dict[int, CaseFile], now: datetime) -> Iterator[Told]:
    for case in known.values():
        today = local_day(now, case.zone)
        if case.review_on is None or case.deadline_on or case.stopped_at or case.review_on > today:
            continue
        yield _alert(
            subject="An appeal is due for review",
            reason=f"Case {case.code} ({key_in_words(case.key)}) has no deadline and was to be looked at again on"
            f" {day_words(case.review_on)}.",
            remedy=f"Find out how it stands; then `reminder case deadline {case.code}`, or"
            f" `reminder case decide {case.code}` with a later day of review, or `reminder case stop {case.code}`.",
            dedupe=f"review-due:{case.code}:{case.review_on.isoformat()}:{_week(case.review_on, today)}",
        )


def _without_steps(connection: Connection, today: date, zone: str) -> Iterator[Told]:
    for campaign_id, since in office.live_without_steps(connection):
        yield _alert(
            subject="A live campaign reminds nobody",
            reason=f"Campaign {campaign_id} is live and its reminder plan is empty.",
            remedy=f"Look at `reminder campaign show {campaign_id}`; close it, or say how the target can still be reached.",
            dedupe=f"no-steps:{campaign_id}:{_week(local_day(since, zone), today)}",
        )


def _over_limit(connection: Connection) -> Iterator[Told]:
    """Told again only when a sending of a later day waits."""
    for each in office.over_limit(connection):
        yield _alert(
            subject="A sending is waiting for you",
            reason=f"{count_words(each.sendings, 'sending', 'sendings')} of campaign {each.campaign_id} would reach more"
            " people than its limit allows without your word.",
            remedy=f"See who would get it with `reminder forecast {each.campaign_id}`, then say go or close the campaign.",
            dedupe=f"over-limit:{each.campaign_id}:{each.latest_on.isoformat()}",
        )


def _set_aside(connection: Connection) -> Iterator[Told]:
    """Told again only when more are set aside on a later day."""
    for each in office.set_aside(connection):
        yield _alert(
            subject="Reminders were set aside",
            reason=f"{count_words(each.number, 'reminder', 'reminders')} of campaign {each.campaign_id} could not be"
            f" built or sent, the latest for {day_words(each.latest_on)}.",
            remedy="Run `reminder doctor` and `reminder preview`: a template, a text or a setting has a mistake.",
            dedupe=f"set-aside:{each.campaign_id}:{each.latest_on.isoformat()}",
        )


def _unclear(connection: Connection, now: datetime) -> Iterator[Told]:
    """Told again only when another one is unclear."""
    ids = office.unclear_since(connection, now - UNCLEAR_AFTER)
    if not ids:
        return
    more = [f"and {len(ids) - _IDS_TOLD:,} more"] if len(ids) > _IDS_TOLD else []
    yield _alert(
        subject="Messages are unclear: may have arrived",
        reason=f"{count_words(len(ids), 'message was', 'messages were')} handed over, and no answer came.",
        remedy="See them with `reminder messages list --unclear` and settle each with `reminder messages decide`.",
        lines=[*(f"message {number}" for number in ids[:_IDS_TOLD]), *more],
        dedupe=f"unclear:{ids[-1]}",
    )


def _replies_due(connection: Connection, today: date) -> Iterator[Told]:
    """Told every morning until they are dealt with: the law counts the days."""
    number, first = inbox.due_until(connection, today + REPLIES_DUE_WITHIN)
    if not number or first is None:
        return
    late = f"; the first was due {day_words(first)}" if first < today else f", the first by {day_words(first)}"
    yield _alert(
        subject="Replies in the inbox are due",
        reason=f"{count_words(number, 'reply must', 'replies must')} be dealt with{late}. Whoever wrote may want to leave"
        " and gets nothing until then.",
        remedy="Read them with `reminder inbox list` and say so with `reminder inbox done`.",
        dedupe=f"replies-due:{today.isoformat()}",
    )


def _alert(*, subject: str, reason: str, remedy: str, dedupe: str, lines: list[str] | None = None) -> Told:
    payload = {"subject": subject, "reason": reason, "remedy": remedy, "lines": lines or []}
    return Told(MessageKind.ALERT, payload, dedupe)


def _week(since: date, today: date) -> int:
    """How many whole weeks a trouble has waited."""
    return (today - since).days // AGAIN_AFTER_DAYS
