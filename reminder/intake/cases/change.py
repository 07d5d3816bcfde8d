"""What an organiser does to a case: move its deadline, stop it, remove its texts, say how it ended."""

from dataclasses import replace
from datetime import date, datetime

from reminder.domain.case_facts import expired_on_arrival
from reminder.domain.case_scrub import without_texts
from reminder.domain.states import CampaignState, Reason
from reminder.domain.times import local_day
from reminder.errors import NotAllowed, Trouble
from reminder.intake.cases import settle, words
from reminder.intake.cases.results import ChangedCase, RedactedCase, StoppedCase
from reminder.store import case_moves, cases
from reminder.store.audit import record
from reminder.store.cases import Connection
from reminder.store.database import Database
from reminder.store.tables import CaseFile
from reminder.store.vault import Vault


def move_deadline(
    database: Database, vault: Vault, case: str, until: date, because: str, who: str, now: datetime
) -> ChangedCase:
    """Set the last day on which people may write, with the source that says so.

    It belongs to the newest document: a newer one wins again. The reminders of the old day are taken back and each
    campaign asks "same letter or new letter". The same day again changes nothing but the source.
    """
    source = _line(because, "The source", "Say where the new date stands, such as an update or a page.")

    def work(connection: Connection) -> ChangedCase:
        cases.lock_cases(connection)
        before = settle.snapshot(connection, settle.case_id_of(connection, case))
        _refuse_move(before)
        newest = cases.documents_of(connection, before.row.id or 0)[-1]
        settle.give(connection, newest, {"deadline": until.isoformat(), "because": source})
        settled = settle.settle(connection, [before], now, reason=Reason.DEADLINE_MOVED)
        detail = {"until": until.isoformat(), "because": source}
        record(connection, vault, who, "case deadline", f"case:{settled.row.code}", detail, now)
        return _moved(settled, now)

    return database.write(work)


def _refuse_move(before: settle.Snapshot) -> None:
    row, facts = before.row, before.facts
    if row.stopped_at:
        raise NotAllowed(f"Case {row.code}", "was stopped", "A stopped case has no deadline; add a newer document.")
    if facts and any(question.code == "newest" for question in facts.questions):
        raise NotAllowed(
            f"Case {row.code}",
            "must know first which document is the newest",
            f"Answer with `reminder case decide {row.code}`.",
        )


def _moved(settled: settle.Settled, now: datetime) -> ChangedCase:
    row, asked = settled.row, settled.asked
    expired = expired_on_arrival(row.deadline_on, local_day(now, row.zone))
    moved = "the deadline is set." if "deadline" in settled.changed else "that was its deadline already."
    return ChangedCase(
        case_id=row.id or 0,
        code=row.code,
        changed=settled.changed,
        questions=settled.facts.questions,
        asked=asked.campaigns,
        drafts=asked.drafts,
        under_way=asked.under_way,
        sentences=(
            f"{words.name_of(row)}: {moved}",
            words.until(row, expired=expired),
            *words.asked_in_words(asked),
            *words.waiting(settled.facts.questions),
        ),
        next=words.next_step(row, settled.facts.questions, asked, expired=expired, campaigns=settled.campaigns),
    )


def stop(
    database: Database, vault: Vault, case: str, reason: str, *, note: bool, who: str, now: datetime
) -> StoppedCase:
    """Stop a case and all its campaigns in one transaction; nothing of it is sent any more, from any machine.

    With `note` the campaigns whose people were reminded are named in `note_campaigns`; the caller queues "please do not
    write for now" for them. Stopping again is safe, and how a note is asked for later. The people are counted after the
    stop has become durable, because that takes its time with a million rows.
    """
    because = _line(reason, "The reason", "Say in a line why people should not write any more.")

    def work(connection: Connection) -> StoppedCase:
        cases.lock_cases(connection)
        row = cases.read_case(connection, settle.case_id_of(connection, case))
        record(connection, vault, who, "case stop", f"case:{row.code}", {"reason": because}, now)
        return stop_in(connection, row, because, note=note, now=now)

    return with_reminded(database, database.write(work))


def stop_in(connection: Connection, row: CaseFile, because: str, *, note: bool, now: datetime) -> StoppedCase:
    """The stop itself, inside of a transaction that holds `lock_cases`; `reminded` is still to be counted."""
    case_id = row.id or 0
    fresh = case_moves.stop_case(connection, case_id, because, now)
    stopped = case_moves.stop_campaigns(connection, case_id, now)
    begun = [c.id for c in cases.campaigns_of(connection, case_id) if c.has_begun and c.state is CampaignState.STOPPED]
    first = "stopped." if fresh else f"was stopped before, on {words.day_in_words((row.stopped_at or now).date())}."
    noted = "Those already reminded will get one note: please do not write for now."
    return StoppedCase(
        case_id=case_id,
        code=row.code,
        changed=frozenset({"stopped"} if fresh else ()),
        under_way=stopped.under_way,
        sentences=(
            f"{words.name_of(row)}: {first}",
            words.stopped_campaigns(stopped.campaigns),
            *words.under_way(stopped.under_way),
            *([noted] if note and begun else []),
        ),
        next=_after_stop(row.code, note=note or not begun),
        already=not fresh,
        campaigns=stopped.campaigns,
        reminded=0,
        note_campaigns=tuple(begun) if note else (),
    )


