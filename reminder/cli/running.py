"""reminder init, run, tick, status, db, key: what ops need."""

import dataclasses
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import click
import structlog

from reminder.app import App, build_app
from reminder.cli.base import Doors, ask, json_option, pass_doors, say, say_json
from reminder.cli.telling import FAULT
from reminder.engines.embedded import HARD_END_SECONDS, Beside
from reminder.errors import Trouble
from reminder.intake.subscribers.addresses import read_email
from reminder.ops import setup
from reminder.ops.doctor import CHECKS, Examined, Level, examine
from reminder.ops.status import status as look_at
from reminder.store import schema
from reminder.store.database import Database
from reminder.store.instance import confirm_key
from reminder.web.app import build_web
from reminder.web.server import listen, serve, serve_alone

log = structlog.get_logger()


@click.command()
@click.option("--organiser", default="", help="Ask for the address of an organiser of this name, who gets the reports.")
@pass_doors
def init(doors: Doors, organiser: str) -> None:
    """Make folder, keys, database and organiser. Safe to repeat."""
    address = _email_address() if organiser else ""
    made = setup.prepare(doors.env_file or Path(".env"), doors.settings)
    say(made.sentences)
    if made.new_keys:
        doors.__dict__.pop("settings", None)
    with closing(build_app(doors.settings, doors.clock)) as app:
        say(setup.create(app.database, app.vault, doors.clock.now()))
        if organiser:
            say(setup.add_organiser(app.database, app.vault, address, organiser, doors.clock.now()))
        if setup.is_confirmed(app.database, app.vault):
            say([], "`reminder case add FILE`")
        else:
            sheet = setup.recovery_sheet(doors.settings, app.vault.fingerprint())
            say(sheet, "`reminder key confirm`, then `reminder case add FILE`")


def _email_address() -> str:
    address = ask("Email address")
    if read_email(address) is None:
        raise Trouble("Email address", "is not one that mail can be sent to", "Write it like name@example.org.")
    return address


clock_option = click.option(
    "--clock-is-right", is_flag=True, help="The clock jumped for a good reason, such as a long standstill."
)


@click.command()
@clock_option
@pass_doors
def run(doors: Doors, clock_is_right: bool) -> None:
    """Run the daemon until it is told to end. It plans, sends, expires and reports; SIGTERM or Ctrl-C ends it."""
    app = doors.app

    def beside() -> Sequence[Beside]:
        listening = listen(app.settings.web_host, app.settings.web_port)
        say(
            [
                "Reminder runs. Ctrl-C or SIGTERM ends it; what is under way is finished first.",
                f"The web answers on {app.settings.web_host}, port {listening.port}.",
            ]
        )
        return [partial(serve, build_web(app, heard=app.ring), listening)]

    app.run(clock_is_right=clock_is_right, on_stop=_end_hard, beside=beside)
    say(["Reminder has ended."], "`reminder status`")


@click.command()
@pass_doors
def web(doors: Doors) -> None:
    """Answer on the web alone, beside a daemon that runs elsewhere."""
    app = doors.app
    listening = listen(app.settings.web_host, app.settings.web_port)
    say([f"The web answers on {app.settings.web_host}, port {listening.port}. Ctrl-C or SIGTERM ends it."])
    serve_alone(build_web(app), listening)
    say(["The web has ended."], "`reminder status`")


def _end_hard() -> None:
    """The process is gone in ten seconds, whatever hangs: what is durable is committed, and the next start takes over."""

    def end() -> None:
        log.warning("daemon_ended_hard")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)

    last = threading.Timer(HARD_END_SECONDS, end)
    last.daemon = True
    last.start()


@click.command()
@clock_option
@json_option
@pass_doors
def tick(doors: Doors, clock_is_right: bool, in_json: bool) -> int:
    """Do once what the daemon does all the time. For cron, and for trying out."""
    ticked = doors.app.tick(clock_is_right=clock_is_right)
    failed = {name: _reason(result) for name, result in ticked.parts.items() if isinstance(result, Exception)}
    if in_json:
        say_json({"waits": ticked.waits, "failed": failed, **dataclasses.asdict(ticked.sent)})
    elif ticked.waits:
        then = "look at the clock; if it is right: `reminder tick --clock-is-right`"
        say([f"Nothing was sent: {ticked.waits}."], then)
    else:
        sent = ticked.sent
        lines = [
            f"Sent {sent.accepted}, refused {sent.rejected}, tried again later {sent.retry}, unclear {sent.unclear}."
        ]
        lines += [f"A part of it failed, {name}: {reason}" for name, reason in failed.items()]
        say(lines, "`reminder status`")
    return FAULT if failed else 0


def _reason(fault: Exception) -> str:
    """What went wrong; of a fault of our own only its kind, its text may name a person."""
    return str(fault) if isinstance(fault, Trouble) else f"it met a fault of its own ({type(fault).__name__})."


@click.command()
@json_option
@pass_doors
def status(doors: Doors, in_json: bool) -> None:
    """How the service is, and what waits for you."""
    app, now = doors.app, doors.clock.now()
    app.providers  # noqa: B018 - one that is not set up is told here as well
    found = look_at(app.database, app.limits, now, waits=app.why_wait(now))
    if in_json:
        say_json(found.to_json())
    else:
        say(found.lines())


@click.command()
@json_option
@pass_doors
def doctor(doors: Doors, in_json: bool) -> int:
    """Look for what is wrong, and say what to do about it. Sends nothing.

    Exit code 1 where there is a fault; warnings and notes leave it at 0.
    """
    with ExitStack() as opened:

        def install() -> App:
            return opened.enter_context(closing(build_app(doors.settings, doors.clock)))

        examined = Examined(doors.clock.now(), doors.env_file, lambda: doors.settings, install)
        found = examine(examined, CHECKS)
    faults = any(each.level is Level.FAULT for each in found)
    if in_json:
        say_json({"well": not faults, "checks": len(CHECKS), "findings": [each.to_json() for each in found]})
    else:
        lines = [line for each in found for line in each.lines()]
        say(
            lines or [f"All is well: {len(CHECKS)} checks."],
            "mend the faults, then `reminder doctor`" if faults else "",
        )
    return FAULT if faults else 0


@click.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
@pass_doors
def upgrade(doors: Doors) -> None:
    """Bring the database to this version of the program."""
    with closing(Database(doors.settings.where())) as database:
        say([f"The database is at revision {schema.upgrade(database)}."], "`reminder status`")


@click.group()
def key() -> None:
    """The keys that protect addresses."""


@key.command("confirm")
@pass_doors
def confirm(doors: Doors) -> None:
    """Say that the recovery sheet lies in a safe place. The fingerprint on it is asked for."""
    app: App = doors.app
    typed = ask("Fingerprint on the sheet")
    if typed.replace("-", "").replace(" ", "").lower() != app.vault.fingerprint():
        raise Trouble(
            "The fingerprint", "is not that of the keys in use", "Look at the sheet again; nothing was changed."
        )
    app.database.write(lambda connection: confirm_key(connection, doors.clock.now()))
    say(["Thank you: the keys can be recovered."], "`reminder status`")
