"""Title, country and organisation of a document."""

import re
import tomllib
from collections import Counter
from functools import cache
from importlib.resources import files

from reminder.domain.numbers import find_case_numbers, find_indexes, find_sequence
from reminder.intake.documents.countries import countries_in
from reminder.intake.documents.layout import Layout
from reminder.intake.documents.source import words_of
from reminder.intake.documents.targets import Targets
from reminder.intake.documents.wording import Hit, Index, Phrase

LONGEST_TITLE = 200
LONGEST_ORDINAL = 12
WORDS_OF_A_LOUD_TITLE = 3
_NUMBER_IN_BRACKETS = re.compile(r"\s*\([^()]{0,80}\)\s*$")


def read_title(layout: Layout) -> str | None:
    """The title: behind its label, behind the mark of the series, in capitals, or the first line that says anything."""
    for hit in layout.headings["title"]:
        if value := layout.value(hit):
            return _trimmed(value)
    lines = [line for line in layout.head_lines if not _is_machine_line(layout, line)]
    for line in lines:
        if title := _behind_mark(layout, line):
            return _trimmed(title)
    for line in lines:
        if title := _loud(layout, line):
            return _trimmed(title)
    return next((_trimmed(_plain(layout, line)) for line in lines if len(_plain(layout, line)) > 3), None)


def _trimmed(text: str) -> str:
    text = " ".join(text.split())
    bracket = _NUMBER_IN_BRACKETS.search(text)
    if bracket and (find_case_numbers(bracket.group()) or find_indexes(bracket.group())):
        text = text[: bracket.start()]
    return text.strip(" :–—-|•")[:LONGEST_TITLE]


def _plain(layout: Layout, line: int) -> str:
    """A line without numbers and indexes."""
    text = layout.source.lines[line].strip(" •|")
    for number in find_case_numbers(text):
        text = text.replace(number.raw, " ")
    return " ".join(text.split()).strip(" :–—-|")


def _is_machine_line(layout: Layout, line: int) -> bool:
    """Whether a line holds only a mark, a number, an index, a date or a labelled value."""
    text = layout.source.lines[line]
    if any(layout.line(hit) == line for role, hits in layout.headings.items() if role != "title" for hit in hits):
        return True
    if any(layout.line(hit) == line for hit in layout.hits["deadline"]) or find_indexes(text):
        return True
    if len(re.findall(r" [>›»|] ", text)) > 1:
        return True
    start, end = layout.source.line_span(line)
    words = layout.source.words_between(start, end)
    left = set(words)
    for hit in layout.hits["marks"] + layout.hits["update"]:
        left -= set(range(hit.first, hit.last + 1))
    calendar, number = layout.calendar(), words.start
    while number < words.stop:
        reading = calendar.read(layout.source, number)
        left -= set(range(number, reading.last + 1)) if reading else set()
        number = reading.last + 1 if reading else number + 1
    letters = sum(
        char.isalpha()
        for number in left
        for char in layout.source.words[number].text
        if not _is_ordinal(layout.source.words[number].text)
    )
    return letters < 3


def _is_ordinal(word: str) -> bool:
    return word[0].isdecimal() or (len(word) <= LONGEST_ORDINAL and find_sequence(f"{word} update") is not None)


def _behind_mark(layout: Layout, line: int) -> str | None:
    """What follows "URGENT ACTION:" in its line, or in capitals behind it."""
    start, end = layout.source.line_span(line)
    words = layout.source.words_between(start, end)
    ends = [hit.last for hit in layout.hits["marks"] + layout.hits["update"] if hit.first == words.start]
    if not ends:
        return None
    mark_end = layout.source.words[max(ends)].end
    rest = layout.source.text[mark_end:end]
    if rest.lstrip().startswith(":"):
        return rest.lstrip(" :")
    return _loud_start(rest) if layout.source.text[start:mark_end].strip(" •").isupper() else None


def _loud(layout: Layout, line: int) -> str | None:
    """A line in capitals, with a second one that goes on."""
    text = _plain(layout, line)
    if not text.isupper() or len(text.split()) < WORDS_OF_A_LOUD_TITLE:
        return None
    following = layout.source.lines[line + 1].strip() if line + 1 < len(layout.source.lines) else ""
    goes_on = following.isupper() and line + 1 in layout.head_lines and not _is_machine_line(layout, line + 1)
    return f"{text} {following}" if goes_on and len(text) > 30 else text


