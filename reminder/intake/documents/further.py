"""What stands behind a labelled date in the same line or sentence: a second date or a period that differs from it."""

import datetime

from reminder.domain.documents import DeadlineKind
from reminder.intake.documents.dates import Calendar, Reading
from reminder.intake.documents.layout import PARTS, Layout
from reminder.intake.documents.wording import Hit, languages, matches

# "within 6 weeks", "six weeks from the date of issue": a figure, or two words of periods, so near to each other.
WORDS_OF_A_PERIOD = 3
# "It has been extended to …" as a sentence of its own.
WORDS_BEFORE_AN_EXTENSION = 3


def further_date(layout: Layout, hit: Hit, reading: Reading, calendar: Calendar) -> Reading | None:
    """The first date or period behind a certain `reading` that is not the same day; None where there is none.

    Behind a heading the whole line is read, behind a label in running text its sentence as far as it speaks of the
    letter. A second date that cannot be read counts as well: it may be another day.
    """
    number, end = reading.last + 1, _end(layout, hit, reading)
    while number < end:
        second = calendar.read(layout.source, number)
        if second is None:
            if _is_period(layout, hit.language, number, end):
                return Reading(number, number)
            number += 1
        elif _may_differ(layout, second, reading.date):
            return second
        else:
            number = second.last + 1
    return None


def _end(layout: Layout, hit: Hit, reading: Reading) -> int:
    """The number of the word behind the last one that belongs to the labelled line or sentence."""
    source = layout.source
    place = source.words[reading.last].start
    is_heading = hit.role == "heading" or layout.is_heading(hit)
    sentence_end = source.sentence(place)[1]
    end = max(sentence_end, _line_end(layout, hit, place)) if is_heading else _with_extension(layout, sentence_end)
    words = range(reading.last + 1, source.words_between(place, end).stop)
    parts = [one.first for role in PARTS - {"deadline"} for one in layout.hits[role] if _is_label(layout, one, words)]
    return min([words.stop, *parts, *([] if is_heading else _diversions(layout, hit.language, words))])


def _line_end(layout: Layout, hit: Hit, place: int) -> int:
    """The end of the line, or of the next one where a comma, an open bracket or an "or" leads on to it."""
    source = layout.source
    line = source.line_of(place)
    text = source.lines[line]
    last = source.words_between(*source.line_span(line)).stop - 1
    joins = languages()[hit.language].phrases["range_joins"]
    leads_on = text.endswith((",", "(", "[", "/", "–", "-")) or text.count("(") > text.count(")")
    leads_on = leads_on or any(matches(source, last + 1 - len(phrase), phrase) for phrase in joins)
    return source.line_span(min(line + leads_on, len(source.lines) - 1))[1]


def _with_extension(layout: Layout, end: int) -> int:
    """The end of a sentence, or of the next one where that says at once that something was extended."""
    source = layout.source
    following = source.words_between(end, len(source.text)).start
    near = range(following, following + WORDS_BEFORE_AN_EXTENSION)
    extended = any(one.first in near and one.kind is DeadlineKind.EXTENSION for one in layout.hits["deadline"])
    return source.sentence(source.words[following].start)[1] if extended else end


def _is_label(layout: Layout, hit: Hit, words: range) -> bool:
    """Whether another part of the document starts here in the same line, such as its date of issue."""
    return hit.first in words and (layout.has_colon(hit) or layout.begins_segment(hit))


def _diversions(layout: Layout, language: str, words: range) -> list[int]:
    """Where a sentence turns to what is asked for, whose dates are dates of events."""
    phrases = languages()[language].phrases["diversions"]
    return [number for number in words if any(matches(layout.source, number, phrase) for phrase in phrases)][:1]


def _may_differ(layout: Layout, second: Reading, day: datetime.date | None) -> bool:
    """Whether a second reading may be another day; figures without a year are as often an hour."""
    if second.date is not None:
        return second.date != day
    words = layout.source.words[second.first : second.last + 1]
    return len(words) > 2 or any(word.text.isalpha() for word in words)


def _is_period(layout: Layout, language: str, number: int, end: int) -> bool:
    phrases = languages()[language].phrases["relative"]
    if not any(matches(layout.source, number, phrase) for phrase in phrases):
        return False
    behind = range(number + 1, min(number + 1 + WORDS_OF_A_PERIOD, end))
    before = range(max(number - WORDS_OF_A_PERIOD + 1, 0), number)
    has_figure = any(layout.source.texts[place].isdecimal() for place in behind)
    has_figure = has_figure or (bool(before) and layout.source.texts[number - 1].isdecimal())
    return has_figure or any(matches(layout.source, place, phrase) for place in behind for phrase in phrases)
