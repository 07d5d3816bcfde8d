"""reminder subscribers …: addresses come from a prompt, a file or standard input, never from the command line."""

import csv
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import click

from reminder.cli.base import (
    Doors,
    as_json,
    ask,
    campaign_argument,
    day_option,
    json_option,
    pass_doors,
    read_scopes,
    say,
    say_json,
)
from reminder.domain.consent import Leaving
from reminder.domain.scopes import ALL
from reminder.domain.sms_asking import ANSWER_WORDS, REFUSED
from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.events.supporters import leave, report_letter
from reminder.intake import exports, people
from reminder.intake.subscribers import PRESETS, Basis, Grounds, ImportDefaults, read_list
from reminder.intake.subscribers.keep import ImportReport, keep_list
from reminder.intake.subscribers.places import read_country, read_locale, read_zone
from reminder.planning.why import why as why_service
from reminder.planning.zones import zones_of_country
from reminder.reporting.words import count_words

PROBLEMS_SHOWN = 20
WHY = "`reminder subscribers why CAMPAIGN` tells what they get"


@click.group()
def subscribers() -> None:
    """The people who asked to be reminded."""


def _address(what: str = "Email address or phone number") -> str:
    return ask(what, hidden=True)


@subscribers.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--preset", type=click.Choice(sorted(PRESETS)), default=None, help="The program that the list comes from."
)
@click.option("--encoding", default=None, metavar="NAME", help="The file's encoding, where it is not UTF-8.")
@click.option(
    "--basis",
    type=click.Choice([basis.value for basis in Basis]),
    default=None,
    help="The lawful basis of the whole file.",
)
@click.option("--source", default="", help="Where these people agreed.")
@click.option("--wording", default="", help="The words they agreed to.")
@day_option("--agreed-on", "When they agreed.")
@click.option(
    "--agreed-to",
    type=click.Choice(["email", "sms", "both"]),
    default="email",
    show_default=True,
    help="What they agreed to get; agreeing to one is not agreeing to the other.",
)
@click.option(
    "--status",
    default=None,
    metavar="WORD",
    help="What everybody in the file is, such as unsubscribed; else each row says.",
)
@click.option(
    "--subscribe",
    "scopes",
    multiple=True,
    metavar="WHAT",
    help="What they want: all, country:CN, topic:NAME, list:NAME.",
)
@click.option("--locale", default=None, metavar="LANGUAGE", help="Their language, where a row does not say.")
@click.option("--zone", default=None, metavar="ZONE", help="Their time zone, where a row does not say.")
@click.option("--country", default=None, metavar="COUNTRY", help="Their country, where a row does not say.")
@json_option
@pass_doors
def import_(
    doors: Doors,
    /,
    file: Path,
    preset: str | None,
    encoding: str | None,
    basis: str | None,
    source: str,
    wording: str,
    agreed_on: date | None,
    agreed_to: str,
    scopes: tuple[str, ...],
    in_json: bool,
    **of_all: str | None,
) -> None:
    """Bring in a list. Nothing is sent; who has left stays left; a bad row is told by its line."""
    now = doors.clock.now()
    # Empty is "not said": it must not count as evidence.
    grounds = Grounds(Basis(basis) if basis else None, source.strip() or None, wording.strip() or None, agreed_on)
    defaults = ImportDefaults(
        email=grounds if agreed_to != "sms" else Grounds(),
        sms=grounds if agreed_to != "email" else Grounds(),
        subscriptions=_scopes(scopes),
        **of_all,
    )
    if file.exists() and not file.is_file():
        # A device or a pipe may never end, and a list is gone through more than once.
        raise Trouble(file.name, "is no plain file", "Save the list as a file and name that.")
    try:
        with file.open("rb") as stream:
            reading = read_list(stream, now=now, preset=preset, defaults=defaults, encoding=encoding)
            report = keep_list(doors.app.database, doors.app.vault, reading, now, source=source or file.name)
    except OSError as error:
        raise Trouble(file.name, f"cannot be read ({error.strerror})", "Check the path and its rights.") from None
    if in_json:
        say_json(report.as_json())
        return
    then = (
        "bring the missing evidence, then import again"
        if report.waiting
        else "`reminder campaign list`, then `reminder forecast CAMPAIGN`"
    )
    say(_import_lines(report), then)


