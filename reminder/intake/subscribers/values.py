"""Reading the other cells: text, dates, hours, yes and no."""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta

from reminder.domain.cells import typed_cell

# A day that has begun in the zone furthest ahead (UTC+14) is not in the future.
FURTHEST_AHEAD = timedelta(hours=14)

_DATE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.[0-9]+)?\s?(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?(?: UTC)?)?\Z"
)
_HOUR = re.compile(r"([0-9]{1,2})(?::00)?(?::00)?\Z")
_SEPARATORS = re.compile(r"[;|,\n]")
_YES = frozenset({"1", "yes", "y", "true", "t", "x", "on"})
_NO = frozenset({"", "0", "no", "n", "false", "f", "off"})
# Zero-width joiners are letters' business in Persian and in Indian scripts; all else of "format" goes.
_KEPT_FORMATS = frozenset("\u200c\u200d")
_SPACES = frozenset({"Zs", "Zl", "Zp"})


def clean_cell(cell: str) -> str:
    """A cell without outer blanks and without the apostrophe that guards an exported formula."""
    text = cell.strip()
    return typed_cell(text) if text[:1] == "'" else text


def plain_text(text: str, limit: int) -> str | None:
    """`text` in NFC and on one line, without control, bidi and private-use characters; None if nothing is left.

    `limit` is in characters; the rest is cut at a whole character.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text[:limit].strip() or None
    kept = []
    for char in text:
        kind = unicodedata.category(char)
        if kind in _SPACES or char in "\t\n\r":
            kept.append(" ")
        elif kind[0] != "C" or char in _KEPT_FORMATS:
            kept.append(char)
    return unicodedata.normalize("NFC", " ".join("".join(kept).split()))[:limit].strip() or None


def read_date(text: str, now: datetime) -> date | str:
    """The UTC day of an ISO date or date and time, or the code of the problem.

    "2020-12-29", "2020-12-29T09:00:00+06:00", "2020-12-29 09:00:00 UTC"; a time without an offset is UTC, as the
    exports of mailing programs have it.
    """
    match = _DATE.match(text)
    if match is None:
        return "bad_date"
    day, clock, offset = match.groups()
    try:
        if clock is None:
            given_on = date.fromisoformat(day)
            return "future_date" if given_on > (now + FURTHEST_AHEAD).date() else given_on
        zone = "+00:00" if offset in (None, "Z", "UTC") else offset
        instant = datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return "bad_date"
    return "future_date" if instant > now else instant.date()


def read_hour(text: str) -> int | None:
    """A whole local hour ("9", "09:00"), or None."""
    match = _HOUR.match(text)
    return int(match[1]) if match and int(match[1]) < 24 else None


def read_flag(text: str) -> bool | None:
    """Yes or no; None for a word that is neither."""
    word = text.lower()
    if word in _YES:
        return True
    return False if word in _NO else None


def read_words(text: str) -> list[str]:
    """The parts of a cell with several values, parted by ; | or commas."""
    return [word for part in _SEPARATORS.split(text) if (word := part.strip())]