def with_reminded(database: Database, stopped: StoppedCase) -> StoppedCase:
    """The same with the number of people whom a reminder of this case has reached."""
    with database.read() as connection:
        begun = [line.id for line in cases.campaigns_of(connection, stopped.case_id) if line.has_begun]
        people = case_moves.reminded_people(connection, begun)
    sentence = f"{words.count(people, 'person', 'people')} had been reminded already."
    return replace(stopped, reminded=people, sentences=(*stopped.sentences, sentence))


def _after_stop(code: str, *, note: bool) -> str:
    if note:
        return f"when you know it, say how it ended with `reminder case outcome {code} TEXT`"
    return f'to tell those already reminded "please do not write for now", `reminder case stop {code} --note`'


def redact(database: Database, vault: Vault, case: str, who: str, now: datetime) -> RedactedCase:
    """Remove names, story, letter and files of a case at once; the case stays as a number with its dates.

    Live campaigns pause and wait for a new text rather than end: the family may only want a name gone. Texts are taken
    from the documents when a message is built, so no reminder that is still to be sent can hold them. What else waits to
    be sent is taken back or loses the words, in every state of a campaign, and so do kept reports. What was sent cannot
    be called back. Whatever people typed about the case (reasons, outcome) goes, too.
    """

    def work(connection: Connection) -> RedactedCase:
        cases.lock_cases(connection)
        row = cases.read_case(connection, settle.case_id_of(connection, case))
        documents = cases.documents_of(connection, row.id or 0)
        fresh = sum(not document.text.answer("redacted") for document in documents)
        for document in documents:
            read, given = without_texts(document.text)
            case_moves.remove_texts(connection, document.id, read, given)
        cleared = {"title": "", "deadline_because": "", "stopped_because": "", "outcome": "", "redacted_at": now}
        cases.change_case(connection, row.id or 0, cleared)
        asked = case_moves.pause_for_removal(connection, row.id or 0)
        after = settle.snapshot(connection, row.id or 0)
        questions = after.facts.questions if after.facts else ()
        cases.change_case(connection, row.id or 0, {"questions": [question.to_json() for question in questions]})
        record(connection, vault, who, "case redact", f"case:{row.code}", {}, now)
        return RedactedCase(
            case_id=row.id or 0,
            code=row.code,
            changed=frozenset({"document", "title", "questions"}),
            questions=questions,
            asked=asked.campaigns,
            drafts=asked.drafts,
            under_way=asked.under_way,
            sentences=(
                f"{words.name_of(after.row)}: {words.texts_removed(fresh)}",
                *words.paused(asked.campaigns),
                *words.under_way(asked.under_way),
            ),
            next=words.next_step(after.row, questions, asked, expired=False),
            documents=fresh,
        )

    return database.write(work)


def outcome(database: Database, vault: Vault, case: str, text: str, who: str, now: datetime) -> ChangedCase:
    """Keep what became of the person: a fact beside the deadline. It ends nothing; `stop` does."""
    said = _line(text, "The outcome", "Say in a line how it ended.")

    def work(connection: Connection) -> ChangedCase:
        cases.lock_cases(connection)
        row = cases.read_case(connection, settle.case_id_of(connection, case))
        cases.change_case(connection, row.id or 0, {"outcome": said, "outcome_at": now})
        record(connection, vault, who, "case outcome", f"case:{row.code}", {"outcome": said}, now)
        live = [
            line.id
            for line in cases.campaigns_of(connection, row.id or 0)
            if line.state in {CampaignState.LIVE, CampaignState.PAUSED}
        ]
        goes_on = words.going_on(tuple(live))
        return ChangedCase(
            case_id=row.id or 0,
            code=row.code,
            changed=frozenset({"outcome"} if row.outcome != said else ()),
            sentences=tuple(filter(None, (f"{words.name_of(row)}: the outcome is kept.", goes_on))),
            next=f"if nobody should write any more, `reminder case stop {row.code} --reason TEXT`"
            if live
            else f"see it with `reminder case show {row.code}`",
        )

    return database.write(work)


def _line(text: str, thing: str, remedy: str) -> str:
    line = " ".join(text.split())
    if not line:
        raise Trouble(thing, "is empty", remedy)
    return line
