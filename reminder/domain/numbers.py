"""Numbers of appeals: UA numbers with their series and ordinals, and the index of one document.

A number is `n/yy`, counted per year. People write it with zeros, dots, dashes, four-digit years and the letter o;
here it becomes one form. The key of a case is organisation + series + number + year, so a series other than the
plain one stays part of the number ("EXTRA 139/95").
"""

import re
from dataclasses import dataclass

# More than this many in a year has never been issued (the busiest years had about 700).
HIGHEST_NUMBER_OF_A_YEAR = 999

PLAIN_SERIES = frozenset({"ua", "uaa", "au", "fi", "uas"})
NAMED_SERIES = frozenset({"extra", "ex", "ma", "nsa", "ns"})

_SERIES = "|".join(sorted(PLAIN_SERIES | NAMED_SERIES, key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?<![\w/.-])(?P<series>{_SERIES})(?: ?(?:no|nr|n°|#)\.?)?[ :#-]{{0,3}}"
    r"(?P<number>[0-9oO]{1,4}) ?[/.-] ?(?P<year>[0-9]{4}|[0-9]{2})(?P<update>-[0-9]{1,2})?(?![\w/]|[.-][0-9])",
    re.IGNORECASE,
)
_BARE_NUMBER = re.compile(r"(?<![\w/.-])(?P<number>[0-9]{1,3})/(?P<year>[0-9]{2})(?![\w/]|[.-][0-9])")
_OBSERVATORY = re.compile(
    r"(?<!\w)([A-Z]{3}) ?([0-9]{3}) ?/ ?([0-9]{4}) ?/ ?OBS ?([0-9]{3})(?:\.([0-9]{1,2}))?(?![\w/])"
)
_INDEX = re.compile(
    r"(?<![\w/-])(?P<region>ASA|AFR|AMR|EUR|MDE|ACT|IOR|POL)[ -]?(?P<area>[0-9]{2}) ?/ ?(?P<serial>[0-9]{3,4}) ?/ ?"
    r"(?P<year>[0-9]{4}|[0-9]{2})(?![\w/]|[.-][0-9])"
)
_ORDINAL_FIGURE = re.compile(r"(?<!\w)(?P<figure>[0-9]{1,2})(?:st|nd|rd|th) (?:further )?update(?!\w)", re.IGNORECASE)
_ORDINAL_WORDS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
    *("eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth"),
)
_ORDINAL_UPDATE = re.compile(rf"(?<!\w)(?P<word>{'|'.join(_ORDINAL_WORDS)}) (?:further )?update(?!\w)", re.IGNORECASE)
_ORDINAL_DOCUMENT = re.compile(rf"(?<!\w)(?P<word>{'|'.join(_ORDINAL_WORDS)}) (?:ua|au)(?![\w])", re.IGNORECASE)
_SUBJECT_OF_FIRST = re.compile(r"^\W{0,2}(?:ua|uaa|au) ?[0-9]{1,4}/[0-9]{2} on \w", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """One number as normalised and as printed. `sequence` is the place in the chain, 1 for the first document."""

    text: str
    raw: str
    year: int
    sequence: int | None = None
    odd: bool = False


def find_case_numbers(line: str) -> list[CaseNumber]:
    """All numbers with their series word in one line, in order; those of the Observatory keep their own form."""
    numbers = [_of_match(match) for match in _NUMBER.finditer(line)]
    for match in _OBSERVATORY.finditer(line):
        country, serial, month_year, case, update = match.groups()
        text = f"{country} {serial} / {month_year} / OBS {case}" + (f".{update}" if update else "")
        sequence = int(update) + 1 if update else None
        numbers.append(CaseNumber(text, match.group(), int(month_year[2:]), sequence))
    return numbers


def _of_match(match: re.Match[str]) -> CaseNumber:
    series, digits, year = match["series"].lower(), match["number"].lower().replace("o", "0"), match["year"][-2:]
    number = int(digits)
    text = f"{number}/{year}" if series in PLAIN_SERIES else f"{series.upper()} {number}/{year}"
    sequence = int(match["update"][1:]) + 1 if match["update"] else None
    odd = not 0 < number <= HIGHEST_NUMBER_OF_A_YEAR
    return CaseNumber(text, match.group(), int(year), sequence, odd)


def find_sequence(line: str) -> int | None:
    """The place in the chain that ordinals tell: "first update" is document 2, "THIRD UA" is document 3."""
    if match := _ORDINAL_FIGURE.search(line):
        return int(match["figure"]) + 1
    if match := _ORDINAL_UPDATE.search(line):
        return _ORDINAL_WORDS.index(match["word"].lower()) + 2
    if match := _ORDINAL_DOCUMENT.search(line):
        return _ORDINAL_WORDS.index(match["word"].lower()) + 1
    return None


def read_subject(subject: str) -> CaseNumber | None:
    """The number and place in the chain that a subject line gives, also where the series word is missing
    ("second update to 214/12")."""
    numbers = find_case_numbers(subject)
    sequence = find_sequence(subject)
    if numbers:
        found = numbers[0]
    elif sequence and (bare := _BARE_NUMBER.search(subject)):
        found = CaseNumber(f"{int(bare['number'])}/{bare['year']}", bare.group(), int(bare["year"]))
    else:
        return None
    if sequence is None and found.sequence is None and _SUBJECT_OF_FIRST.match(subject):
        sequence = 1
    return CaseNumber(found.text, found.raw, found.year, sequence or found.sequence, found.odd)


def find_indexes(line: str) -> list[str]:
    """All index numbers in one line as `ASA 17/3279/2020`: one space, slashes, the year as printed."""
    return [f"{m['region']} {m['area']}/{m['serial']}/{m['year']}" for m in _INDEX.finditer(line)]


def same_index(one: str, other: str) -> bool:
    """Whether two forms name one document: the year may have two or four digits."""
    head, _, year = one.rpartition("/")
    other_head, _, other_year = other.rpartition("/")
    return head == other_head and year[-2:] == other_year[-2:]
