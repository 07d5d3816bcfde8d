"""reminder case …"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from reminder.cli.base import Doors, as_json, day_option, is_attended, json_option, pass_doors, say, say_json
from reminder.domain.times import local_day
from reminder.errors import Trouble
from reminder.intake.cases import add as adding
from reminder.intake.cases import change, look
from reminder.intake.cases.decide import decide as decide_case
from reminder.intake.cases.results import CaseView, ChangedCase, Supplied
from reminder.intake.documents.describe import describe
from reminder.intake.documents.form import blank_form
from reminder.intake.documents.read import bytes_of, read_document
from reminder.reporting.words import count_words

UNCERTAIN = 3
DAY = "2021-01-31"


@click.group()
def case() -> None:
    """Documents and the cases they belong to."""


file_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
case_argument = click.argument("reference", metavar="CASE")


@case.command("read")
@file_argument
@json_option
@pass_doors
@click.pass_context
def read(context: click.Context, doors: Doors, file: Path, in_json: bool) -> None:
    """Read a document and say what was understood. Stores nothing.

    Exit code 0: understood. 3: readable, but not certain enough to go live without an organiser; the warnings say why.
    2: not an appeal, or not readable.
    """
    now, data = doors.clock.now(), bytes_of(file)
    document = read_document(data, file_name=file.name, read_on=local_day(now, doors.settings.zone))
    document = adding.with_missing(document, data, now)
    if in_json:
        click.echo(as_json(document.to_json()))
    else:
        then = f"`reminder case add {file}`"
        say(describe(document), then if document.certain else f"{then}, then answer what it asks")
    context.exit(0 if document.certain else UNCERTAIN)


@case.command("form")
def form() -> None:
    """Print a blank form to type a case by hand."""
    click.echo(blank_form(), nl=False)


@case.command("add")
@file_argument
@day_option("--deadline", "The last day to write, where the document does not say.")
@click.option("--because", default="", metavar="SOURCE", help="Where that day stands.")
@day_option("--review-on", "The day to look at the case again, where there is no deadline.")
@click.option("--zone", default="", metavar="ZONE", help="The zone that rules when the office calls it expired.")
@click.option("--number", "ua_number", default="", metavar="NUMBER", help="The number of the appeal, such as 63/20.")
@click.option("--organisation", default="", help="Who published it.")
@click.option("--country", default="", metavar="COUNTRY", help="Two letters, such as CN.")
@click.option("--topic", "topics", multiple=True, metavar="NAME", help="A topic; may be given several times.")
@click.option(
    "--channel",
    "channels",
    multiple=True,
    metavar="WAY",
    help="A way to reach the target: post, email, fax, phone, form, embassy.",
)
@click.option("--sent-by-counts", is_flag=True, default=None, help="Sending by the deadline is enough.")
@click.option("--case", "into", default="", metavar="CASE", help="Put it into this case, whatever its number says.")
@json_option
@pass_doors
def add(doors: Doors, /, file: Path, into: str, in_json: bool, **given: Any) -> None:
    """Read a document, check it and keep it in its case. A document of no known case begins one."""
    data = bytes_of(file)
    now = doors.clock.now()
    document = read_document(data, file_name=file.name, read_on=local_day(now, doors.settings.zone))
    supplied = Supplied(case=into, **given)
    added = adding.add_document(
        doors.app.database,
        doors.app.vault,
        document,
        data,
        file.name,
        supplied,
        now,
        default_zone=doors.settings.zone,
        who=doors.who,
    )
    _tell(doors, added, in_json)


def _tell(doors: Doors, changed: ChangedCase, in_json: bool, *more: str) -> None:
    """Say what became of a case, after its campaigns followed."""
    followed = doors.app.follow_case(changed, who=doors.who)
    sentences = (*changed.sentences, *(line for done in followed for line in done.sentences), *more)
    if in_json:
        questions = [question.code for question in changed.questions]
        say_json({"case": changed.code, "sentences": sentences, "questions": questions, "next": changed.next})
    else:
        say(sentences, changed.next)


@case.command("decide")
@case_argument
@click.option(
    "--answer",
    "answers",
    multiple=True,
    metavar="QUESTION=ANSWER",
    help="Answer one question; without it, you are asked.",
)
@click.option("--because", default="", metavar="SOURCE", help="Where the deadline stands that you answer with.")
@pass_doors
def decide(doors: Doors, reference: str, answers: tuple[str, ...], because: str) -> None:
    """Answer what a case waits for."""
    view = look.show_case(doors.app.database, reference, doors.clock.now())
    given = dict(_answer(typed) for typed in answers) or _asked(view)
    given |= {"because": because} if because else {}
    if not given:
        say([f"Case {view.line.code} was told nothing; nothing was changed."], view.next)
        return
    decided = decide_case(doors.app.database, doors.app.vault, reference, given, doors.who, doors.clock.now())
    followed = doors.app.follow_case(decided, who=doors.who)
    answered = doors.app.answer_letter(decided, who=doors.who)
    lines = [line for done in (*followed, *answered) for line in done.sentences]
    # What the case still asks comes first; then every campaign that was answered has a step of its own.
    then = [decided.next] if decided.questions or not answered else [done.next for done in answered]
    say([*decided.sentences, *lines], "; ".join(dict.fromkeys(then)))


def _answer(typed: str) -> tuple[str, str]:
    code, equals, answer = typed.partition("=")
    if not equals:
        raise Trouble("--answer", "must look like QUESTION=ANSWER", "Such as --answer deadline=2020-12-29.")
    return code.strip(), answer


def _asked(view: CaseView) -> dict[str, str]:
    """Ask everything that the case and its campaigns wait for; what stays empty is not answered."""
    questions = {question.code: f"{question.question} ({question.answer})" for question in view.questions}
    if any(campaign.question == "letter" for campaign in view.campaigns):
        questions["letter"] = (
            "Same letter (who wrote stays quiet) or new letter (everybody is asked again)? (same or new)"
        )
    if not questions and view.line.review_on and not view.line.deadline_on:
        questions["deadline"] = f'On which day do you look again, or what is the deadline? ("review {DAY}" or a day)'
    if questions and not is_attended():
        waits = ", ".join(questions)
        raise Trouble(
            f"Case {view.line.code}",
            f"waits for {waits}, and nobody can be asked here",
            "Say --answer QUESTION=ANSWER.",
        )
    given = {code: click.prompt(question, default="", show_default=False) for code, question in questions.items()}
    if given.get("deadline") and not given["deadline"].startswith("review"):
        given["because"] = click.prompt("Where does that day stand?", default="", show_default=False)
    return {code: answer for code, answer in given.items() if answer}


@case.command("list")
@json_option
@pass_doors
def list_(doors: Doors, in_json: bool) -> None:
    """All cases, the nearest deadline first."""
    lines = look.list_cases(doors.app.database, doors.clock.now())
    if in_json:
        say_json([_line_json(line) for line in lines])
        return
    if not lines:
        say(["No cases yet."], "`reminder case add FILE`")
        return
    for line in lines:
        until = line.deadline_on or (f"review {line.review_on}" if line.review_on else "no date")
        click.echo(f"{line.code}  {line.number or '–':12} {until!s:18} {line.state:18} {line.title[:60]}")


def _line_json(line: Any) -> dict[str, Any]:
    return {
        "code": line.code,
        "number": line.number,
        "title": line.title,
        "country": line.country,
        "deadline": line.deadline_on,
        "review_on": line.review_on,
        "state": line.state,
        "questions": line.questions,
        "documents": line.documents,
        "campaigns": [{"id": number, "state": state.name.lower()} for number, state in line.campaigns],
        "outcome": line.outcome,
    }


@case.command("show")
@case_argument
@json_option
@pass_doors
def show(doors: Doors, reference: str, in_json: bool) -> None:
    """One case with its documents, questions and campaigns."""
    view = look.show_case(doors.app.database, reference, doors.clock.now())
    if in_json:
        documents = [
            {"place": d.place, "file": d.file_name, "kind": d.kind, "issued_on": d.issued_on, "deadline": d.deadline}
            for d in view.documents
        ]
        questions = [{"code": q.code, "question": q.question} for q in view.questions]
        say_json({**_line_json(view.line), "documents": documents, "questions": questions})
    else:
        # Somebody who looks need not be told to look.
        say([*view.sentences, *_chain(view)], "" if "case show" in view.next else view.next)


def _chain(view: CaseView) -> list[str]:
    documents = [
        f"Document {d.place} of {len(view.documents)}: {d.kind or 'of no known kind'},"
        f" issued {d.issued_on or 'on no known day'}, until {d.deadline or 'no certain day'} ({d.file_name})"
        for d in view.documents
    ]
    campaigns = [
        f"Campaign {c.campaign_id}: {c.state.name.lower()}, for {', '.join(c.audience) or 'nobody'}"
        f"{'; waits for you: same letter or new letter?' if c.question == 'letter' else ''}"
        for c in view.campaigns
    ]
    stopped = [f"Stopped because: {view.stopped_because}"] if view.stopped_because else []
    return [*stopped, *documents, *campaigns]


@case.command("deadline")
@case_argument
@day_option("--until", "The last day to write.", required=True)
@click.option("--because", required=True, metavar="SOURCE", help="Where the new day stands.")
@pass_doors
def deadline(doors: Doors, reference: str, until: Any, because: str) -> None:
    """Move the last day to write. What was not sent for the old one is taken back."""
    app = doors.app
    _tell(
        doors,
        change.move_deadline(app.database, app.vault, reference, until, because, doors.who, doors.clock.now()),
        False,
    )


@case.command("stop")
@case_argument
@click.option("--reason", default="", help="Why nobody should write any more; needed the first time.")
@click.option(
    "--note/--no-note", default=None, help="Send those already reminded a neutral note: please do not write for now."
)
@pass_doors
def stop(doors: Doors, reference: str, reason: str, note: bool | None) -> None:
    """Stop an appeal at once. Nothing more of it is sent, from any machine."""
    app, now = doors.app, doors.clock.now()
    because = reason or look.show_case(app.database, reference, now).stopped_because
    stopped = change.stop(app.database, app.vault, reference, because, note=bool(note), who=doors.who, now=now)
    if note is None and stopped.reminded and is_attended():
        asked = f"Stopped. {stopped.reminded} people were reminded before: send them the neutral note?"
        if click.confirm(asked):
            again = change.stop(app.database, app.vault, reference, because, note=True, who=doors.who, now=now)
            stopped = replace(stopped, note_campaigns=again.note_campaigns, next=again.next)
    queued = app.queue_stop_notes(stopped.note_campaigns)
    more = [f"{count_words(queued, 'person gets', 'people get')} the neutral note."] if queued else []
    _tell(doors, stopped, False, *more)


@case.command("redact")
@case_argument
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@pass_doors
def redact(doors: Doors, reference: str, yes: bool) -> None:
    """Remove the names and texts of a case for good. Also from what waits to be sent; its number and dates stay."""
    if not yes and not is_attended():
        raise Trouble("The removal", "needs a yes, and nobody can be asked here", "Say --yes.")
    if not yes:
        click.confirm("Remove all texts and names of this case for good?", abort=True)
    _tell(doors, change.redact(doors.app.database, doors.app.vault, reference, doors.who, doors.clock.now()), False)


@case.command("outcome")
@case_argument
@click.argument("text")
@click.option("--tell/--no-tell", default=False, help="Tell those who asked to hear how it ends.")
@pass_doors
def outcome(doors: Doors, reference: str, text: str, tell: bool) -> None:
    """Keep what became of the person. Such as released, moved, no news; it is no statement of cause."""
    changed = change.outcome(doors.app.database, doors.app.vault, reference, text, doors.who, doors.clock.now())
    told = doors.app.queue_outcome(changed.case_id) if tell else 0
    more = [f"{count_words(told, 'person', 'people')} who asked will be told."] if tell else []
    _tell(doors, changed, False, *more)
