"""reminder campaign …, forecast, rehearse"""

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from reminder.cli.base import Doors, campaign_argument, day_option, json_option, pass_doors, read_scopes, say, say_json
from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.intake.cases.look import find_case
from reminder.log import set_up_log
from reminder.planning import campaigns as services
from reminder.planning import drafts, overview
from reminder.planning.desk import Done
from reminder.planning.forecast import forecast
from reminder.planning.sms_budget import change_budget, read_amount
from reminder.reporting.words import count_words


@click.group()
def campaign() -> None:
    """Campaigns: who is reminded of a case, and when."""


def _tell(done: Done, in_json: bool = False) -> None:
    if in_json:
        say_json({"campaign": done.campaign_id, "state": done.state.name.lower(), "sentences": done.sentences})
    else:
        say(done.sentences, done.next)


@campaign.command("create")
@click.argument("reference", metavar="CASE")
@click.option(
    "--audience",
    multiple=True,
    metavar="WHO",
    help="Who is meant: all, country:CN, topic:NAME, list:NAME; may be given several times. None means nobody.",
)
@click.option("--zone", default="", metavar="ZONE", help="The zone that counts for people whose zone is not known.")
@click.option("--named", is_flag=True, help="Let names stand in previews, for those who also want that.")
@click.option(
    "--sending-limit", type=click.IntRange(0), default=None, help="A sending to more people waits for your go."
)
@click.option("--sms-budget", default="", metavar="AMOUNT", help="What it may spend on texts, such as 50 or 50 EUR.")
@json_option
@pass_doors
def create(
    doors: Doors,
    reference: str,
    audience: tuple[str, ...],
    zone: str,
    named: bool,
    sending_limit: int | None,
    sms_budget: str,
    in_json: bool,
) -> None:
    """Draft a campaign with the default reminder plan. Nothing is sent."""
    case = find_case(doors.app.database, reference)
    limit = doors.settings.sending_limit if sending_limit is None else sending_limit
    done = drafts.create(
        doors.desk,
        case.id or 0,
        read_scopes(audience, "--audience"),
        who=doors.who,
        now=doors.clock.now(),
        zone=zone,
        named=named,
        sending_limit=limit,
        sms_budget=read_amount(sms_budget, doors.app.prices) if sms_budget else None,
    )
    _tell(done, in_json)


@campaign.command("budget")
@campaign_argument
@click.argument("amount", metavar="AMOUNT")
@json_option
@pass_doors
def budget(doors: Doors, campaign_id: int, amount: str, in_json: bool) -> None:
    """Set what a campaign may spend on texts.

    An amount such as 50 or 50 EUR, or none for no budget. Once it is spent, people with an email address get email
    instead of a text.
    """
    wanted = read_amount(amount, doors.app.prices)
    _tell(change_budget(doors.desk, campaign_id, wanted, who=doors.who, now=doors.clock.now()), in_json)


@campaign.command("clone")
@campaign_argument
@pass_doors
def clone(doors: Doors, campaign_id: int) -> None:
    """Copy a campaign into a new draft with nothing due."""
    _tell(drafts.clone(doors.desk, campaign_id, who=doors.who, now=doors.clock.now()))


@campaign.command("approve")
@campaign_argument
@click.option("--version", type=int, default=None, help="Approve exactly this version.")
@click.option("--include-missed", is_flag=True, help="Also send what fell due while it waited, if it is still of use.")
@pass_doors
def approve(doors: Doors, campaign_id: int, version: int | None, include_missed: bool) -> None:
    """Approve a campaign exactly as it is now. Any later change takes the approval back."""
    now = doors.clock.now()
    _tell(
        services.approve(
            doors.desk, campaign_id, who=doors.who, now=now, version=version, include_missed=include_missed
        )
    )


@campaign.command("start")
@campaign_argument
@pass_doors
def start(doors: Doors, campaign_id: int) -> None:
    """Start an approved campaign. Nothing that was due before now is sent."""
    doors.app.refuse_start()
    _tell(services.start(doors.desk, campaign_id, who=doors.who, now=doors.clock.now()))


@campaign.command("pause")
@campaign_argument
@pass_doors
def pause(doors: Doors, campaign_id: int) -> None:
    """Halt a campaign. What waits is taken back."""
    _tell(services.pause(doors.desk, campaign_id, who=doors.who, now=doors.clock.now()))


