"""reminder messages, providers: what is unclear, who carries the mail."""

import click

from reminder.cli.base import Doors, json_option, message_argument, pass_doors, say, say_json
from reminder.outbox.overview import unclear_lines
from reminder.outbox.upkeep import decide as decide_message
from reminder.providers.registry import REGISTRY, provider_class


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
    """All providers that there are, and which are in use."""
    used = {*doors.settings.names("email_providers"), *doors.settings.names("sms_providers")}
    found = [
        {"name": name, "channel": provider_class(name).channel.name.lower(), "in_use": name in used}
        for name in REGISTRY
    ]
    if in_json:
        say_json(found)
    else:
        say([f"{each['name']:16} {each['channel']:6} {'in use' if each['in_use'] else ''}".rstrip() for each in found])
