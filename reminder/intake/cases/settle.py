"""After every change of a case's documents: their order, the facts, what campaigns are asked. All in one transaction."""

import base64
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from reminder.domain.case_facts import Facts, facts_of
from reminder.domain.cases import IssuedText, index_key, keys_of, linked_index, number_key
from reminder.domain.documents import DoubtCode
from reminder.domain.numbers import find_case_numbers
from reminder.domain.states import Reason
from reminder.domain.times import local_day
from reminder.errors import NotAllowed, Trouble
from reminder.store import case_moves, cases
from reminder.store.cases import Connection
from reminder.store.tables import CaseFile

CODE_LENGTH = 6
Randomness = Callable[[int], bytes]
# A change of one of these makes old reminders wrong: they are taken back and the letter is asked about.
_ASKS_FOR_THE_LETTER = frozenset({"document", "deadline", "review"})
_COLUMNS = {
    "deadline_on": "deadline",
    "review_on": "review",
    "sent_by_counts": "sent_by_counts",
    "country": "country",
    "organisation": "organisation",
    "key": "number",
    "title": "title",
    "topics": "topics",
    "zone": "zone",
    "questions": "questions",
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A case before a change; `facts` is None while it has no document."""

    row: CaseFile
    facts: Facts | None


@dataclass(frozen=True, slots=True)
class Settled:
    """A case after a change: what differs from before, what its campaigns were asked, and all that it has."""

    row: CaseFile
    facts: Facts
    documents: tuple[cases.StoredDocument, ...]
    changed: frozenset[str]
    asked: case_moves.Asked
    campaigns: tuple[cases.CampaignLine, ...] = ()


def case_id_of(connection: Connection, reference: str) -> int:
    """The case that people mean by a code ("k3x7qa"), a number ("UA 63/20") or an index; `Trouble` for none or several."""
    words = " ".join(reference.split())
    code = words.casefold()
    numbers = find_case_numbers(words) or find_case_numbers(f"UA {words}")
    endings = {number_key("any", number.text).removeprefix("any") for number in numbers}
    keys = [key for key in (code, f"code/{code}", index_key(linked_index(words.upper()))) if key]
    found = cases.cases_by_reference(connection, code, keys, endings.pop() if len(endings) == 1 else "")
    if not found:
        raise Trouble("The case", "is not known by this code or number", "See the codes in `reminder case list`.")
    if len(found) > 1:
        codes = ", ".join(cases.read_case(connection, case_id).code for case_id in found)
        raise Trouble("The number", f"belongs to several cases ({codes})", "Name one of them by its code.")
    return found[0]


def snapshot(connection: Connection, case_id: int) -> Snapshot:
    """The case as it is; the caller holds `lock_cases` where it means to change it."""
    row = cases.read_case(connection, case_id)
    texts = [document.text for document in cases.documents_of(connection, case_id)]
    return Snapshot(row, facts_of(texts, stopped_at=row.stopped_at) if texts else None)


def new_code(connection: Connection, randomness: Randomness = os.urandom) -> str:
    """A free word of six lower-case base32 characters that tells nothing about the case."""
    while True:
        code = base64.b32encode(randomness(5)).decode().lower()[:CODE_LENGTH]
        if not cases.is_code_taken(connection, code):
            return code


def cases_of(connection: Connection, text: IssuedText) -> list[int]:
    """The cases that a document names by its numbers, indexes or file, oldest first; several are one in truth."""
    return sorted(set(cases.cases_by_key(connection, keys_of(text)).values()))


def joined(connection: Connection, case_ids: list[int]) -> list[Snapshot]:
    """Make one case of several, that of the first id, and return what each was before.

    A stopped case, or one whose texts were removed, is never joined by itself: what it stands for would be lost.
    """
    before = [snapshot(connection, case_id) for case_id in case_ids]
    if len(before) > 1 and any(s.row.stopped_at or s.row.redacted_at for s in before):
        codes = " and ".join(s.row.code for s in before)
        raise NotAllowed(
            "This document",
            f"belongs to the cases {codes}, one of which was stopped or had its texts removed",
            "Name the case that it goes to with --case.",
        )
    for other in case_ids[1:]:
        case_moves.join_cases(connection, case_ids[0], other)
    return before


def give(connection: Connection, document: cases.StoredDocument, given: Mapping[str, str]) -> IssuedText:
    """Add to a document what an organiser says; a later word goes before an earlier one."""
    text = replace(document.text, given=dict(document.text.given or {}) | dict(given))
    refuse_before_issue(text)
    cases.set_given(connection, document.id, text.given or {}, text.issued_on)
    return text


def refuse_before_issue(text: IssuedText) -> None:
    """A given deadline lies on or after the day of issue, unless the document itself contradicts that day."""
    given, issued = text.answer("deadline"), text.issued_on
    if given and issued and given < issued.isoformat() and DoubtCode.BEFORE_ISSUE not in text.codes:
        raise Trouble(
            "The deadline", f"would lie before the day of issue ({issued.isoformat()})", "Check the year and the day."
        )


def settle(
    connection: Connection,
    before: list[Snapshot],
    now: datetime,
    *,
    reason: Reason = Reason.DOCUMENT_CHANGED,
    topics: list[str] | None = None,
    zone: str = "",
) -> Settled:
    """Put the documents of the first case of `before` in order, work out its facts, ask its campaigns.

    `before` is what this case, and those joined to it, were when the transaction began.
    """
    was = before[0]
    case_id = was.row.id or 0
    documents = cases.documents_of(connection, case_id)
    own = cases.claim_keys(connection, case_id, _keys(document.text for document in documents))
    facts = facts_of([document.text for document in documents], stopped_at=was.row.stopped_at)
    ids = {document.text.digest: document.id for document in documents}
    order = [ids[text.digest] for text in facts.order]
    if order != [document.id for document in documents] or [d.sequence for d in documents] != [
        *range(1, len(order) + 1)
    ]:
        cases.set_places(connection, order)
    values = {
        "key": next(key for key in facts.keys if key in own),
        "organisation": facts.organisation,
        "title": facts.title,
        "country": facts.country,
        "deadline_on": facts.deadline_on,
        "deadline_because": facts.deadline_because,
        "review_on": facts.review_on,
        "sent_by_counts": facts.sent_by_counts,
        "questions": [question.to_json() for question in facts.questions],
        "topics": was.row.topics if topics is None else topics,
        "zone": zone or was.row.zone,
    }
    cases.change_case(connection, case_id, values)
    changed = _changed(before, facts, values)
    asked = _ask(connection, before, facts, changed, now, reason)
    return Settled(
        cases.read_case(connection, case_id),
        facts,
        tuple(cases.documents_of(connection, case_id)),
        changed,
        asked,
        tuple(cases.campaigns_of(connection, case_id)),
    )


def _keys(texts: Iterable[IssuedText]) -> set[str]:
    return {key for text in texts for key in keys_of(text)}


def _changed(before: list[Snapshot], facts: Facts, values: Mapping[str, object]) -> frozenset[str]:
    was = before[0]
    changed = {name for column, name in _COLUMNS.items() if getattr(was.row, column) != values[column]}
    newest = {snapshot.facts.newest.digest for snapshot in before if snapshot.facts}
    if newest != {facts.newest.digest}:
        changed.add("document")
    if (was.facts.channels if was.facts else ()) != facts.channels:
        changed.add("channels")
    return frozenset(changed)


def _ask(
    connection: Connection,
    before: list[Snapshot],
    facts: Facts,
    changed: frozenset[str],
    now: datetime,
    reason: Reason,
) -> case_moves.Asked:
    """Campaigns of a stopped case are over; those without a text wait for one; the others wait for an answer if what
    they would send may be wrong now."""
    row = before[0].row
    doubtful = bool(facts.questions) and not row.questions
    if row.stopped_at or facts.newest.answer("redacted") or not (changed & _ASKS_FOR_THE_LETTER or doubtful):
        return case_moves.Asked()
    open_again = facts.deadline_on is not None and facts.deadline_on >= local_day(now, row.zone)
    return case_moves.ask_campaigns(connection, row.id or 0, "letter", reason, expired_too=open_again)
