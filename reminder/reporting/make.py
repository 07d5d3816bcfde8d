"""Makes the report of one campaign: gathers what the database counts, decides what each count means and may tell."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from reminder.domain.case_facts import expired_on_arrival
from reminder.domain.cases import key_in_words
from reminder.domain.plan import channels_text
from reminder.domain.states import CampaignState, Channel
from reminder.domain.times import local_day
from reminder.errors import Trouble
from reminder.rendering.clean import clean_line
from reminder.rendering.languages import Languages, Words
from reminder.reporting.ledger import Tally, tally
from reminder.reporting.report import CaseLine, DocumentLine, End, LettersLine, Report, StepLine
from reminder.reporting.small_counts import breakdown
from reminder.reporting.text_costs import TextsLine, texts_line
from reminder.reporting.words import ON_ARRIVAL, STATE_WORDS, Line, count_words, step_words
from reminder.store import campaigns, cases, reports
from reminder.store.budget import read_budget, texts_of
from reminder.store.cases import StoredDocument
from reminder.store.database import Database
from reminder.store.reports import Connection
from reminder.store.tables import Campaign, CaseFile

UNCLEAR_LISTED = 1_000
_NOT_SAID = "not known"


def make_report(database: Database, campaign_id: int, now: datetime) -> Report:
    """The report of a campaign as it stands, version 0: nothing is kept. `Trouble` for a campaign that is not there.

    Some seconds for a million reminders; nothing of it is held in memory but counts.
    """
    with database.read() as connection:
        return report_of(connection, campaign_id, now)


def report_of(connection: Connection, campaign_id: int, now: datetime) -> Report:
    """The same on a connection of the caller, which should see one state of the database."""
    campaign = campaigns.read_campaign(connection, campaign_id)
    if campaign is None:
        raise Trouble(f"Campaign {campaign_id}", "does not exist", "See the numbers in `reminder campaign list`.")
    case = cases.read_case(connection, campaign.case_id)
    documents = cases.documents_of(connection, campaign.case_id)
    newest = documents[-1] if documents else None
    whole, steps = tally(reports.promises(connection, campaign_id), reports.left_out(connection, campaign_id))
    people = reports.people(connection, campaign_id, campaign.created_at)
    reminded = sum(each.reminded for each in people)
    unclear = whole.lines.get(Line.UNCLEAR, 0)
    still_open = _still_open(whole)
    # Countries and languages have their English names, as the whole report.
    words = Languages(()).words("en")
    return Report(
        campaign_id=campaign_id,
        version=0,
        final=campaign.ended_at is not None and not still_open,
        made_at=now,
        case=_case_line(case, newest, words),
        zone=campaign.zone,
        deadline_on=campaign.deadline_on,
        deadline_printed=clean_line(newest.text.read.get("deadline_phrase") or "") if newest else "",
        deadline_because=clean_line(case.deadline_because),
        review_on=campaign.review_on,
        documents=tuple(_document_line(document) for document in documents),
        end=_end(connection, campaign, case, newest, reminded),
        reminded=reminded,
        left=sum(each.left for each in people),
        by_country=breakdown(_sums((words.country(p.country) or _NOT_SAID, p.reminded) for p in people)),
        by_language=breakdown(_sums((words.language(p.locale) or _NOT_SAID, p.reminded) for p in people)),
        steps=_steps(connection, campaign_id, steps),
        lines=dict(whole.lines),
        reasons=dict(whole.reasons),
        superseded=whole.superseded,
        missed_sendings=whole.missed,
        over_limit=whole.over_limit,
        unclear_messages=tuple(reports.unclear_ids(connection, campaign_id, UNCLEAR_LISTED)) if unclear else (),
        possibly_twice=tuple(reports.possibly_twice_ids(connection, campaign_id, UNCLEAR_LISTED)),
        letters=_letters(reports.letters(connection, campaign_id)),
        outcome=clean_line(case.outcome),
        outcome_on=local_day(case.outcome_at, campaign.zone) if case.outcome_at else None,
        still_open=still_open,
        texts=_texts(connection, campaign_id, steps, words),
    )


def _case_line(case: CaseFile, newest: StoredDocument | None, words: Words) -> CaseLine:
    return CaseLine(
        code=case.code,
        key=case.key,
        number=key_in_words(case.key),
        index=newest.text.index if newest else "",
        title=clean_line(case.title),
        organisation=clean_line(case.organisation),
        country=words.country(case.country),
    )


def _document_line(document: StoredDocument) -> DocumentLine:
    read: Mapping[str, Any] = document.text.read
    issued, deadline = document.text.issued_on, document.text.printed_deadline
    return DocumentLine(
        place=document.sequence,
        kind=read.get("kind") or "",
        number=clean_line(document.text.number),
        index=clean_line(document.text.index),
        issued_on=issued.isoformat() if issued else "",
        deadline=deadline.isoformat() if deadline else "",
        phrase=clean_line(read.get("deadline_phrase") or ""),
        given=document.text.answer("deadline"),
    )


def _end(
    connection: Connection, campaign: Campaign, case: CaseFile, newest: StoredDocument | None, reminded: int
) -> End:
    on_arrival = (
        newest is not None
        and not reminded
        and expired_on_arrival(campaign.deadline_on, local_day(newest.text.added_at, campaign.zone))
    )
    done = None
    because = ""
    if campaign.state is CampaignState.STOPPED:
        done = reports.who_did(connection, "case stop", f"case:{case.code}")
        because = clean_line(case.stopped_because)
    elif campaign.state is CampaignState.CLOSED:
        done = reports.who_did(connection, "campaign close", f"campaign:{campaign.id}")
    return End(
        state=campaign.state,
        words=ON_ARRIVAL if on_arrival else STATE_WORDS[campaign.state],
        on_arrival=on_arrival,
        started_on=campaign.started_on,
        at=campaign.ended_at,
        by=_without_address(done[0]) if done else "",
        because=because,
    )


def _texts(connection: Connection, campaign_id: int, done: Mapping[tuple[str, date], Tally], words: Words) -> TextsLine:
    """What texts cost. One person has one of each step at most, and the note after a stop."""
    by_text = [t for t in done.values() if t.taken.get(Channel.SMS) or t.lines.get(Line.UNCLEAR)]
    each_person = 1 + len(by_text)
    counts, budget = texts_of(connection, campaign_id), read_budget(connection, campaign_id)
    return texts_line(counts, each_person, budget, lambda country: words.country(country.strip("?")))


def _without_address(who: str) -> str:
    return "an organiser" if "@" in who else clean_line(who)


def _steps(connection: Connection, campaign_id: int, done: Mapping[tuple[str, date], Tally]) -> tuple[StepLine, ...]:
    """The steps of the plan and those that were torn up after something of them was promised, by their days."""
    planned = {(step.step_key, step.anchor_on): step.local_on for step in campaigns.steps_of(connection, campaign_id)}
    lines = []
    for key, anchor_on in {**planned, **done}:
        tallied = done.get((key, anchor_on), Tally())
        lines.append(
            StepLine(
                key=key,
                words=step_words(key),
                on=planned.get((key, anchor_on), tallied.first_on),
                people=sum(tallied.taken.values()),
                by_channel=breakdown({channels_text([c]): count for c, count in tallied.taken.items()}),
                lines=dict(tallied.lines),
                superseded=tallied.superseded,
                missed=tallied.missed,
                over_limit=tallied.over_limit,
            )
        )
    return tuple(sorted(lines, key=lambda line: (line.on or date.max, line.key)))


def _letters(counted: reports.Letters) -> LettersLine:
    by_way = _sums((clean_line(how) or _NOT_SAID, count) for how, count in counted.in_time.items())
    return LettersLine(sum(by_way.values()), counted.writers, counted.late, breakdown(by_way))


def _sums(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The largest first, then by name."""
    sums = defaultdict[str, int](int)
    for name, count in counts:
        sums[name] += count
    return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))


def _still_open(whole: Tally) -> tuple[str, ...]:
    """What may still change the figures, as sentences."""
    unclear, waiting = whole.lines.get(Line.UNCLEAR, 0), whole.lines.get(Line.WAITING, 0)
    said = []
    if unclear:
        said.append(f"{count_words(unclear, 'reminder is', 'reminders are')} unclear: may have arrived.")
    if waiting:
        said.append(f"{count_words(waiting, 'reminder is', 'reminders are')} not sent yet.")
    return tuple(said)
