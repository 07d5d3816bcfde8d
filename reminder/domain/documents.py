"""What one issued document says: plain values, and the doubts that make it wait for an organiser.

The keys of `Document.to_json` are fixed: programs read them. A field is None or empty where the document does not say.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

SHORTEST_USUAL_WINDOW_DAYS = 7
LONGEST_USUAL_WINDOW_DAYS = 120
FARTHEST_DEADLINE_DAYS = 366


class DocumentKind(StrEnum):
    """What sort of document this is. FIRST opens a case, UPDATE continues one, OUTCOME ends it."""

    FIRST = "first"
    UPDATE = "update"
    OUTCOME = "outcome"
    LIST = "list"
    LETTER = "letter"


class DeadlineKind(StrEnum):
    """What the printed date means. ENDED_ON is a closing date of the past, never an open deadline."""

    APPEAL = "appeal"
    EXTENSION = "extension"
    SEND_BY = "send_by"
    ENDED_ON = "ended_on"
    SECTION_ACTION = "section_action"
    PETITION = "petition"
    CAMPAIGN_LIST = "campaign_list"


class DoubtCode(StrEnum):
    """Why a document needs a look. The words are stable: programs and tests compare them."""

    NO_DEADLINE = "no_deadline"
    NO_YEAR = "no_year"
    TWO_DIGIT_YEAR = "two_digit_year"
    AMBIGUOUS_DATE = "ambiguous_date"
    NO_SUCH_DAY = "no_such_day"
    MISSPELT_MONTH = "misspelt_month"
    UNREADABLE_DATE = "unreadable_date"
    WRONG_WEEKDAY = "wrong_weekday"
    RELATIVE_DATE = "relative_date"
    OPEN_ENDED = "open_ended"
    DATE_RANGE = "date_range"
    NEGATED = "negated"
    LATE_SENTENCE_DATE = "late_sentence_date"
    DEADLINES_DIFFER = "deadlines_differ"
    BEFORE_ISSUE = "before_issue"
    SHORT_WINDOW = "short_window"
    LONG_WINDOW = "long_window"
    FAR_DEADLINE = "far_deadline"
    EXPIRED_ON_ARRIVAL = "expired_on_arrival"
    CLOSED = "closed"
    SEVERAL_CASES = "several_cases"
    LETTER_ONLY = "letter_only"
    NUMBERS_DIFFER = "numbers_differ"
    ODD_NUMBER = "odd_number"
    ISSUE_DATES_DIFFER = "issue_dates_differ"
    UNCERTAIN_ISSUE_DATE = "uncertain_issue_date"
    NO_NAME = "no_name"
    NAME_WITHOUT_LABEL = "name_without_label"
    NAMES_DIFFER = "names_differ"
    NO_TARGET = "no_target"
    TARGET_UNCERTAIN = "target_uncertain"
    EMAIL_HIDDEN = "email_hidden"
    ENCODING_GUESSED = "encoding_guessed"
    GARBLED_TEXT = "garbled_text"
    UNKNOWN_LANGUAGE = "unknown_language"
    NO_ORGANISATION = "no_organisation"
    NO_COUNTRY = "no_country"
    NO_NUMBER = "no_number"


# These tell something without making the reading uncertain. Expired is a fact, read with certainty: nothing is sent.
INFORMING = frozenset({DoubtCode.EXPIRED_ON_ARRIVAL, DoubtCode.EMAIL_HIDDEN, DoubtCode.UNKNOWN_LANGUAGE})


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing a person should look at: a stable code, and a sentence that says what to do."""

    code: DoubtCode
    message: str


@dataclass(frozen=True, slots=True)
class Target:
    """Who the letter is addressed to. `postal_address` keeps its lines; `copy` marks an embassy or other copy."""

    name: str | None = None
    role: str | None = None
    postal_address: str | None = None
    salutation: str | None = None
    email: tuple[str, ...] = ()
    fax: str | None = None
    phone: str | None = None
    social: str | None = None
    copy: bool = False

    def to_json(self) -> dict[str, Any]:
        """The target with exactly the fixed keys."""
        return {
            "name": self.name,
            "role": self.role,
            "postal_address": self.postal_address,
            "salutation": self.salutation,
            "email": list(self.email),
            "fax": self.fax,
            "phone": self.phone,
            "social": self.social,
            "copy": self.copy,
        }