def _scopes(typed: tuple[str, ...]) -> tuple[str, ...]:
    """What people want, in the form in which audiences ask for it; everything where nothing was said."""
    return tuple(read_scopes(typed, "--subscribe")) or (ALL,)


def _import_lines(report: ImportReport) -> list[str]:
    rows = count_words(report.rows + report.rows_left_out, "row", "rows")
    lines = [
        f"{rows}: {report.added} new, {report.filled_in} filled in, {report.unchanged} as they were,"
        f" {report.rows_left_out} left out."
    ]
    if report.closed:
        closed = count_words(report.closed, "address came", "addresses came")
        lines.append(f"{closed} on the do-not-contact list.")
    if report.left:
        lines.append(f"{count_words(report.left, 'row speaks', 'rows speak')} of somebody who has left and stays left.")
    if report.waiting:
        waiting = count_words(report.waiting, "row waits", "rows wait")
        lines.append(f"{waiting} for you: evidence of agreement is missing; until it is there, nothing goes.")
    shown = report.problems[:PROBLEMS_SHOWN]
    lines += [f"line {problem.line}: {problem.reason}" for problem in shown]
    more = sum(report.by_code.values()) - len(shown)
    if more > 0:
        lines.append(f"… and {more} more; --json lists a thousand.")
    return [*lines, "Nothing was sent."]


@subscribers.command("add")
@click.option("--sms", is_flag=True, help="A phone number instead of an email address.")
@click.option("--locale", default="en", metavar="LANGUAGE", help="Their language, such as en or pt-BR.")
@click.option("--zone", default="", metavar="ZONE", help="Their time zone, such as Asia/Almaty.")
@click.option("--country", default="", metavar="COUNTRY", help="Their country, two letters.")
@click.option(
    "--subscribe",
    "scopes",
    multiple=True,
    metavar="WHAT",
    help="What they want: all, country:CN, topic:NAME, list:NAME.",
)
@pass_doors
def add(doors: Doors, sms: bool, locale: str, zone: str, country: str, scopes: tuple[str, ...]) -> None:
    """Take in one person, who is asked to confirm. Until then nothing else is sent."""
    wanted = people.Joining(
        locale=_known("--locale", locale, read_locale, "a language such as en or pt-BR"),
        zone=_known("--zone", zone, read_zone, "a place such as Europe/London"),
        country=_known("--country", country, read_country, "a country such as GB"),
        subscriptions=_scopes(scopes),
    )
    address = _address("Phone number" if sms else "Email address")
    joining = replace(wanted, phone=address) if sms else replace(wanted, email=address)
    app = doors.app
    joined = people.add_subscriber(app.database, app.vault, joining, doors.clock.now(), app.asking)
    if joined.text is not None and joined.text in REFUSED:
        say(
            [f"Subscriber {joined.subscriber_id} is kept, but gets no text to confirm: {ANSWER_WORDS[joined.text]}."],
            "a yes on paper: `reminder subscribers confirm --evidence TEXT`",
        )
    elif joined.to_confirm:
        say(
            [f"Subscriber {joined.subscriber_id} is asked to confirm; until then nothing else is sent."],
            "`reminder tick`, or leave it to the daemon; a yes on paper: `reminder subscribers confirm --evidence TEXT`",
        )
    else:
        say([f"Subscriber {joined.subscriber_id} is confirmed already; nothing was changed."], WHY)


def _known(option: str, typed: str, reader: Callable[[str], str | None], example: str) -> str:
    """What was typed, in its proper form; '' where nothing was."""
    found = reader(typed) if typed else ""
    if found is None:
        raise Trouble(option, f"is not {example}", "Write it in that form, or leave it out.")
    return found