def _loud_start(text: str) -> str | None:
    words = text.split()
    count = next((number for number, word in enumerate(words) if word != word.upper()), len(words))
    return " ".join(words[:count]) if count >= WORDS_OF_A_LOUD_TITLE else None


def read_country(layout: Layout, title: str | None, targets: Targets) -> str | None:
    """The two letters of the country: behind its label, in the title or alone in a line of the head, in the target's
    address, else the one that the head names most often. None where two are named alike."""
    source = layout.source
    for hit in layout.headings["country"]:
        start, end = source.line_span(layout.line(hit))
        if found := countries_in(source, source.words[hit.last].end, end):
            return found[0]
    for line in layout.head_lines:
        start, end = source.line_span(line)
        text = source.lines[line]
        found = countries_in(source, start, end)
        is_title = (
            (title is not None and words_of(title)[:4] == words_of(text)[:4])
            or find_case_numbers(text)
            or find_indexes(text)
        )
        is_alone = (
            len(found) == 1
            and (len(text.strip()) < 40 or _starts_loud(text))
            and text.strip()[:1].isupper()
            and _starts_with_country(layout, start, end)
        )
        if found and (is_title or is_alone) and len(set(found)) == 1:
            return found[0]
    return _of_targets(layout, targets) or _most_named(layout)


def _starts_loud(text: str) -> bool:
    return text.split()[0].isupper() if text.split() else False


def _starts_with_country(layout: Layout, start: int, end: int) -> bool:
    words = layout.source.words_between(start, end)
    return bool(words) and bool(
        countries_in(
            layout.source,
            layout.source.words[words.start].start,
            layout.source.words[min(words.start + 2, words.stop - 1)].end,
        )
    )


def _of_targets(layout: Layout, targets: Targets) -> str | None:
    """The country at the end of the main target's address."""
    for target in targets.targets:
        address = target.postal_address or ""
        place = layout.source.text.find(address.split("\n")[-1]) if address and not target.copy else -1
        if place >= 0:
            found = countries_in(layout.source, place, place + len(address.split("\n")[-1]))
            if found:
                return found[-1]
    return None


def _most_named(layout: Layout) -> str | None:
    start, end = 0, layout.source.line_span(layout.head_lines[-1])[1] if layout.head_lines else 0
    counts = Counter(countries_in(layout.source, start, end)).most_common(2)
    if not counts or (len(counts) == 2 and counts[0][1] == counts[1][1]):
        return None
    return counts[0][0]


@cache
def _organisations() -> tuple[tuple[str, tuple[Phrase, ...], bool], ...]:
    data = tomllib.loads(files(__package__).joinpath("organisations.toml").read_text(encoding="utf-8"))
    return tuple(
        (one["name"], tuple(words_of(name) for name in one["names"]), one.get("index", False))
        for one in data["organisation"]
    )


def read_organisation(layout: Layout, index: str | None) -> str | None:
    """Who issued it: behind its label, named in the head, by its index form, or named anywhere."""
    for hit in layout.headings["organisation"]:
        if value := layout.value(hit, lines=0):
            return value[:LONGEST_TITLE]
    source = layout.source
    head_end = source.line_span(layout.head_lines[-1])[1] if layout.head_lines else 0
    head = source.words_between(0, head_end)
    named = [hit for hit in _organisation_index().find(source) if not _in_address(layout, hit)]
    if first := next((hit for hit in named if hit.first in head), None):
        return first.role
    if index:
        return next(name for name, _, by_index in _organisations() if by_index)
    return named[0].role if named else None


@cache
def _organisation_index() -> Index:
    return Index((phrase, name, "", None) for name, phrases, _ in _organisations() for phrase in phrases)


def _in_address(layout: Layout, hit: Hit) -> bool:
    """Whether the name is part of a link or an email address."""
    start = layout.source.words[hit.first].start
    return layout.source.text[start - 1 : start] in (".", "/", "@")
