"""Every date of a text that stands behind a label, with the words as printed; those that cannot be read too."""

import datetime
from collections import defaultdict
from dataclasses import dataclass

from reminder.domain.documents import DeadlineKind, DoubtCode
from reminder.intake.documents.dates import Calendar, Reading
from reminder.intake.documents.further import further_date
from reminder.intake.documents.layout import Layout
from reminder.intake.documents.wording import Hit, languages, matches

NO_OPERATOR = "label"
_BEFORE_A_DATE = frozenset(" \n:：–—-*_|([\"'“”«»=>,")
WORDS_LOOKED_AT_BEHIND = 8
WORDS_BETWEEN_REQUEST_AND_DATE = 9
WORDS_BEFORE_NEGATED = 3
WORDS_OF_A_SURE_LABEL = 3
WORDS_OF_A_LONG_HEADING = 6
WORDS_OF_A_SENTENCE_START = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """One labelled date, or the doubt about it, with the words as printed.

    `differs`: behind the date, in the same line or sentence, stands another date or a period.
    """

    line: int
    phrase: str
    operator: str
    kind: DeadlineKind
    reading: Reading
    differs: bool = False


class Labelled:
    """One walk over the labels of a text."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.source = layout.source
        self.calendars: dict[str, Calendar] = {}
        self.operators: dict[int, list[Hit]] = defaultdict(list)
        for hit in layout.hits["operators"]:
            self.operators[hit.first].append(hit)

    def candidates(self) -> list[Candidate]:
        """All labelled dates in the order of the text; a date that two labels share counts once."""
        hits = [hit for hit in self.layout.hits["deadline"] if not self.layout.in_story(hit) and self._is_label(hit)]
        hits += [hit for hit in self.layout.headings["heading"] if not self.layout.in_story(hit)]
        hits += [
            hit for hit in self.layout.hits["around"] if not self.layout.in_story(hit) and self._is_closed_behind(hit)
        ]
        # The same words may be a label in two languages: those that the document speaks are read.
        spoken = {hit.first for hit in hits if hit.language in self.layout.spoken}
        hits = [hit for hit in hits if hit.language in self.layout.spoken or hit.first not in spoken]
        found = [one for hit in hits if (one := self._of_label(hit))]
        taken = {number for one in found for number in range(one.reading.first, one.reading.last + 1)}
        found += [one for one in self._of_requests() if one.reading.first not in taken]
        told = {one.line for one in found if one.reading.doubt is not DoubtCode.UNREADABLE_DATE}
        found = [one for one in found if one.line not in told or one.reading.doubt is not DoubtCode.UNREADABLE_DATE]
        unique: dict[int, Candidate] = {}
        for one in sorted(found, key=lambda one: (one.reading.last, one.kind is DeadlineKind.APPEAL, -len(one.phrase))):
            unique.setdefault(one.reading.last, one)
        return list(unique.values())

    def late_dates(self) -> list[tuple[datetime.date, str]]:
        """Dates behind "after" in sentences on late appeals, with the sentence."""
        found = []
        for hit in self.layout.hits["late_operators"]:
            reading = None if self.layout.in_story(hit) else self._dated(hit.last + 1, hit.language)
            if reading and reading.date:
                start, end = self.source.sentence(self.source.words[hit.first].start)
                words = self.source.words_between(start, end)
                if any(self.layout.stands_in(role, words) for role in ("late", "negations", "actions")):
                    found.append((reading.date, self.source.text[start:end]))
        return found

    def _is_label(self, hit: Hit) -> bool:
        """Short labels count at the start of a sentence only; an extension needs to say what is extended."""
        if hit.last - hit.first < WORDS_OF_A_SURE_LABEL - 1 and not self.layout.begins_sentence(hit):
            return False
        if hit.kind is not DeadlineKind.EXTENSION:
            return True
        start, end = self.source.sentence(self.source.words[hit.first].start)
        words = self.source.words_between(start, end)
        return self.layout.begins_sentence(hit) or self.layout.stands_in("nouns", words)

    def _calendar(self, language: str) -> Calendar:
        if language not in self.calendars:
            self.calendars[language] = self.layout.calendar(language)
        return self.calendars[language]

    def _of_label(self, hit: Hit) -> Candidate | None:
        last = self._last_before_colon(hit) if hit.role == "heading" else hit.last
        place, operator = self._skip(last + 1, hit.language)
        kind = hit.kind or DeadlineKind.APPEAL
        reading = self._dated(place, hit.language) if self._leads_to(last, place) else None
        if reading is None:
            doubt = self._why_not(hit, place)
            if doubt is None:
                return None
            reading = Reading(hit.first, self._last_behind(hit, place), None, doubt)
        if self._is_negated(hit):
            reading = Reading(reading.first, reading.last, None, DoubtCode.NEGATED)
        return self._candidate(hit, reading, operator or self._operator_of(hit), kind)

    def _candidate(self, hit: Hit, reading: Reading, operator: str, kind: DeadlineKind) -> Candidate:
        further = None
        if reading.date and kind is not DeadlineKind.ENDED_ON:
            further = further_date(self.layout, hit, reading, self._calendar(hit.language))
        phrase = self._phrase(hit.first, further or reading)
        return Candidate(self.layout.line(hit), phrase, operator, kind, reading, differs=further is not None)

    def _last_before_colon(self, hit: Hit) -> int:
        """The last word of a heading that says more before its colon: "Deadline to respond: …"."""
        for number in range(hit.last, min(hit.last + WORDS_OF_A_LONG_HEADING, len(self.source.words))):
            gap = self.source.gap(number)
            if gap.lstrip()[:1] in (":", "："):
                return number
            if gap.strip(" '’-/"):
                break
        return hit.last

    def _skip(self, place: int, language: str) -> tuple[int, str | None]:
        """Past an operator and small words between a label and its date: "Deadline: by Friday the 29th"."""
        operator = None
        particles = self._calendar(language).particles
        while place < len(self.source.words):
            longest = max(self.operators.get(place, []), key=lambda hit: hit.last, default=None)
            if longest is not None and operator is None:
                operator = self._words(longest)
                place = longest.last + 1
            elif (
                self.source.words[place].text in particles and self._calendar(language).read(self.source, place) is None
            ):
                place += 1
            else:
                break
        return place, operator

    def _leads_to(self, last: int, place: int) -> bool:
        """Whether only spaces, colons, brackets and dashes stand between a label and its date."""
        gaps = [self.source.gap(number) for number in range(last, min(place, len(self.source.words)))]
        return all(len(gap) <= 60 and gap.count("\n") <= 2 and set(gap) <= _BEFORE_A_DATE for gap in gaps)

    def _dated(self, place: int, language: str) -> Reading | None:
        """The date at a place; where another one follows at once, the two are a range."""
        calendar = self._calendar(language)
        reading = calendar.read(self.source, place)
        if reading is None:
            figure = self.source.words[place].text if place < len(self.source.words) else ""
            if figure.isdecimal() and len(figure) <= 2 and self.source.gap(place).strip() in ("-", "–", "—", "/"):
                following = calendar.read(self.source, place + 1)
                return following and Reading(place, following.last, None, DoubtCode.DATE_RANGE)
            return None
        second = self._second_date(reading, calendar, language)
        return Reading(place, second.last, None, DoubtCode.DATE_RANGE) if second else reading

    def _second_date(self, reading: Reading, calendar: Calendar, language: str) -> Reading | None:
        gap = self.source.gap(reading.last)
        if gap.count("\n") > 1 or set(gap) & set(".!?;:"):
            return None
        if set(gap.strip()) & set("-–—/&") and (second := calendar.read(self.source, reading.last + 1)):
            return second
        spoken = {language, *self.layout.spoken}
        joins = {phrase for code in spoken for phrase in languages()[code].phrases["range_joins"]}
        for phrase in sorted(joins, key=len, reverse=True):
            if matches(self.source, reading.last + 1, phrase):
                return calendar.read(self.source, reading.last + 1 + len(phrase))
        return None

    def _why_not(self, hit: Hit, place: int) -> DoubtCode | None:
        """Why no date stands behind a label: a period, an open end, something unreadable. None where it is no label after all."""
        behind = range(place, min(place + WORDS_LOOKED_AT_BEHIND, len(self.source.words)))
        end = next(
            (number for number in range(hit.last, behind.stop) if self._breaks(self.source.gap(number))), behind.stop
        )
        behind = range(place, min(behind.stop, end + 1))
        language = languages()[hit.language]
        readings = [reading for number in behind if (reading := self._calendar(hit.language).read(self.source, number))]
        if len({(reading.last) for reading in readings}) > 1:
            return DoubtCode.DATE_RANGE
        for role, code in (("relative", DoubtCode.RELATIVE_DATE), ("open_ended", DoubtCode.OPEN_ENDED)):
            if any(matches(self.source, number, phrase) for number in behind for phrase in language.phrases[role]):
                return code
        is_heading = self.layout.is_heading(hit)
        if is_heading or any(char.isdecimal() for number in behind for char in self.source.words[number].text):
            return DoubtCode.UNREADABLE_DATE
        return None

    def _last_behind(self, hit: Hit, place: int) -> int:
        """The last word that belongs to a label without a date: no further than its line, or what that is wrapped into."""
        if place >= len(self.source.words):
            return len(self.source.words) - 1
        end = self.source.words_between(0, self.source.sentence(self.source.words[place].start)[1]).stop - 1
        return max(hit.last, min(hit.last + WORDS_LOOKED_AT_BEHIND, end))

    @staticmethod
    def _breaks(gap: str) -> bool:
        return (
            gap.count("\n") > 1
            or gap.lstrip()[:1] in ("!", "?", ";")
            or (gap.startswith(".") and gap[1:2] in (" ", "\n", ""))
        )

    def _is_negated(self, hit: Hit) -> bool:
        """Whether "not" or its like stands just before the label, in the same sentence."""
        for number in range(hit.first - 1, max(-1, hit.first - 1 - WORDS_BEFORE_NEGATED), -1):
            if set(self.source.gap(number)) & set(".!?:;\n"):
                return False
            if any(matches(self.source, number, phrase) for phrase in languages()[hit.language].phrases["negations"]):
                return True
        return False

    def _is_closed_behind(self, hit: Hit) -> bool:
        """For languages that put "before" behind the date: whether it stands there."""
        reading = self._calendar(hit.language).read(self.source, hit.last + 1)
        after = languages()[hit.language].phrases["after"]
        return bool(reading and any(matches(self.source, reading.last + 1, phrase) for phrase in after))

    def _operator_of(self, hit: Hit) -> str:
        ends = [
            one for first in range(hit.first, hit.last + 1) for one in self.operators[first] if one.last == hit.last
        ]
        if not ends:
            phrase = tuple(word.text for word in self.source.words[hit.first : hit.last + 1])
            for operator in sorted(languages()[hit.language].phrases["operators"], key=len, reverse=True):
                if phrase[-len(operator) :] == operator:
                    return self._printed(hit.last + 1 - len(operator), hit.last)
            return NO_OPERATOR
        return self._words(min(ends, key=lambda one: one.first))

    def _words(self, hit: Hit) -> str:
        return self._printed(hit.first, hit.last)

    def _printed(self, first: int, last: int) -> str:
        text = self.source.text[self.source.words[first].start : self.source.words[last].end]
        return " ".join(text.lower().replace("’", "'").split())

    def _of_requests(self) -> list[Candidate]:
        """Dates behind "by" and the like in sentences that begin with a request to write."""
        found = []
        for hit in self.layout.hits["actions"]:
            if self.layout.in_story(hit) or self._is_negated(hit):
                continue
            start, end = self.source.sentence(self.source.words[hit.first].start)
            sentence = self.source.words_between(start, end)
            start_words = WORDS_OF_A_SENTENCE_START if hit.last > hit.first else 1
            if hit.first - self._after_polite_words(sentence, hit) <= start_words:
                found += self._in_request(hit, sentence)
        return found

    def _after_polite_words(self, sentence: range, hit: Hit) -> int:
        polite = languages()[hit.language].phrases["polite"]
        return sentence.start + max(
            (len(one) for one in polite if matches(self.source, sentence.start, one)), default=0
        )

    def _in_request(self, hit: Hit, sentence: range) -> list[Candidate]:
        language = languages()[hit.language]
        for number in range(hit.last + 1, min(sentence.stop, hit.last + 2 + WORDS_BETWEEN_REQUEST_AND_DATE)):
            if any(matches(self.source, number, phrase) for phrase in language.phrases["diversions"]):
                break
            for operator in sorted(self.operators.get(number, []), key=lambda one: -one.last):
                place, _ = self._skip(operator.last + 1, hit.language)
                reading = self._dated(place, hit.language) if self._leads_to(operator.last, place) else None
                if reading:
                    return [self._candidate(hit, reading, self._words(operator), DeadlineKind.APPEAL)]
        return []

    def _phrase(self, first: int, reading: Reading) -> str:
        """The words as printed, from the start of the sentence where that is near, to the date and its stop."""
        start = self.source.words[first].start
        sentence = self.source.sentence(start)[0]
        before = self.source.text[sentence:start]
        if len(before) <= 40 and "\n" not in before and not any(char.isdecimal() or char in "+|" for char in before):
            start = sentence
        end = self.source.words[reading.last].end
        rest = self.source.text[end : end + 2]
        stop = next((length for length in (1, 2) if rest[:length].strip() in tuple(".!)。")), 0)
        return self.source.text[start : end + stop].strip()
