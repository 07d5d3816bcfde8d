"""What a list comes to: one instruction per row, ready to store, and the problems told by line, never by content."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from reminder.domain.addresses import EmailAddress, PhoneNumber
from reminder.domain.states import Channel


class Basis(StrEnum):
    """The lawful basis on which we may write."""

    CONSENT = "consent"
    MEMBERSHIP = "membership"  # a member, or somebody in regular contact
    SOFT_OPT_IN = "soft_opt_in"  # gave the address when supporting us, and could say no
    OTHER = "other"


class Asked(StrEnum):
    """Why an address is not to be written to; the later in this list, the stronger."""

    BOUNCED = "bounced"  # the address does not take mail ("cleaned")
    DISABLED = "disabled"  # somebody switched it off in the other program
    UNSUBSCRIBED = "unsubscribed"
    OPTED_OUT = "opted out"
    COMPLAINED = "complained"
    DO_NOT_CONTACT = "do not contact"
    DIED = "has died"


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why we may write by one channel: what a row or a whole file says of it. None is "not said"."""

    basis: Basis | None = None
    source: str | None = None
    wording: str | None = None
    given_on: date | None = None
    evidence: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Agreement:
    """One channel a person is to be written to by, with its grounds.

    `lacks` names what is missing of basis, source, wording, date and confirmation. While it names anything the
    channel waits: it is stored, counted, and gets nothing.
    """

    channel: Channel
    grounds: Grounds
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A do-not-contact entry for the row's address of `channel`.

    `everything` means the person asked for silence by every channel: whoever stores it closes the other channels of
    the same subscriber too. `since` is the day the list tells, None where it tells none.
    """

    channel: Channel
    reason: Asked
    everything: bool = False
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One person as the list has her. Addresses and names stay out of `repr`.

    `phone` is there only if the person agreed to texts or must get none: a number for neither is not kept. A row with
    only `blocks` (`only_blocks`) carries nothing but the addresses to close. `subscriptions` are scopes
    (reminder/domain/scopes.py); none means none, never all. `left_out` are countries (ISO alpha-2) she gets no appeal
    about. Hours are whole local hours, None for the plan's.
    """

    line: int
    email: EmailAddress | None
    phone: PhoneNumber | None
    name: str | None = field(default=None, repr=False)
    locale: str | None = None
    zone: str | None = None
    country: str | None = None
    hour_email: int | None = None
    hour_sms: int | None = None
    subscriptions: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    blocks: tuple[Block, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether the row gets nothing until an organiser supplies what its agreements lack."""
        return bool(self.agreements) and all(agreement.lacks for agreement in self.agreements)

    @property
    def only_blocks(self) -> bool:
        """Whether nothing but do-not-contact entries comes of the row."""
        return not self.agreements

    def addresses(self) -> Iterator[tuple[Channel, str]]:
        """The channels the row has an address for, each with the normal form that is hashed."""
        if self.email is not None:
            yield Channel.EMAIL, self.email.normal
        if self.phone is not None:
            yield Channel.SMS, self.phone.normal

    def blocked(self) -> Iterator[tuple[Channel, str]]:
        """The addresses that this row puts on the do-not-contact list, in the normal form."""
        closed = {block.channel for block in self.blocks}
        return (pair for pair in self.addresses() if pair[0] in closed)


class Level(StrEnum):
    """What a problem does to its row."""

    LEFT_OUT = "left out"  # nothing of the row is stored
    NOTE = "note"  # the row is kept without the value in question


@dataclass(frozen=True, slots=True)
class Problem:
    """Something of one row that could not be read, in words that repeat nothing of the row.

    `line` is where the row begins in the file (the column names stand on line 1 as a rule). `code` is stable;
    `column` is our word for the column; `other_line` is the earlier line that a repeated address stands on.
    """

    line: int
    level: Level
    code: str
    reason: str
    column: str | None = None
    other_line: int | None = None

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}" + (f" ({self.column})" if self.column else "")


@dataclass(slots=True)
class Counts:
    """What a reading came to; complete when the reading has been gone through.

    rows = kept + left_out, and kept = ready + waiting + blocking. A kept row is `ready` if it may be written to by at
    least one channel. `lacking` counts by what waits for it ("email: wording").
    """

    rows: int = 0
    kept: int = 0
    ready: int = 0
    waiting: int = 0
    blocking: int = 0
    left_out: int = 0
    repeated: int = 0
    without_subscription: int = 0
    lacking: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)

    def add_row(self, row: Row) -> None:
        """Count a row that is kept."""
        self.rows += 1
        self.kept += 1
        if row.only_blocks:
            self.blocking += 1
            return
        if row.waits:
            self.waiting += 1
        else:
            self.ready += 1
        if not row.subscriptions:
            self.without_subscription += 1
        for agreement in row.agreements:
            for what in agreement.lacks:
                self.lacking[f"{agreement.channel.name.lower()}: {what}"] += 1

    def add_problem(self, problem: Problem) -> None:
        """Count a problem; one that leaves its row out counts the row too."""
        self.problems[problem.code] += 1
        if problem.level is Level.LEFT_OUT:
            self.rows += 1
            self.left_out += 1
            self.repeated += problem.other_line is not None


@dataclass(frozen=True, slots=True)
class ImportDefaults:
    """What the organiser says of a whole file. A row's own cell comes first, even one that cannot be read.

    `status` is one of the words of the reminder preset ("active", "unsubscribed", "cleaned", "opted_out",
    "do_not_contact"); None leaves it to the file. `sms` is apart from `email`: agreeing to one is not agreeing to the
    other.
    """

    email: Grounds = Grounds()
    sms: Grounds = Grounds()
    locale: str | None = None
    zone: str | None = None
    country: str | None = None
    subscriptions: tuple[str, ...] = ()
    status: str | None = None