@dataclass(frozen=True, slots=True)
class Document:
    """One issued text as it was read.

    `country` is an English name and `country_code` its two letters; `story` is what it tells beside the letter, in
    paragraphs (neither is part of the JSON). `deadline_operator` holds the
    words that the document uses ("until", "avant le", "label" where a heading alone stands before the date).
    `write_in` holds languages as printed, and "own language" for the reader's own. `items` are a list's entries.
    """

    language: str | None = None
    kind: DocumentKind | None = None
    title: str | None = None
    case_names: tuple[str, ...] = ()
    country: str | None = None
    country_code: str | None = None
    organisation: str | None = None
    ua_number: str | None = None
    sequence: int | None = None
    index: str | None = None
    issued_on: datetime.date | None = None
    deadline: datetime.date | None = None
    deadline_phrase: str | None = None
    deadline_operator: str | None = None
    deadline_kind: DeadlineKind | None = None
    late_policy: str | None = None
    previous_ua: str | None = None
    status_phrase: str | None = None
    targets: tuple[Target, ...] = ()
    demands: tuple[str, ...] = ()
    letter: str | None = None
    write_in: tuple[str, ...] = ()
    pronouns: str | None = None
    items: tuple["Document", ...] = ()
    warnings: tuple[Doubt, ...] = ()
    story: str | None = None

    @property
    def certain(self) -> bool:
        """Whether it may go live without an organiser: an open deadline, and no doubt that is more than a remark."""
        if self.deadline is None or self.deadline_kind is DeadlineKind.ENDED_ON:
            return False
        return all(doubt.code in INFORMING for doubt in self.warnings)

    def to_json(self) -> dict[str, Any]:
        """One object with exactly the fixed keys; dates are ISO, what the document does not say is null or empty."""
        return {
            "language": self.language,
            "kind": self.kind.value if self.kind else None,
            "title": self.title,
            "case_names": list(self.case_names),
            "country": self.country,
            "organisation": self.organisation,
            "ua_number": self.ua_number,
            "sequence": self.sequence,
            "index": self.index,
            "issued_on": self.issued_on.isoformat() if self.issued_on else None,
            "deadline": self.deadline.isoformat() if self.deadline else None,
            "deadline_phrase": self.deadline_phrase,
            "deadline_operator": self.deadline_operator,
            "deadline_kind": self.deadline_kind.value if self.deadline_kind else None,
            "late_policy": self.late_policy,
            "previous_ua": self.previous_ua,
            "status_phrase": self.status_phrase,
            "targets": [target.to_json() for target in self.targets],
            "demands": list(self.demands),
            "letter": self.letter,
            "write_in": list(self.write_in),
            "pronouns": self.pronouns,
            "items": [item.to_json() for item in self.items],
            "warnings": [{"code": doubt.code.value, "message": doubt.message} for doubt in self.warnings],
        }

    def with_doubts(self, doubts: Iterable[Doubt]) -> "Document":
        """The same document with more doubts, each told once."""
        return replace(self, warnings=tuple(dict.fromkeys((*self.warnings, *doubts))))


def plausibility(
    deadline: datetime.date,
    *,
    issued_on: datetime.date | None,
    read_on: datetime.date,
    kind: DeadlineKind | None = None,
) -> list[Doubt]:
    """What is odd about an open deadline, seen on the day `read_on`. Changes no date: a person decides."""
    if kind is DeadlineKind.ENDED_ON:
        return []
    doubts = []
    if issued_on and deadline < issued_on:
        doubts.append(
            Doubt(
                DoubtCode.BEFORE_ISSUE,
                f"The deadline {deadline} lies before the issue date {issued_on}; one of them is a typing error."
                " Ask the publisher and give the right date.",
            )
        )
    elif issued_on:
        doubts.extend(_window_doubts((deadline - issued_on).days))
    if (deadline - read_on).days > FARTHEST_DEADLINE_DAYS:
        doubts.append(
            Doubt(DoubtCode.FAR_DEADLINE, f"The deadline {deadline} is more than twelve months away. Check the year.")
        )
    if deadline < read_on:
        doubts.append(
            Doubt(
                DoubtCode.EXPIRED_ON_ARRIVAL,
                f"The deadline {deadline} has passed already: nobody will be reminded."
                " Look for an update of this appeal, or give a later deadline with its source.",
            )
        )
    return doubts


def _window_doubts(days: int) -> list[Doubt]:
    if days < SHORTEST_USUAL_WINDOW_DAYS:
        message = (
            f"Only {days} days lie between issue and deadline. Check both dates; if they are right, use fast channels."
        )
        return [Doubt(DoubtCode.SHORT_WINDOW, message)]
    if days > LONGEST_USUAL_WINDOW_DAYS:
        return [
            Doubt(
                DoubtCode.LONG_WINDOW, f"{days} days lie between issue and deadline, more than usual. Check both dates."
            )
        ]
    return []
