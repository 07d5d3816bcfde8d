"""reminder events, inbox: what providers told us, and what people wrote to us."""

import sys
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import click

from reminder.cli.base import Doors, Number, day_option, json_option, pass_doors, say, say_json
from reminder.errors import Trouble
from reminder.events.inbox import deal_with, waiting_replies
from reminder.events.intake import LONGEST_MAIL, keep, sealed
from reminder.providers.email.mailbox import NAME as MAILBOX
from reminder.providers.email.mailbox import as_callback
from reminder.store import hooks

reply_argument = click.argument("number", metavar="ID", type=Number("reply", "reminder inbox list"))


@click.group()
def events() -> None:
    """What providers told us of messages."""


@events.command("replay")
@day_option("--since", "Everything that came from this day on.", required=True)
@click.option("--provider", default="", help="Only what this provider told.")
@pass_doors
def replay(doors: Doors, since: Any, provider: str) -> None:
    """Apply stored callbacks once more.

    What was applied before changes nothing.
    """
    app = doors.app
    began = datetime.combine(since, time(), ZoneInfo(app.settings.zone))
    number = app.database.write(lambda connection: hooks.again(connection, since=began, provider=provider))
    applied = app.hear(doors.clock.now())
    lines = [f"Applied again: {number} callbacks, {applied.events} events, {applied.news} of them news."]
    if applied.unreadable:
        lines.append(f"{applied.unreadable} could not be read; the log says why.")
    say(lines, "`reminder status`")


@events.command("mail")
@pass_doors
def mail(doors: Doors) -> None:
    """Read one mail from standard input.

    A bounce, a complaint or a reply: for a pipe of the mail server.
    """
    raw = sys.stdin.buffer.read(LONGEST_MAIL + 1)
    if not raw.strip():
        raise Trouble("Standard input", "holds no mail", "Pipe one mail into this command.")
    if len(raw) > LONGEST_MAIL:
        raise Trouble("The mail", "is longer than 10 MB", "Nobody's reply is; look at what is piped in.")
    app, now = doors.app, doors.clock.now()
    new = keep(app.database, sealed(app.vault, MAILBOX, as_callback(raw, now)))
    told = "It was known already." if not new else "The mail is stored."
    say([told], "nothing while the daemon runs, else `reminder tick`")


@click.group()
def inbox() -> None:
    """Replies that a person must read."""


@inbox.command("list")
@json_option
@pass_doors
def list_(doors: Doors, in_json: bool) -> None:
    """Replies that wait, the most urgent first. By number; the text is shown by `inbox show`."""
    replies = waiting_replies(doors.app.database)
    if in_json:
        say_json([reply.to_json() for reply in replies])
    elif not replies:
        say(["No reply waits."])
    else:
        say([reply.line() for reply in replies], "`reminder inbox show ID`")


@inbox.command("show")
@reply_argument
@pass_doors
def show(doors: Doors, number: int) -> None:
    """One reply with its text."""
    [reply] = waiting_replies(doors.app.database, number=number)
    then = f"`reminder inbox done {number}`, with --leaves if the person wants no more messages"
    say([reply.line(), "", doors.app.vault.decrypt(reply.text_ct, b"reply")], then)


@inbox.command("done")
@reply_argument
@click.option("--leaves", is_flag=True, help="The person wants no more messages by this channel.")
@pass_doors
def done(doors: Doors, number: int, leaves: bool) -> None:
    """A reply was read and dealt with. Who was silent because of it hears from us again, unless --leaves."""
    deal_with(doors.app.database, doors.app.vault, number, doors.clock.now(), leaves=leaves)
    say(["Dealt with."], "`reminder inbox list`")
