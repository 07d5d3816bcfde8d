"""An organiser answers what a case waits for."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from reminder.domain.case_facts import expired_on_arrival
from reminder.domain.times import local_day
from reminder.errors import NotAllowed, Trouble
from reminder.intake.cases import answers as typed
from reminder.intake.cases import settle, words
from reminder.intake.cases.change import stop_in, with_reminded
from reminder.intake.cases.results import DecidedCase
from reminder.store import cases
from reminder.store.audit import record
from reminder.store.cases import Connection, StoredDocument
from reminder.store.database import Database
from reminder.store.tables import CaseFile
from reminder.store.vault import Vault

LETTER = frozenset({"same", "new"})


def decide(
    database: Database, vault: Vault, case: str, answers: Mapping[str, str], who: str, now: datetime
) -> DecidedCase:
    """Keep the answers to a case's questions, by their code, with who gave them and when; all of them or none.

    A deadline needs "because" beside it, its source. A case without one can be told another review day at any time.
    "letter" is a campaign's question: it is checked and passed through as `DecidedCase.letter`. Raises `Trouble` for an
    answer that nobody asked for or that is none.
    """
    letter = answers.get("letter", "").strip().casefold()
    if "letter" in answers and letter not in LETTER:
        raise Trouble("The answer to 'letter'", "is none of the answers", "Type same or new.")
    for_case = {code: text for code, text in answers.items() if code not in {"letter", "because"}}
    if "because" in answers and "deadline" not in for_case:
        raise Trouble("The source", "goes with a deadline", "Answer 'deadline', too.")

    def work(connection: Connection) -> DecidedCase:
        cases.lock_cases(connection)
        case_id = settle.case_id_of(connection, case)
        before = [settle.snapshot(connection, case_id)]
        _refuse_unasked(before[0], for_case)
        given = _given(for_case, answers.get("because", ""))
        typed.refuse_past_review(given, local_day(now, before[0].row.zone))
        before = _keep(connection, before, given, for_case.get("newest", ""))
        if given.get("reopen") == "yes":
            cases.change_case(connection, before[0].row.id or 0, {"stopped_at": None, "stopped_because": ""})
            before = [replace(before[0], row=cases.read_case(connection, before[0].row.id or 0)), *before[1:]]
        settled = settle.settle(connection, before, now)
        if letter:
            _refuse_unasked_letter(connection, settled.row)
        record(connection, vault, who, "case decide", f"case:{settled.row.code}", answers, now)
        if given.get("ended") == "stop":
            return _ended(connection, settled, now)
        return _told(settled, now, letter)

    decided = database.write(work)
    if decided.stopped is None:
        return decided
    stopped = with_reminded(database, decided.stopped)
    return replace(decided, stopped=stopped, sentences=stopped.sentences)


def _refuse_unasked(case: settle.Snapshot, answers: Mapping[str, str]) -> None:
    asked = [question.code for question in case.facts.questions] if case.facts else []
    if case.row.review_on and not case.row.deadline_on:
        asked.append("deadline")
    if unasked := sorted(set(answers) - set(asked)):
        waits = f"It waits for: {', '.join(asked)}." if asked else "It waits for nothing."
        raise NotAllowed(f"Case {case.row.code}", f"did not ask for {', '.join(unasked)}", waits)
    if not_ours := sorted(code for code in answers if not typed.is_answerable(code)):
        raise NotAllowed(f"Case {case.row.code}", f"cannot be told {', '.join(not_ours)}", "Add a new document.")
    if "newest" in asked and answers and "newest" not in answers:
        raise NotAllowed(
            f"Case {case.row.code}", "must know first which document is the newest", "Answer 'newest', too."
        )


def _refuse_unasked_letter(connection: Connection, row: CaseFile) -> None:
    if not any(campaign.question == "letter" for campaign in cases.campaigns_of(connection, row.id or 0)):
        raise NotAllowed(
            f"Case {row.code}",
            "has no campaign that asks about the letter",
            f"See what it waits for with `reminder case show {row.code}`.",
        )


def _given(answers: Mapping[str, str], because: str) -> dict[str, str]:
    """The answers in the form in which the newest document keeps them."""
    given: dict[str, str] = {}
    for code, text in answers.items():
        if code != "newest":
            given |= typed.read_answer(code, text)
    return given | typed.with_source(given["deadline"], because) if "deadline" in given else given


def _keep(
    connection: Connection, before: list[settle.Snapshot], given: dict[str, str], newest: str
) -> list[settle.Snapshot]:
    """Write the answers to the newest document; a number may show that the case is one with another."""
    row = before[0].row
    documents = cases.documents_of(connection, row.id or 0)
    document = _chosen(connection, documents, newest) if newest else documents[-1]
    text = settle.give(connection, document, given)
    others = [case_id for case_id in settle.cases_of(connection, text) if case_id != row.id]
    return settle.joined(connection, sorted([row.id or 0, *others])) if others else before


def _chosen(connection: Connection, documents: list[StoredDocument], place: str) -> StoredDocument:
    """The document at `place`, kept as newer than all others; an earlier answer to the contrary is forgotten."""
    chosen = next((document for document in documents if str(document.sequence) == place.strip()), None)
    if chosen is None:
        raise Trouble(
            "The answer to 'newest'", "is no place in the chain", f"Type a number from 1 to {len(documents)}."
        )
    others = [document for document in documents if document is not chosen]
    for document in others:
        said = [digest for digest in document.text.answer("newest").split() if digest != chosen.text.digest]
        if document.text.answer("newest"):
            settle.give(connection, document, {"newest": " ".join(said)})
    newer = settle.give(connection, chosen, {"newest": " ".join(document.text.digest for document in others)})
    return replace(chosen, text=newer)


def _ended(connection: Connection, settled: settle.Settled, now: datetime) -> DecidedCase:
    because = settled.facts.newest.read.get("status_phrase") or "the newest document ends the appeal"
    stopped = stop_in(connection, settled.row, because, note=False, now=now)
    return DecidedCase(
        case_id=settled.row.id or 0,
        code=settled.row.code,
        changed=settled.changed | stopped.changed,
        under_way=stopped.under_way,
        sentences=stopped.sentences,
        next=stopped.next,
        stopped=stopped,
    )


def _told(settled: settle.Settled, now: datetime, letter: str) -> DecidedCase:
    row, facts, asked = settled.row, settled.facts, settled.asked
    expired = expired_on_arrival(row.deadline_on, local_day(now, row.zone))
    # What is answered along with it needs no second question.
    unanswered = replace(asked, campaigns=()) if letter else asked
    return DecidedCase(
        case_id=row.id or 0,
        code=row.code,
        changed=settled.changed,
        questions=facts.questions,
        asked=asked.campaigns,
        drafts=asked.drafts,
        under_way=asked.under_way,
        sentences=(
            f"{words.name_of(row)}: your answers are kept.",
            words.until(row, expired=expired),
            *words.asked_in_words(unanswered),
            *words.waiting(facts.questions),
        ),
        next=words.next_step(row, facts.questions, unanswered, expired=expired, campaigns=settled.campaigns),
        letter=letter,
    )