@subscribers.command("confirm")
@click.option("--evidence", required=True, help="How the person confirmed, such as: signed card of 3 December.")
@pass_doors
def confirm(doors: Doors, evidence: str) -> None:
    """Keep a person's own yes that came on paper or by phone."""
    address = _address()
    person = _person(doors, address)
    channel = Channel.EMAIL if "@" in address else Channel.SMS
    now = doors.clock.now()
    new = people.confirm(doors.app.database, person, channel, now, source=f"organiser: {evidence}")
    say([f"Subscriber {person} is confirmed." if new else f"Subscriber {person} was confirmed already."], WHY)


@subscribers.command("block")
@click.option("--everything", is_flag=True, help="Never again, by no channel.")
@click.option("--country", default="", metavar="COUNTRY", help="Two letters, for a number without its country code.")
@pass_doors
def block(doors: Doors, everything: bool, country: str) -> None:
    """Put an address on the do-not-contact list. Also one that nobody here has."""
    code = _known("--country", country, read_country, "a country such as GB")
    address = _address()
    now = doors.clock.now()
    people.block(doors.app.database, doors.app.vault, address, now, country=code, everything=everything)
    say(["That address gets nothing any more; no import brings it back."], "only the person's own new yes lifts it")


@subscribers.command("export")
@click.option("--person", is_flag=True, help="All that is kept of one person, as JSON.")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), default=None, help="A new file instead of the screen."
)
@pass_doors
def export(doors: Doors, person: bool, output: Path | None) -> None:
    """Export everybody as CSV, or one person as JSON. It holds addresses in the clear: keep it safe."""
    app = doors.app
    if person:
        found = _person(doors, _address())
        lines: Iterator[str] = iter([as_json(exports.export_person(app.database, app.vault, found)) + "\n"])
    else:
        lines = csv_lines(exports.export_everyone(app.database, app.vault))
    if output is None:
        for line in lines:
            click.echo(line, nl=False)
        return
    try:
        with open(output, "x", encoding="utf-8", newline="", opener=_private) as file:
            file.writelines(lines)
    except FileExistsError:
        raise Trouble(output.name, "is there already", "Name a file that does not exist yet.") from None
    except OSError as error:
        raise Trouble(
            output.name, f"cannot be written ({error.strerror})", "Check the folder and its rights."
        ) from None
    say([f"Written to {output.name}; only you may read it."], "keep it safe, and delete it when it has served")


def csv_lines(rows: Iterator[list[str]]) -> Iterator[str]:
    """Rows as CSV lines, one at a time: a list of a million people is never in memory."""
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow(row)
        yield line.getvalue()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@subscribers.command("erase")
@pass_doors
def erase(doors: Doors) -> None:
    """Erase a person. Only a mark that cannot be read back stays, so that no list brings them back."""
    person = _person(doors, _address())
    leave(doors.app.database, Leaving.ERASE, person, doors.clock.now())
    said = f"Subscriber {person} is erased; a mark that cannot be read back keeps the address from being added again."
    say([said], "delete lists and exports that still hold that person")


@subscribers.command("wrote")
@campaign_argument
@pass_doors
def wrote(doors: Doors, campaign_id: int) -> None:
    """Keep that somebody has written. Their reminders of this campaign end."""
    person = _person(doors, _address())
    reported = report_letter(doors.app.database, campaign_id, person, "organiser", doors.clock.now())
    known = "the letter is kept" if reported.new else "the letter was known already"
    say(
        [f"Subscriber {person}: {known}; no more reminders of campaign {campaign_id}."],
        f"`reminder subscribers why {campaign_id}`",
    )


@subscribers.command("why")
@campaign_argument
@json_option
@pass_doors
def why(doors: Doors, campaign_id: int, in_json: bool) -> None:
    """Why somebody did or did not get something. And what is still to come."""
    person = _person(doors, _address())
    margin = timedelta(minutes=doors.settings.email_margin_minutes)
    found = why_service(
        doors.app.database,
        campaign_id,
        person,
        doors.clock.now(),
        country_zones=zones_of_country,
        texts=doors.app.texts,
        email_margin=margin,
    )
    if in_json:
        say_json(found.as_json())
    else:
        say(found.lines())


def _person(doors: Doors, address: str) -> int:
    found = people.find_by_address(doors.app.database, doors.app.vault, address)
    if found is None:
        raise Trouble("That address", "is nobody's here", "Check how it is written; with country code for a number.")
    return found
