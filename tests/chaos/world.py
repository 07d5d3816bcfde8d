"""What the harness plays on: one SQLite file, three appeals, people in several zones, a real SMTP server as the referee."""

import csv
import io
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from reminder.app import App, build_app
from reminder.clock import VirtualClock
from reminder.config import Settings
from reminder.intake.cases.add import add_document
from reminder.intake.cases.results import Supplied
from reminder.intake.documents.read import read_document
from reminder.intake.subscribers import ImportDefaults, read_list
from reminder.intake.subscribers.keep import keep_list
from reminder.log import set_up_log
from reminder.ops import setup
from reminder.planning import campaigns, drafts
from tests.repository import ROOT

START = datetime(2020, 12, 1, 6, tzinfo=UTC)
ZONES = ("Europe/London", "Asia/Almaty", "Asia/Kathmandu", "America/Los_Angeles", "Pacific/Auckland")
DEADLINES = (date(2020, 12, 9), date(2020, 12, 11), date(2020, 12, 14))
WHO = "harness"
FORM = """
case_names = ["Person {number}"]
kind = "first"
ua_number = "{number}/20"
country = "Peru"
organisation = "Example Rights"
issued_on = 2020-11-20
deadline = {deadline}
deadline_phrase = "until {deadline}"
deadline_operator = "until"
deadline_kind = "appeal"
language = "en"
write_in = ["English"]
title = "An invented appeal"
demands = ["let Person {number} go home"]
letter = "I ask you to let Person {number} go home."
[[targets]]
name = "An Official"
role = "Minister"
salutation = "Dear Minister"
email = ["minister@example.org"]
"""


@dataclass(frozen=True, slots=True)
class World:
    """Where the harness plays: the folder of the database, the server's port, the log of what it took."""

    folder: Path
    port: int
    people: int

    def app(self, now: datetime) -> App:
        """The installation, its clock at `now`."""
        set_up_log("human", "error")
        settings = Settings(
            data_folder=self.folder,
            index_key="aW5kZXgta2V5LWluZGV4LWtleS1pbmRleC1rZXktMTI",
            data_keys="1:ZGF0YS1rZXktZGF0YS1rZXktZGF0YS1rZXktZGF0YTE",
            email_providers="smtp",
            sms_providers="",
            public_url="https://letters.example.org",
            mail_from="reminder@example.org",
            opening_chunk=100,
            provider_options={
                "SMTP_HOST": "127.0.0.1",
                "SMTP_PORT": str(self.port),
                "SMTP_TLS": "none",
                "SMTP_CONNECTIONS": "4",
            },
        )
        return build_app(settings, VirtualClock(now))


def build(world: World) -> None:
    """Three live campaigns and everybody subscribed to all."""
    world.folder.mkdir()
    app = world.app(START)
    setup.create(app.database, app.vault, START)
    people = io.StringIO()
    rows = csv.writer(people)
    rows.writerow(["email", "zone", "locale", "basis", "source", "wording", "consented_on", "channels"])
    for number in range(world.people):
        zone = ZONES[number % len(ZONES)]
        rows.writerow(
            [
                f"p{number}@example.org",
                zone,
                "fr" if number % 3 else "en",
                "consent",
                "form",
                "yes",
                "2020-01-01",
                "email",
            ]
        )
    before = START - timedelta(hours=12)
    reading = read_list(people.getvalue().encode(), now=before, defaults=ImportDefaults(subscriptions=("all",)))
    keep_list(app.database, app.vault, reading, before)
    for number, deadline in enumerate(DEADLINES, 1):
        data = FORM.format(number=number, deadline=deadline).encode()
        name = f"case{number}.toml"
        document = read_document(data, file_name=name, read_on=START.date())
        added = add_document(
            app.database, app.vault, document, data, name, Supplied(), START, default_zone="Europe/London", who=WHO
        )
        done = drafts.create(app.desk, added.case_id, ["all"], who=WHO, now=START)
        campaigns.approve(app.desk, done.campaign_id, who=WHO, now=START)
        campaigns.start(app.desk, done.campaign_id, who=WHO, now=START)
    app.close()


def start_server(log: Path, *, drop_every: int) -> tuple[subprocess.Popen[str], int]:
    """The referee in a process of its own: each message it takes is a line of `log` before it answers."""
    command = [sys.executable, "-m", "tests.fakes.smtp", "--log", str(log), "--drop-every", str(drop_every)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    return server, int(server.stdout.readline())
