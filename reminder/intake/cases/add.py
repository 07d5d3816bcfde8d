"""A document comes in: it finds its case, takes its place in the chain, and what it leaves open is asked."""

import base64
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from reminder.domain.case_facts import deadline_uncertain, expired_on_arrival, is_ending, missing_of
from reminder.domain.cases import IssuedText, keys_of
from reminder.domain.documents import Document, DocumentKind
from reminder.domain.times import local_day
from reminder.errors import NotAllowed
from reminder.intake.cases import answers, settle, words
from reminder.intake.cases.results import AddedCase, Supplied
from reminder.intake.subscribers.places import read_country
from reminder.store import cases
from reminder.store.audit import record
from reminder.store.cases import Connection, StoredDocument
from reminder.store.database import Database
from reminder.store.vault import Vault

SOURCE_PURPOSE = b"document"


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A checked document on its way into the database. `case` is the organiser's choice of a case, or empty."""

    text: IssuedText
    file_name: str
    source_ct: bytes
    story: str
    case: str
    zone: str
    default_zone: str
    topics: list[str] | None


def add_document(
    database: Database,
    vault: Vault,
    document: Document,
    data: bytes,
    file_name: str,
    supplied: Supplied,
    now: datetime,
    *,
    default_zone: str,
    who: str,
    randomness: Callable[[int], bytes] = os.urandom,
) -> AddedCase:
    """Store a document that was read from `data` in its case, new or known, in one transaction.

    The case is found by organisation + series + number + year, else by the index numbers of its chain, never by a name.
    The same file twice is one document; what is supplied the second time answers what the first left open. Raises
    `Trouble` for a list of several appeals and for a supplied deadline that contradicts a certain one.
    """
    if document.kind is DocumentKind.LIST:
        raise NotAllowed("The document", "holds several appeals", "Add the document of each appeal by itself.")
    zone = answers.zone_of(supplied.zone) if supplied.zone else ""
    home = answers.zone_of(default_zone)
    given = answers.given_by(supplied, local_day(now, zone or home))
    text = _issued(document, data, given, now)
    arrival = _Arrival(
        text,
        os.path.basename(file_name).encode(errors="replace").decode(),
        vault.encrypt(base64.b64encode(data).decode(), SOURCE_PURPOSE),
        document.story or "",
        supplied.case.strip(),
        zone,
        home,
        answers.topics_of(supplied.topics) if supplied.topics else None,
    )

    def work(connection: Connection) -> AddedCase:
        cases.lock_cases(connection)
        new_case, before = _case_for(connection, arrival, now, randomness)
        known = _known(connection, before[0].row.id or 0, text.digest)
        _keep(connection, before[0].row.id or 0, arrival, known)
        settled = settle.settle(connection, before, now, topics=arrival.topics, zone=arrival.zone)
        record(connection, vault, who, "case add", f"case:{settled.row.code}", given, now)
        return _told(settled, text.digest, now, new_case=new_case, new_document=known is None)

    return database.write(work)


def with_missing(document: Document, data: bytes, now: datetime) -> Document:
    """A document that was read from `data`, with a doubt for each thing that its case would wait for."""
    if document.kind is DocumentKind.LIST:
        return document
    return document.with_doubts(missing_of(_issued(document, data, {}, now)))


def _issued(document: Document, data: bytes, given: dict[str, str], now: datetime) -> IssuedText:
    country = document.country_code or read_country(document.country or "") or ""
    return IssuedText(hashlib.sha256(data).hexdigest(), now, document.to_json(), country.upper(), given)


def _case_for(
    connection: Connection, arrival: _Arrival, now: datetime, randomness: Callable[[int], bytes]
) -> tuple[bool, list[settle.Snapshot]]:
    """Whether the case is new, and what it was, with those that this document joins to it."""
    named = settle.cases_of(connection, arrival.text)
    if arrival.case:
        chosen = settle.case_id_of(connection, arrival.case)
        _refuse_other_home(connection, arrival.text.digest, chosen)
        return False, [settle.snapshot(connection, chosen)]
    if named:
        return False, settle.joined(connection, named)
    key = keys_of(arrival.text)[0]
    code = settle.new_code(connection, randomness)
    case_id = cases.create_case(
        connection, key, code, arrival.text.organisation, arrival.zone or arrival.default_zone, now
    )
    return True, [settle.snapshot(connection, case_id)]


