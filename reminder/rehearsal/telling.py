"""From a database in which time has passed to its story: what left, with the words of each message; what did not, and why."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from email import policy
from email.parser import BytesParser
from pathlib import Path

from reminder.app import App
from reminder.domain.states import Channel, MessageKind
from reminder.domain.times import local_day
from reminder.domain.wire import message_of
from reminder.planning.why import why
from reminder.planning.zones import zones_of_country
from reminder.rehearsal.story import Entry, NotSent, Person, Story
from reminder.reporting.make import make_report
from reminder.store.campaigns import read_campaign
from reminder.store.timeline import HandedOver, first_supporters, handed_over, how_many_handed_over

MESSAGES_TOLD = 2_000
PEOPLE_TOLD = 200
SUFFIXES = {Channel.EMAIL: ".eml", Channel.SMS: ".txt"}
# What follows the path of a personal link opens that person's page.
_PERSONAL = re.compile(r"(https?://\S+?/(?:s|leave|wrote|later)/)[\w-]+")


def tell(app: App, campaigns: Sequence[int], begin: datetime, folder: Path, done: Sequence[str] = ()) -> Story:
    """What became of `campaigns` from `begin` to the clock's instant; `folder` holds the folders of the providers."""
    now = app.clock.now()
    with app.database.read() as connection:
        found = [read_campaign(connection, campaign_id) for campaign_id in campaigns]
        zones = {campaign.id: campaign.zone for campaign in found if campaign is not None}
        left = handed_over(connection, campaigns, begin, MESSAGES_TOLD)
        messages = how_many_handed_over(connection, campaigns, begin)
        supporters = first_supporters(connection, PEOPLE_TOLD)
    files = message_files(folder)
    entries = tuple(_entry(each, zones, app.settings.zone, files, folder) for each in left)
    return Story(
        campaigns=tuple(campaigns),
        begin=begin,
        until=now,
        zone=app.settings.zone,
        done=tuple(done),
        entries=entries,
        messages=messages,
        people=tuple(_person(app, campaigns, each, entries, now) for each in supporters),
        reports=tuple(make_report(app.database, campaign_id, now) for campaign_id in campaigns),
    )


def message_files(folder: Path) -> dict[int, Path]:
    """The messages in the folders of the providers, by message id."""
    return {
        message_id: path
        for path in sorted(folder.glob("*/*"))
        if path.suffix in SUFFIXES.values() and (message_id := message_of(path.stem)) is not None
    }


def _entry(left: HandedOver, zones: dict[int | None, str], office: str, files: dict[int, Path], folder: Path) -> Entry:
    own = left.zone or next((zones[campaign_id] for campaign_id, _ in left.items if campaign_id in zones), office)
    path = files.get(left.message_id)
    return Entry(
        at=left.at,
        zone=own,
        message_id=left.message_id,
        person_id=left.person_id,
        channel=left.channel,
        kind=left.kind,
        locale=left.locale,
        steps=left.items,
        also_open=left.also_open,
        says=_says(path) if path else "",
        file=path.relative_to(folder).as_posix() if path else "",
    )


def _says(path: Path) -> str:
    """The subject of an email, the text of an SMS, without what is personal in a link."""
    if path.suffix == SUFFIXES[Channel.EMAIL]:
        with path.open("rb") as file:
            return str(BytesParser(policy=policy.default).parse(file, headersonly=True)["Subject"])
    return without_keys(sms_text(path))


def sms_text(path: Path) -> str:
    """The text of an SMS that was written to a folder."""
    return path.read_text(encoding="utf-8").partition("\n\n")[2].rstrip("\n")


def without_keys(text: str) -> str:
    """A text in which no link opens a person's page."""
    return _PERSONAL.sub(r"\1…", text)


def _person(app: App, campaigns: Sequence[int], person_id: int, entries: Sequence[Entry], now: datetime) -> Person:
    reminders = sum(entry.kind is MessageKind.NUDGE and entry.person_id == person_id for entry in entries)
    margin = timedelta(minutes=app.settings.email_margin_minutes)
    zone, not_sent = app.settings.zone, list[NotSent]()
    for campaign_id in campaigns:
        found = why(
            app.database,
            campaign_id,
            person_id,
            now,
            country_zones=zones_of_country,
            email_margin=margin,
            texts=app.texts,
        )
        zone = found.zone
        not_sent += [
            NotSent(campaign_id, item.step_key, item.on, item.reason)
            for item in found.items
            if item.status == "not sent" and item.on <= local_day(now, found.zone)
        ]
    return Person(person_id, zone, reminders, tuple(not_sent))
