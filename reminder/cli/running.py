"""reminder init, run, tick, status, db, key: what ops need."""

import sys
from pathlib import Path

import click

from reminder.app import App, build_app
from reminder.cli.base import Doors, json_option, pass_doors, say, say_json
from reminder.errors import Trouble
from reminder.ops import setup
from reminder.ops.status import status as look_at
from reminder.store import schema
from reminder.store.instance import confirm_key


@click.command()
@click.option("--organiser", default="", help="Ask for the first organiser's address under this name.")
@pass_doors
def init(doors: Doors, organiser: str) -> None:
    """Make the data folder, the keys, the database and the first organiser; safe to repeat."""
    made = setup.prepare(doors.env_file or Path(".env"), doors.settings)
    say(made.sentences)
    if made.new_keys:
        doors.__dict__.pop("settings", None)
    with_keys = doors.settings
    app = build_app(with_keys, doors.clock)
    try:
        say(setup.create(app.database, app.vault, doors.clock.now()))
        if organiser:
            address = click.prompt("Email address") if sys.stdin.isatty() else sys.stdin.readline().strip()
            say(setup.add_organiser(app.database, app.vault, address, organiser, doors.clock.now()))
    finally:
        app.close()
    if made.new_keys:
        say(setup.recovery_sheet(with_keys, app.vault.fingerprint()))
    then = "reminder key confirm, then reminder case add FILE" if made.new_keys else "reminder case add FILE"
    say([], then)


@click.command()
@pass_doors
def run(doors: Doors) -> None:
    """Run the daemon: plan, send, expire and report, until it is told to end."""
    doors.app.run()


@click.command()
@click.option("--clock-is-right", is_flag=True, help="The clock jumped for a good reason, such as a long standstill.")
@json_option
@pass_doors
def tick(doors: Doors, clock_is_right: bool, in_json: bool) -> None:
    """Do once what the daemon does all the time: for cron, and for trying out."""
    ticked = doors.app.tick(clock_is_right=clock_is_right)
    if in_json:
        sent = ticked.sent
        say_json({"waits": ticked.waits, "accepted": sent.accepted, "rejected": sent.rejected, "unclear": sent.unclear})
        return
    if ticked.waits:
        say(
            [f"Nothing was sent: {ticked.waits}."],
            "look at the clock; if it is right: reminder tick --clock-is-right",
        )
        return
    sent = ticked.sent
    say([f"Sent {sent.accepted}, refused {sent.rejected}, tried again later {sent.retry}, unclear {sent.unclear}."])


@click.command()
@json_option
@pass_doors
def status(doors: Doors, in_json: bool) -> None:
    """How the service is: heartbeat, what waits, what is unclear, providers."""
    found = look_at(doors.app.database, doors.app.providers, doors.clock.now())
    if in_json:
        say_json(found.to_json())
    else:
        say(found.lines())


@click.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
@pass_doors
def upgrade(doors: Doors) -> None:
    """Bring the database to this release."""
    app = build_app(doors.settings, doors.clock)
    try:
        say([f"The database is at revision {schema.upgrade(app.database)}."], "reminder status")
    finally:
        app.close()


@click.group()
def key() -> None:
    """The keys that protect addresses."""


@key.command("confirm")
@pass_doors
def confirm(doors: Doors) -> None:
    """Say that the recovery sheet lies in a safe place; the fingerprint on it is asked for."""
    app: App = doors.app
    typed = click.prompt("Fingerprint on the sheet") if sys.stdin.isatty() else sys.stdin.readline().strip()
    if typed.replace("-", "").strip().lower() != app.vault.fingerprint():
        raise Trouble(
            "The fingerprint", "is not that of the keys in use", "Look at the sheet again; nothing was changed."
        )
    app.database.write(lambda connection: confirm_key(connection, doors.clock.now()))
    say(["Thank you: the keys can be recovered."], "reminder status")
