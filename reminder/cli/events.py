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
from reminder.reporting.words import count_words
from reminder.store import hooks


class NotStored(Trouble):
    """EX_TEMPFAIL (sysexits.h): with any other code the mail server would take the mail for refused, and lose it."""

    exit_code = 75


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
    now = doors.clock.now()
    try:
        app = doors.app
        new = keep(app.database, sealed(app.vault, MAILBOX, as_callback(raw, now)))
    except Trouble as trouble:
        raise NotStored(trouble.thing, trouble.reason, trouble.remedy) from None
    except Exception as fault:
        reason = f"could not be stored ({type(fault).__name__})"
        raise NotStored("The mail", reason, "The mail server keeps it and comes again.") from fault
    told = "It was known already." if not new else "The mail is stored."
    say([told], "nothing while the daemon runs, else `reminder tick`")


@events.command("fetch")
@click.option("--again", is_flag=True, help="Also where the mailbox was looked at just now, or refused the login.")
@pass_doors
def fetch(doors: Doors, again: bool) -> None:
    """Fetch the mail that came back (IMAP).

    Then it is applied. The daemon and `reminder tick` do the same.
    """
    app, now = doors.app, doors.clock.now()
    if not app.settings.imap_host:
        raise Trouble("IMAP_HOST", "is not set", "Set the mailbox that bounces and replies come back to.")
    fetched = app.fetching.look(now, at_once=again)
    if fetched.trouble:
        raise Trouble("The mailbox", fetched.trouble, "Look at the IMAP settings and at the mail server.")
    if fetched.not_before is not None:
        say([f"Nothing is due before {fetched.not_before:%Y-%m-%d %H:%M} UTC."], "`reminder events fetch --again`")
        return
    applied = app.hear(now)
    events = count_words(applied.events, "event", "events")
    replies = count_words(applied.replies, "reply", "replies")
    say([f"Fetched {count_words(fetched.stored, 'mail', 'mails')}: {events}, {replies}."], "`reminder inbox list`")


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
    say([reply.line(), "", reply.text(doors.app.vault)], then)


@inbox.command("done")
@reply_argument
@click.option("--leaves", is_flag=True, help="The person wants no more messages by this channel.")
@pass_doors
def done(doors: Doors, number: int, leaves: bool) -> None:
    """A reply was read and dealt with. Who was silent because of it hears from us again, unless --leaves."""
    deal_with(doors.app.database, doors.app.vault, number, doors.clock.now(), leaves=leaves)
    say(["Dealt with."], "`reminder inbox list`")
