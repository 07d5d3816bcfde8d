"""Where the parts of a document lie: its headings, the letter, the background, the head."""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from reminder.intake.documents.dates import Calendar
from reminder.intake.documents.source import Source
from reminder.intake.documents.wording import COMMON_ENGLISH, Hit, deadline_index, languages, recognise, role_index

LINES_OF_THE_HEAD = 30
LONGEST_SALUTATION = 90
# Words of one role are looked at so many times; a text with more of them is no appeal but an attack.
MOST_HITS = 1_000
# Roles whose heading starts a new part of the document.
PARTS = frozenset(
    {
        *("title", "issued", "number", "index", "summary", "letter", "target", "copies", "write_in", "background"),
        *("previous", "name", "pronouns", "country", "organisation", "deadline"),
    }
)
_LINE_PREFIX = re.compile(r"(?:[\s•●▪◦‣∙·*+|>#–—-]|\(?[0-9]{1,2}[.)]\s)*")


@dataclass(frozen=True, slots=True)
class Lines:
    """A run of lines, the last one not included."""

    start: int
    end: int

    def __contains__(self, line: object) -> bool:
        return isinstance(line, int) and self.start <= line < self.end


NOWHERE = Lines(0, 0)


class Layout:
    """A text with everything that its words say about its form."""

    def __init__(self, source: Source) -> None:
        self.source = source
        recognised = recognise(source)
        self.language = recognised[0] if recognised else None
        self.spoken = tuple(dict.fromkeys((*recognised, COMMON_ENGLISH))) if recognised else tuple(languages())
        self.hits: dict[str, list[Hit]] = defaultdict(list)
        self._firsts: dict[str, list[int]] = {}
        for hit in (*role_index(self.spoken).find(source), *deadline_index().find(source)):
            if len(self.hits[hit.role]) < MOST_HITS:
                self.hits[hit.role].append(hit)
        source.closed_lines = frozenset(self.part_lines)

    def calendar(self, also: str | None = None) -> Calendar:
        """The calendar of the document's languages, led by the language of a label."""
        codes = dict.fromkeys((*((also,) if also else ()), *self.spoken))
        return Calendar(languages()[code] for code in codes)

    def line(self, hit: Hit) -> int:
        """The line in which a hit starts."""
        return self.source.line_of(self.source.words[hit.first].start)

    def begins_segment(self, hit: Hit) -> bool:
        """Whether nothing but a bullet, a wide gap or a colon stands before the hit in its line."""
        start = self.source.words[hit.first].start
        line = self.line(hit)
        before = self.source.text[self.source.line_starts[line] : start]
        if before.endswith("   ") or before.rstrip().endswith(":"):
            return True
        if before.isupper() and len(before.split()) == 1 and self.is_loud(hit):
            return True
        return _LINE_PREFIX.fullmatch(before) is not None and not (line > 0 and self._wrapped_into(line, hit))

    def _wrapped_into(self, line: int, hit: Hit) -> bool:
        return self.source.flows(line - 1) and not self.is_loud(hit)

    def stands_in(self, role: str, words: range) -> bool:
        """Whether words of a role start among these words."""
        if role not in self._firsts:
            self._firsts[role] = sorted(hit.first for hit in self.hits[role])
        place = bisect_left(self._firsts[role], words.start)
        return place < len(self._firsts[role]) and self._firsts[role][place] < words.stop

    def begins_sentence(self, hit: Hit) -> bool:
        """Whether the hit stands first in its sentence or in its part of a line."""
        start = self.source.words[hit.first].start
        return self.begins_segment(hit) or self.source.sentence(start)[0] == start

    def is_loud(self, hit: Hit) -> bool:
        """Whether the words are printed in capitals."""
        text = self.source.text[self.source.words[hit.first].start : self.source.words[hit.last].end]
        return text.isupper() and len(text) > 2

    def has_colon(self, hit: Hit) -> bool:
        """Whether a colon follows, after a bracket at most: "LETTER (400 words):"."""
        end = self.source.words[hit.last].end
        rest = self.source.text[end : self.source.line_span(self.source.line_of(end))[1]]
        return re.match(r"[\s\"”’]*(?:\([^()]{0,60}\))?\s*[:：]", rest) is not None

    def fills_line(self, hit: Hit) -> bool:
        """Whether nothing else stands in the line."""
        start, end = self.source.line_span(self.line(hit))
        before, after = (
            self.source.text[start : self.source.words[hit.first].start],
            self.source.text[self.source.words[hit.last].end : end],
        )
        return not any(char.isalnum() for char in before + after)

    def is_heading(self, hit: Hit) -> bool:
        """Whether the hit labels what follows: at the start of a line, in capitals, before a colon or alone."""
        return self.begins_segment(hit) and (self.is_loud(hit) or self.has_colon(hit) or self.fills_line(hit))

    @cached_property
    def headings(self) -> dict[str, list[Hit]]:
        """The headings of each role in the order of the text. Short deadline headings may say more before their colon."""
        headings = {role: [hit for hit in self.hits[role] if self.is_heading(hit)] for role in sorted(PARTS)}
        return headings | {"heading": [hit for hit in self.hits["heading"] if self._is_deadline_heading(hit)]}

    def _is_deadline_heading(self, hit: Hit) -> bool:
        if not self.begins_segment(hit):
            return False
        end = self.source.words[hit.last].end
        if re.match(r"[^\n.!?:]{0,50}[:：]", self.source.text[end : end + 60]):
            return True
        return hit.language in self.spoken and self.is_heading(hit)

    @cached_property
    def part_lines(self) -> list[int]:
        """The lines in which a part starts, in order."""
        lines = {self.line(hit) for hits in self.headings.values() for hit in hits}
        return sorted(lines)

    def next_part(self, line: int) -> int:
        """The first line after this one in which another part starts; the number of lines where none does."""
        place = bisect_right(self.part_lines, line)
        return self.part_lines[place] if place < len(self.part_lines) else len(self.source.lines)

    def value(self, hit: Hit, *, lines: int = 3) -> str:
        """What stands behind a heading: the rest of its line with what it is wrapped into, or the next line that has words."""
        end = self.source.words[hit.last].end
        line = self.source.line_of(end)
        rest = self.source.text[end : self.source.line_span(line)[1]]
        parts = [re.sub(r"^[\s\"”’]*(?:\([^()]{0,60}\))?\s*[:：–—-]*\s*", "", rest, count=1).strip()]
        while len(parts) <= lines and line + 1 < len(self.source.lines) and line + 1 not in self.source.closed_lines:
            following = self.source.lines[line + 1].strip()
            if any(parts) and not self.source.flows(line):
                break
            line += 1
            parts.append(following)
        return " ".join(part for part in parts if part)

    @cached_property
    def salutation_line(self) -> int | None:
        """The line with which the letter's salutation starts, not one that only names the salutation to use."""
        for hit in self.hits["salutations"]:
            line = self.line(hit)
            text = self.source.lines[line].strip()
            inside = self.source.text[: self.source.words[hit.first].start].endswith("   ")
            if (
                (self.begins_segment(hit) or inside)
                and len(text) <= LONGEST_SALUTATION
                and text[-1] in ",:;，："
                and text[0].isupper()
            ):
                return line
        return None

    @cached_property
    def letter(self) -> Lines:
        """The lines of the model letter: from its heading or salutation to its closing words."""
        starts = [self.line(hit) for hit in self.headings["letter"]]
        start = min(starts) if starts else self.salutation_line
        if start is None:
            return NOWHERE
        closings = [hit for hit in self.hits["closings"] if self.line(hit) > start and self.begins_segment(hit)]
        limit = min(
            (self.line(hit) for hit in self.headings["background"] if self.line(hit) > start),
            default=len(self.source.lines),
        )
        for hit in closings:
            if self.line(hit) < limit:
                return Lines(start, self._end_of_closing(hit))
        after = self.salutation_line if self.salutation_line is not None and self.salutation_line > start else start
        return Lines(start, self.next_part(after))

    def _end_of_closing(self, hit: Hit) -> int:
        line = self.line(hit)
        while self.source.flows(line):
            line += 1
        return line + 1

    @cached_property
    def background(self) -> Lines:
        """The lines of the background story: from its heading to the next part."""
        for hit in self.headings["background"]:
            line = self.line(hit)
            if line not in self.letter:
                return Lines(line, self.next_part(line))
        return NOWHERE

    @cached_property
    def head_lines(self) -> list[int]:
        """The first lines with words before the letter and the background, where number, index and date of issue stand."""
        ends = [part.start for part in (self.letter, self.background) if part.start > 0]
        limit = min(ends, default=len(self.source.lines))
        filled = [line for line in range(min(limit, 4 * LINES_OF_THE_HEAD)) if self.source.lines[line].strip()]
        return filled[:LINES_OF_THE_HEAD]

    def pieces(self, value: str) -> list[str]:
        """The entries of a list in one line, parted by commas, slashes apart, and the words for "and" and "or"."""
        words = {phrase[0] for code in self.spoken for phrase in languages()[code].phrases["conjunctions"]}
        joined = "|".join(map(re.escape, sorted(words)))
        return [piece for piece in re.split(rf"[,;،、，；]|\s&\s|\s(?:{joined})\s", value) if piece.strip()]

    def in_story(self, hit: Hit) -> bool:
        """Whether the hit stands in the letter or in the background, where dates are those of events."""
        line = self.line(hit)
        return line in self.letter or line in self.background
