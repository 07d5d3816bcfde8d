"""The command line: every service of Reminder as a command. Thin: it reads words, calls one service, says what came of it."""

from reminder.cli.base import Cli, Doors
from reminder.cli.campaigns import campaign, forecast_command, rehearse_command
from reminder.cli.cases import case
from reminder.cli.events import events, inbox
from reminder.cli.ledger import messages, providers
from reminder.cli.people import subscribers
from reminder.cli.reports import report
from reminder.cli.running import db, doctor, init, key, run, status, tick, web

main = Cli("reminder", help="Reminds supporters of urgent-action appeals in time, and never after the date.")
for command in (
    init,
    case,
    campaign,
    subscribers,
    forecast_command,
    rehearse_command,
    report,
    run,
    web,
    tick,
    messages,
    events,
    inbox,
    providers,
    status,
    doctor,
    db,
    key,
):
    main.add_command(command)

__all__ = ["Doors", "main"]
