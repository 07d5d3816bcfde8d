"""reminder report …"""

import re
from datetime import date, timedelta
from typing import Any

import click

from reminder.cli.base import Doors, day_option, pass_doors
from reminder.errors import Trouble

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
@click.option("--within", callback=_days, default="14d", help="expiring: within so many days, such as 14d.")
@day_option("--since", "expired: since this day.")
@format_option
@pass_doors
def report(doors: Doors, what: str, within: timedelta, since: date | None, form: Any) -> None:
    """What an appeal came to; or what expires soon, or what has expired."""
    app, now = doors.app, doors.clock.now()
    if what == "expiring":
        click.echo(app.report_expiring(now, within, form), nl=False)
    elif what == "expired":
        click.echo(app.report_expired_since(now, since or (now - timedelta(days=30)).date(), form), nl=False)
    elif what.isdigit():
        click.echo(app.report_campaign(int(what), now, form), nl=False)
    else:
        raise Trouble(
            what, "is no campaign number", "Give a number of `reminder campaign list`, or say expiring or expired."
        )
