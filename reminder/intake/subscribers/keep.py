"""Keeping a list: rows that were read become supporters, a few hundred in a transaction. Nothing is ever sent by it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import partial
from itertools import islice
from typing import Any

from reminder.domain.consent import closed_because
from reminder.domain.states import Channel
from reminder.intake.subscribers.rows import Agreement, Block, Level, Problem, Row
from reminder.store.database import Database
from reminder.store.people.addresses import Address
from reminder.store.people.entries import OTHER_ADDRESS, PHONE_TAKEN, Entry, Grounds, Sealed
from reminder.store.people.importing import Kept, keep_entries
from reminder.store.people.ledger import Closing
from reminder.store.vault import Vault

# A transaction of these takes about 50 ms; nobody else writes to SQLite meanwhile.
ROWS_IN_A_TRANSACTION = 250
PROBLEMS_IN_A_REPORT = 1_000
_CONFLICTS = {
    PHONE_TAKEN: "the phone number belongs to another supporter; this row is kept without it",
    OTHER_ADDRESS: "another address of this channel is on record for the same supporter, and that one stays",
}


@dataclass(slots=True)
class ImportReport:
    """What an import came to. Rows are `added`, `filled_in`, `unchanged`, or of people who `left` what the row is about.

    `closed` counts addresses that came on the do-not-contact list, `waiting` rows whose evidence is missing. `problems`
    holds the first thousand, `by_code` counts all of them.
    """

    rows: int = 0
    added: int = 0
    filled_in: int = 0
    unchanged: int = 0
    left: int = 0
    closed: int = 0
    waiting: int = 0
    rows_left_out: int = 0
    by_code: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def add(self, kept: Kept) -> None:
        """Count what one transaction stored."""
        self.added += kept.added
        self.filled_in += kept.changed
        self.unchanged += kept.unchanged
        self.left += kept.left
        self.closed += kept.closed

    def as_json(self) -> dict[str, Any]:
        """The report for a program; it names rows by line only."""
        return {
            "rows": self.rows,
            "added": self.added,
            "filled_in": self.filled_in,
            "unchanged": self.unchanged,
            "left": self.left,
            "closed": self.closed,
            "waiting": self.waiting,
            "rows_left_out": self.rows_left_out,
            "problems_by_code": dict(self.by_code),
            "problems": [
                {"line": p.line, "code": p.code, "reason": p.reason, "column": p.column} for p in self.problems
            ],
        }


def keep_list(
    database: Database,
    vault: Vault,
    rows: Iterable[Row | Problem],
    now: datetime,
    *,
    source: str = "list",
    tell: Callable[[Problem], None] | None = None,
    rows_in_a_transaction: int = ROWS_IN_A_TRANSACTION,
) -> ImportReport:
    """Store a list row by row as it is read; memory does not grow with the list.

    What was stored stays when the reading fails half-way, and importing the list again changes nothing twice. `tell` is
    called with every problem. `source` names the list in the ledger of those whom it closes.
    """
    report = ImportReport()

    def note(problem: Problem) -> None:
        report.by_code[problem.code] += 1
        report.rows_left_out += problem.level is Level.LEFT_OUT
        if len(report.problems) < PROBLEMS_IN_A_REPORT:
            report.problems.append(problem)
        if tell is not None:
            tell(problem)

    for part in _parts(rows, rows_in_a_transaction, note):
        report.rows += len(part)
        report.waiting += sum(row.waits for row in part)
        entries = [_entry(vault, row, now) for row in part]
        kept = database.write(partial(keep_entries, entries=entries, now=now, source=source))
        report.add(kept)
        for line, code in kept.conflicts:
            note(Problem(line, Level.NOTE, code, _CONFLICTS[code]))
    return report


def _parts(rows: Iterable[Row | Problem], size: int, note: Callable[[Problem], None]) -> Iterator[list[Row]]:
    def only_rows() -> Iterator[Row]:
        for item in rows:
            if isinstance(item, Problem):
                note(item)
            else:
                yield item

    stream = only_rows()
    while part := list(islice(stream, size)):
        yield part


def _entry(vault: Vault, row: Row, now: datetime) -> Entry:
    """A row with its addresses hashed and everything personal encrypted."""
    hashes = {channel: Address(channel, vault.address_hash(channel, normal)) for channel, normal in row.addresses()}
    return Entry(
        line=row.line,
        addresses={channel: _sealed(vault, row, address) for channel, address in hashes.items()},
        grounds={agreement.channel: _grounds(vault, agreement) for agreement in row.agreements},
        name_ct=vault.encrypt(row.name, b"name") if row.name else None,
        locale=row.locale or "",
        country=row.country or "",
        zone=row.zone or "",
        email_hour=-1 if row.hour_email is None else row.hour_email,
        sms_hour=-1 if row.hour_sms is None else row.hour_sms,
        scopes=row.subscriptions,
        left_out=row.left_out,
        closings=tuple(_closing(block, hashes[block.channel], now) for block in row.blocks if block.channel in hashes),
    )


def _sealed(vault: Vault, row: Row, address: Address) -> Sealed:
    if address.channel is Channel.EMAIL and row.email is not None:
        return Sealed(address, vault.encrypt(row.email.text, b"email"))
    assert row.phone is not None, "a row names its addresses"
    return Sealed(address, vault.encrypt(row.phone.text, b"phone"), row.phone.country)


def _grounds(vault: Vault, agreement: Agreement) -> Grounds:
    said = agreement.grounds
    return Grounds(
        complete=not agreement.lacks,
        basis=said.basis or "",
        source=said.source or "",
        wording=said.wording or "",
        given_on=said.given_on,
        evidence_ct=vault.encrypt(said.evidence, b"evidence") if said.evidence else None,
    )


def _closing(block: Block, address: Address, now: datetime) -> Closing:
    return Closing(address, closed_because(block.reason, everything=block.everything), _since(block.since, now))


def _since(day: date | None, now: datetime) -> datetime:
    """The end of the day that the list tells, so that a confirmation of that very day counts as the older one."""
    if day is None:
        return now
    return min(now, datetime.combine(day, time(23, 59, 59), UTC))
