"""reminder messages, providers: what is unclear, who carries the mail."""

import click

from reminder.cli.base import Doors, json_option, message_argument, pass_doors, say, say_json
from reminder.cli.telling import FAULT
from reminder.events.brake import resume
from reminder.ops.carriers import carriers, prove
from reminder.outbox.overview import unclear_lines
from reminder.outbox.settling import decide as decide_message
from reminder.planning.sms_countries import describe


@click.group()
def messages() -> None:
    """Messages that need an eye."""


@messages.command("list")
@click.option("--unclear", is_flag=True, help="Only those that may have arrived, not those set aside.")
@json_option
@pass_doors
def list_(doors: Doors, unclear: bool, in_json: bool) -> None:
    """Messages that are unclear or were set aside. By number, never by address."""
    lines = [line for line in unclear_lines(doors.app.database) if line.unclear or not unclear]
    if in_json:
        say_json([line.to_json() for line in lines])
    elif not lines:
        say(["Nothing is unclear and nothing is set aside."])
    else:
        say([line.text() for line in lines], "`reminder messages decide ID` with --arrived, --send-again or --give-up")


@messages.command("decide")
@message_argument
@click.option("--arrived", "decision", flag_value="arrived", help="It arrived.")
@click.option("--send-again", "decision", flag_value="send-again", help="Send it again: the person may get it twice.")
@click.option("--give-up", "decision", flag_value="give-up", help="Leave it.")
@pass_doors
def decide(doors: Doors, message_id: int, decision: str | None) -> None:
    """Settle an unclear message."""
    if decision is None:
        raise click.UsageError("say --arrived, --send-again or --give-up")
    now = doors.clock.now()
    say([f"Message {message_id} is settled."], decide_message(doors.app.database, message_id, decision, now))


@click.group()
def providers() -> None:
    """Who carries mail and texts."""


@providers.command("list")
@json_option
@pass_doors
def list_providers(doors: Doors, in_json: bool) -> None:
    """All providers that there are, which are in use, and how those are."""
    found = carriers(doors.app.database, doors.app.limits, doors.clock.now())
    if in_json:
        say_json([each.to_json() for each in found])
    else:
        texts = describe(doors.app.texts, doors.app.sms_routes)
        say([*(each.line() for each in found), "", "Texts by country:", *(f"  {line}" for line in texts)])


@providers.command("check")
@pass_doors
def check_providers(doors: Doors) -> int:
    """Try the keys of the providers in use, without sending anything. Exit code 1 where one does not fit."""
    proofs = doors.app.wait_for(prove(doors.app.providers))
    say([each.line() for each in proofs])
    return FAULT if any(each.fits is False for each in proofs) else 0


@providers.command("resume")
@click.argument("name", metavar="NAME")
@pass_doors
def resume_provider(doors: Doors, name: str) -> None:
    """Use a provider again that was stopped because too much came back. Look into the reason first."""
    resume(doors.app.database, name)
    say([f"{name} is used again; what came back so far counts no more."], "`reminder providers list`")
