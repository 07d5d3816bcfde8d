"""Which case a document belongs to: the names by which its documents speak of it, never the name of a person.

A case is organisation + series + number + year. Many documents print no number; then the index of each document and the
link to the one before hold the chain together, and the file itself is the last resort.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from reminder.domain.documents import DoubtCode
from reminder.domain.numbers import find_case_numbers, find_indexes

_NUMBER = re.compile(r"(?:(?P<series>[A-Z]{2,5}) )?(?P<number>[0-9]{1,4})/(?P<year>[0-9]{2})")
_OBSERVATORY = re.compile(r"(?P<case>[A-Z]{3} [0-9]{3} / [0-9]{4} / OBS [0-9]{3})(?:\.[0-9]{1,2})?")
# The address of a document in its publisher's library holds its index: /documents/asa17/2219/2020/en/
_LIBRARY = re.compile(r"/documents/([a-z]{3})([0-9]{2})/([0-9]{3,4})/([0-9]{4})(?![0-9])", re.IGNORECASE)
_DOUBTFUL_NUMBER = frozenset({DoubtCode.NUMBERS_DIFFER, DoubtCode.ODD_NUMBER})
NONE = "none"


@dataclass(frozen=True, slots=True)
class IssuedText:
    """One document of a case as it is kept.

    `read` holds the keys of `Document.to_json`, `country` two letters, `given` what an organiser added, by the code of
    the question it answers; `digest` is the file's SHA-256 in hex.
    """

    digest: str
    added_at: datetime
    read: Mapping[str, Any]
    country: str = ""
    given: Mapping[str, str] | None = None

    def answer(self, code: str) -> str:
        """What an organiser gave for `code`; empty where nothing was given."""
        return (self.given or {}).get(code, "")

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the doubts that stood on the document when it was read."""
        return frozenset(doubt["code"] for doubt in self.read.get("warnings") or ())

    @property
    def organisation(self) -> str:
        return self.answer("organisation") or self.read.get("organisation") or ""

    @property
    def number(self) -> str:
        """The number that may be relied upon: an organiser's, or the printed one if nothing speaks against it."""
        if given := self.answer("number"):
            return "" if given == NONE else given
        return "" if self.codes & _DOUBTFUL_NUMBER else self.read.get("ua_number") or ""

    @property
    def index(self) -> str:
        return self.read.get("index") or ""

    @property
    def previous_index(self) -> str:
        return linked_index(self.read.get("previous_ua") or "")

    @property
    def issued_on(self) -> date | None:
        """The issue date; None where it is unknown or doubtful."""
        if given := self.answer("issued"):
            return None if given == NONE else date.fromisoformat(given)
        doubtful = self.codes & {DoubtCode.ISSUE_DATES_DIFFER, DoubtCode.UNCERTAIN_ISSUE_DATE}
        return None if doubtful else _day(self.read.get("issued_on"))

    @property
    def printed_deadline(self) -> date | None:
        return _day(self.read.get("deadline"))


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def linked_index(link: str) -> str:
    """The index of the document that a link or a line names; empty where it names none."""
    if match := _LIBRARY.search(link):
        region, area, serial, year = match.groups()
        return f"{region.upper()} {area}/{serial}/{year}"
    return next(iter(find_indexes(link)), "")


def slug(name: str) -> str:
    """A name without capitals, accents and punctuation: "Amnesty International" is "amnesty-international"."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return "-".join(re.findall(r"\w+", plain.casefold()))


def number_key(organisation: str, number: str) -> str:
    """organisation/series/number/year of a normalised number; empty where either is missing."""
    if not slug(organisation) or not number:
        return ""
    if match := _NUMBER.fullmatch(number):
        rest = f"{(match['series'] or 'ua').lower()}/{match['number']}/{match['year']}"
    elif match := _OBSERVATORY.fullmatch(number):
        rest = f"obs/{slug(match['case'])}"
    else:
        rest = f"other/{slug(number)}"
    return f"{slug(organisation)}/{rest}"


def index_key(index: str) -> str:
    """The key of a document's index; years of two and four digits are the same. Empty for an empty index."""
    head, _, year = index.rpartition("/")
    return f"index/{head}/{year[-2:]}" if head else ""


def file_key(digest: str) -> str:
    return f"file/{digest}"


def keys_of(text: IssuedText) -> tuple[str, ...]:
    """Every key by which this document names its case, sorted; at least that of the file itself."""
    previous = text.read.get("previous_ua") or ""
    numbers = [text.number, *(number.text for number in find_case_numbers(previous) if not number.odd)]
    keys = {number_key(text.organisation, number) for number in numbers}
    keys |= {index_key(text.index), index_key(text.previous_index), file_key(text.digest)}
    return tuple(sorted(keys - {""}))


def chain_keys(order: tuple[IssuedText, ...]) -> tuple[str, ...]:
    """What a case may be called, best first: its newest number, the oldest index of its chain, its oldest file."""
    numbers = [number_key(text.organisation, text.number) for text in reversed(order)]
    indexes = [index_key(index) for text in order for index in (text.previous_index, text.index)]
    files = [file_key(text.digest) for text in order]
    return tuple(dict.fromkeys(key for key in (*numbers, *indexes, *files) if key))


def key_in_words(key: str) -> str:
    """A key as people say it: "UA 63/20", "ASA 17/2219/20"; a file without a number has no such name."""
    parts = key.split("/")
    if parts[0] == "index":
        return "/".join(parts[1:])
    if parts[0] == "file":
        return "without a number"
    if len(parts) == 4:
        return f"{parts[1].upper()} {parts[2]}/{parts[3]}"
    return parts[-1].upper()
