"""The scene: three appeals, supporters in four zones, and what a process of ours does in it. Runs in child processes."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from reminder.app import App, build_app
from reminder.config import Settings
from reminder.domain.cases import IssuedText
from reminder.domain.states import Channel
from reminder.domain.waves import Habits, PlannedWave, StepPlan, plan_wave, reader
from reminder.log import set_up_log
from reminder.ops.setup import create
from reminder.outbox.overview import unclear_lines
from reminder.planning import campaigns, drafts
from reminder.store import cases
from reminder.store.campaigns import steps_of
from reminder.store.database import Connection
from reminder.store.people.addresses import Address
from reminder.store.tables import Rhythm, Subscriber, Subscription
from reminder.store.vault import Vault

BEGAN = datetime(2020, 12, 1, 8, tzinfo=UTC)
# Where people live, and the hour in UTC at which it is nine there.
ZONES = {"Asia/Almaty": 3, "Europe/Paris": 8, "Europe/London": 9, "America/Los_Angeles": 17}
LOCALES = ("en", "fr")
DEADLINES = (date(2020, 12, 10), date(2020, 12, 11), date(2020, 12, 12))
# Until the day after the last deadline.
DAYS = 13
# A target that can still be reached on the last morning.
TARGET = {"name": "Director", "postal_address": "No. 1", "email": ["office@example.org"]}
WHO = "office"
QUIET_TICKS = 40


class RunningClock:
    """A clock that begins at an instant of the story and goes on as time does."""

    def __init__(self) -> None:
        self.begin(BEGAN)

    def begin(self, at: datetime) -> None:
        self._start, self._began = at, time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._began)


def settings_for(folder: Path, port: int, by: str = "smtp") -> Settings:
    """One installation: mail through the unwell relay, texts into a folder, small chunks."""
    key = "a2V5cyBvZiBhIHN0b3J5IHRoYXQgaXMgaW52ZW50ZWQ"
    return Settings(
        data_folder=folder,
        index_key=key,
        data_keys=f"1:{key}",
        public_url="https://letters.example.org",
        privacy_url="https://letters.example.org/privacy",
        email_providers=by,
        sms_providers="sms-folder",
        mail_from="letters@example.org",
        heartbeat_seconds=1,
        opening_chunk=100,
        provider_options={
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(port),
            "SMTP_TLS": "none",
            "RESEND_API_KEY": "key",
            "RESEND_URL": f"http://127.0.0.1:{port}",
        },
    )


@dataclass
class Installation:
    """One installation, put together before the processes that run it part: only what they share, nothing open."""

    app: App
    clock: RunningClock

    def at(self, instant: datetime) -> App:
        """The installation at an instant of the story."""
        self.clock.begin(instant)
        return self.app


def put_together(settings: Settings) -> Installation:
    """Everything but the database and the wire; its log holds only what went wrong."""
    settings.data_folder.mkdir()
    set_up_log("json", "warning")
    clock = RunningClock()
    app = build_app(settings, clock)
    app.renderer, app.providers  # noqa: B018 - read once, for all
    return Installation(app, clock)


def set_scene(here: Installation, people: int) -> None:
    """Database, appeals and `people` supporters in each zone and language, a third of them by text."""
    app = here.at(BEGAN)
    create(app.database, app.vault, BEGAN)
    app.database.write(lambda connection: _add_people(connection, app.vault, people))
    for number, deadline in enumerate(DEADLINES):
        case_id = app.database.write(lambda c, n=number, d=deadline: _add_case(c, n, d))
        campaign_id = drafts.create(app.desk, case_id, ["all"], who=WHO, now=BEGAN, zone="Europe/London").campaign_id
        campaigns.approve(app.desk, campaign_id, who=WHO, now=BEGAN)
        campaigns.start(app.desk, campaign_id, who=WHO, now=BEGAN)
    with app.database.read() as connection:
        plans = [(steps_of(connection, n), deadline) for n, deadline in enumerate(DEADLINES, start=1)]
    due = {int(at.timestamp()) for steps, deadline in plans for step in steps for at in _mornings(step, deadline)}
    (app.settings.data_folder.parent / "due").write_text(" ".join(map(str, sorted(due))))


def _mornings(step: StepPlan, deadline: date) -> Iterator[datetime]:
    """When a step falls due in each zone."""
    for zone in ZONES:
        who = reader(Habits(zone), Channel.EMAIL, campaign_zone="Europe/London")
        planned = plan_wave(step, who, last_on=deadline) if who else None
        if isinstance(planned, PlannedWave):
            yield planned.due_at


def _add_case(connection: Connection, number: int, deadline: date) -> int:
    issued = IssuedText(f"{number:02}" * 32, BEGAN, {"targets": [TARGET], "case_names": ["Nagyz Muhammed"]}, "CN", {})
    case_id = cases.create_case(connection, f"org/ua/{number}/20", f"code{number}", "Org", "Europe/London", BEGAN)
    cases.change_case(connection, case_id, {"country": "CN", "deadline_on": deadline, "title": "An appeal"})
    cases.add_document_row(connection, case_id, issued, "appeal.txt", b"", None)
    return case_id


def _add_people(connection: Connection, vault: Vault, people: int) -> None:
    rows: list[dict[str, Any]] = []
    since = BEGAN - timedelta(days=1)
    for zone in ZONES:
        rhythm = connection.execute(insert(Rhythm).values(zone=zone).returning(Rhythm.metadata.tables["rhythm"].c.id))
        rhythm_id = rhythm.scalar_one()
        for number in range(people):
            name = f"reader-{rhythm_id}-{number}"
            by_text = number % 3 == 0
            email, phone = f"{name}@example.org", f"+4477009{rhythm_id}{number:04}"
            rows.append(
                {
                    "email_ct": vault.encrypt(email, b"email"),
                    "email_hash": _hash(vault, Channel.EMAIL, email),
                    "email_since": since,
                    "phone_ct": vault.encrypt(phone, b"phone") if by_text else None,
                    "phone_hash": _hash(vault, Channel.SMS, phone) if by_text else None,
                    "sms_since": since if by_text else None,
                    "locale": LOCALES[number % len(LOCALES)],
                    "rhythm_id": rhythm_id,
                    "cadence_n": 7,
                    "joined_at": since,
                }
            )
    connection.execute(insert(Subscriber), rows)
    connection.execute(insert(Subscription), [{"scope": "all", "subscriber_id": n + 1} for n in range(len(rows))])


def _hash(vault: Vault, channel: Channel, normal_form: str) -> bytes:
    return Address(channel, vault.address_hash(channel, normal_form)).hash


def live(here: Installation, at: datetime) -> None:
    """The daemon, until somebody ends it."""
    here.at(at).run()


def finish(here: Installation, at: datetime) -> None:
    """Heartbeats until nothing more can be done at this hour."""
    app = here.at(at)
    for _ in range(QUIET_TICKS):
        sent = app.tick().sent
        if not (sent.batches or sent.dropped):
            break


def list_unclear(here: Installation, at: datetime, into: Path) -> None:
    """What `reminder messages list --unclear` shows: number of the message, and how many its line stands for."""
    app = here.at(at)
    into.write_text(
        json.dumps([[line.message_id, line.number] for line in unclear_lines(app.database) if line.unclear])
    )