def _refuse_other_home(connection: Connection, digest: str, chosen: int) -> None:
    home = cases.cases_by_key(connection, [f"file/{digest}"]).get(f"file/{digest}", chosen)
    if home != chosen:
        code = cases.read_case(connection, home).code
        raise NotAllowed("This file", f"is already in case {code}", f"See it with `reminder case show {code}`.")


def _known(connection: Connection, case_id: int, digest: str) -> StoredDocument | None:
    return next((d for d in cases.documents_of(connection, case_id) if d.text.digest == digest), None)


def _keep(connection: Connection, case_id: int, arrival: _Arrival, known: StoredDocument | None) -> None:
    """A new document at the end of the chain, or what was supplied beside a known one."""
    given = dict(arrival.text.given or {})
    if known is None:
        _refuse_contradiction(replace(arrival.text, given={}), given)
        text = arrival.text
        settle.refuse_before_issue(text)
        cases.add_document_row(
            connection, case_id, text, arrival.file_name, arrival.source_ct, text.issued_on, arrival.story
        )
        return
    if known.text.answer("redacted"):
        raise NotAllowed(
            "This file", "was added before, and its texts were removed", "Add a version that people may see."
        )
    _refuse_contradiction(known.text, given)
    settle.give(connection, known, given)


def _refuse_contradiction(text: IssuedText, given: dict[str, str]) -> None:
    """A certain deadline is moved by `case deadline`, which asks for the source, and never in passing."""
    certain = None if deadline_uncertain(text) or is_ending(text) else text.printed_deadline
    stands = text.answer("deadline") or (certain.isoformat() if certain else "")
    if "deadline" in given and stands not in {"", given["deadline"]}:
        raise NotAllowed(
            "The deadline",
            f"is {stands} already, and you gave {given['deadline']}",
            "Leave it out, then use `reminder case deadline` and name the source.",
        )


def _told(settled: settle.Settled, digest: str, now: datetime, *, new_case: bool, new_document: bool) -> AddedCase:
    row, facts, asked = settled.row, settled.facts, settled.asked
    place = next(document.sequence for document in settled.documents if document.text.digest == digest)
    length = len(settled.documents)
    today: date = local_day(now, row.zone)
    expired = expired_on_arrival(row.deadline_on, today)
    sentences = [
        f"{words.name_of(row)}: {_what_came(place, length, new_case=new_case, new_document=new_document)}",
        *(
            [f"It was stopped on {words.day_in_words(row.stopped_at.date())}; nothing is sent."]
            if row.stopped_at
            else []
        ),
        words.until(row, expired=expired),
        *([f'It says how it ended: "{facts.proposed_outcome.rstrip(". ")}".'] if facts.proposed_outcome else []),
        *words.asked_in_words(asked),
        *words.waiting(facts.questions),
    ]
    return AddedCase(
        case_id=row.id or 0,
        code=row.code,
        changed=settled.changed,
        questions=facts.questions,
        asked=asked.campaigns,
        drafts=asked.drafts,
        under_way=asked.under_way,
        sentences=tuple(sentences),
        next=words.next_step(row, facts.questions, asked, expired=expired, campaigns=settled.campaigns),
        new_case=new_case,
        new_document=new_document,
        is_newest=facts.newest.digest == digest,
        place=place,
        length=length,
        expired_on_arrival=expired,
        proposed_outcome=facts.proposed_outcome,
    )


def _what_came(place: int, length: int, *, new_case: bool, new_document: bool) -> str:
    if not new_document:
        return f"this file is here already, as document {place} of {length}; nothing was added."
    if new_case:
        return "a new case with its first document."
    if place == length:
        return f"document {place} of {length}, the newest; what it says counts from now on."
    return f"document {place} of {length}; newer ones keep their word."
