"""reminder report …"""

import re
from datetime import date, timedelta
from typing import Any

import click

from reminder.cli.base import Doors, day_option, number_of, pass_doors
from reminder.errors import Trouble
from reminder.reporting.show import show_expired, show_expiring, show_report

LATELY = timedelta(days=30)
_SPAN = re.compile(r"(\d{1,4})d")


def _days(_: click.Context, __: click.Parameter, value: str) -> timedelta:
    match = _SPAN.fullmatch(value)
    if match is None:
        raise click.BadParameter("write a number of days like 14d")
    return timedelta(days=int(match[1]))


format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json", "csv", "html"]), default="text", help="In which form."
)


@click.command("report")
@click.argument("what", metavar="CAMPAIGN|expiring|expired")
@click.option(
    "--within", callback=_days, default="14d", metavar="DAYS", help="expiring: within so many days, such as 14d."
)
@day_option("--since", "expired: since this day.")
@format_option
@pass_doors
def report(doors: Doors, what: str, within: timedelta, since: date | None, form: Any) -> None:
    """What an appeal came to, what expires, what has expired."""
    app, now = doors.app, doors.clock.now()
    if what == "expiring":
        shown = show_expiring(app.database, now, within, form, app.templates)
    elif what == "expired":
        shown = show_expired(app.database, now, since or (now - LATELY).date(), form, app.templates)
    elif (number := number_of(what)) is not None:
        shown = show_report(app.database, number, now, form, app.templates)
    else:
        raise Trouble(
            "The report",
            "is of a campaign's number, or of expiring or expired",
            "`reminder campaign list` shows the numbers.",
        )
    click.echo(shown.rstrip("\n"))