@campaign.command("resume")
@campaign_argument
@click.option("--include-missed", is_flag=True, help="Also send what fell due meanwhile, if it is still of use.")
@pass_doors
def resume(doors: Doors, campaign_id: int, include_missed: bool) -> None:
    """Go on with a paused campaign. What fell due meanwhile is not sent by itself."""
    now = doors.clock.now()
    _tell(services.resume(doors.desk, campaign_id, who=doors.who, now=now, include_missed=include_missed))


@campaign.command("close")
@campaign_argument
@pass_doors
def close(doors: Doors, campaign_id: int) -> None:
    """End a campaign before its date."""
    _tell(services.close(doors.desk, campaign_id, who=doors.who, now=doors.clock.now()))


@campaign.command("send")
@campaign_argument
@pass_doors
def send(doors: Doors, campaign_id: int) -> None:
    """Send what waits for you, being above the limit."""
    _tell(services.let_go(doors.desk, campaign_id, who=doors.who, now=doors.clock.now()))


@campaign.command("answer")
@campaign_argument
@click.argument("answer", type=click.Choice(["same", "new"]))
@pass_doors
def answer(doors: Doors, campaign_id: int, answer: Any) -> None:
    """Same letter or new letter? Same: who wrote stays quiet. New: everybody is asked again."""
    from reminder.planning.changes import answer_question

    _tell(answer_question(doors.desk, campaign_id, answer, who=doors.who, now=doors.clock.now()))


@campaign.command("list")
@json_option
@pass_doors
def list_(doors: Doors, in_json: bool) -> None:
    """All campaigns."""
    lines = overview.list_campaigns(doors.app.database)
    if in_json:
        say_json([line.to_json() for line in lines])
    elif not lines:
        say(["No campaigns yet."], "`reminder campaign create CASE --audience all`")
    else:
        say([line.text() for line in lines])


@campaign.command("show")
@campaign_argument
@json_option
@pass_doors
def show(doors: Doors, campaign_id: int, in_json: bool) -> None:
    """One campaign: its state, its reminder plan and its sendings."""
    view = overview.show_campaign(doors.app.database, campaign_id)
    if in_json:
        say_json(view.to_json())
    else:
        say(view.text(), view.next)


@campaign.command("test-send")
@campaign_argument
@click.option("--channel", type=click.Choice(["email", "sms"]), default="email", help="By which channel.")
@click.option("--locale", default="en", metavar="LANGUAGE", help="In which language.")
@pass_doors
def test_send(doors: Doors, campaign_id: int, channel: str, locale: str) -> None:
    """Send a marked test of the next reminder to the organisers."""
    queued = doors.app.queue_test(campaign_id, Channel[channel.upper()], locale)
    if not queued:
        raise Trouble("A test", "has nobody to go to", "Add an organiser with `reminder init --organiser NAME`.")
    tests = count_words(queued, "test waits", "tests wait")
    say([f"{tests} to be sent to the organisers."], "`reminder tick`, or leave it to the daemon")


@click.command("forecast")
@campaign_argument
@json_option
@pass_doors
def forecast_command(doors: Doors, campaign_id: int, in_json: bool) -> None:
    """Who will get what and when, and who will not. By sending, channel and reason; nothing is sent."""
    found = forecast(
        doors.desk,
        campaign_id,
        now=doors.clock.now(),
        limits=doors.app.limits,
        texts=doors.app.texts,
        costs=doors.app.text_costs,
    )
    if in_json:
        say_json(found.to_json())
    else:
        say(found.text())


@click.command("rehearse")
@campaign_argument
@day_option("--from", "The first day; today where it is not given.")
@day_option("--to", "The last day; without it, all until the report on the campaign.")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), default=None, help="Keep the messages in this folder."
)
@json_option
@pass_doors
def rehearse_command(doors: Doors, /, campaign_id: int, folder: Path | None, in_json: bool, **days: Any) -> None:
    """Run a whole campaign in virtual time on a copy. Nothing is sent."""
    from reminder.rehearsal import rehearse

    if not doors.in_detail:
        # What the copy logs would read as if it were sent in earnest.
        set_up_log(doors.settings.log_format, "error")
    zone = ZoneInfo(doors.settings.zone)
    begin = datetime.combine(days["from"], datetime.min.time(), zone) if days["from"] else doors.clock.now()
    story = rehearse(doors.app, campaign_id, begin=begin, until=days["to"], folder=folder)
    if in_json:
        say_json(story.to_json())
    else:
        say(story.text())
