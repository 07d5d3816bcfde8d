"""A cleaned text with its lines and words, and where each of them stands.

Everything that reads goes over words, one step at a time, and never over patterns that could run wild: the work is
in proportion to the length of the text.
"""

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

WRAP_WIDTH = 50
# A line is full when its next word would have passed this share of the width.
FULL_LINE_SHARE = 0.8
LONGEST_SENTENCE = 600
LINES_OF_A_SENTENCE = 6

# Chinese characters stand one by one; other scripts in runs of letters and figures.
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
_BULLET = re.compile(r"\s*(?:[•●▪◦‣∙·*–—-]|\(?[0-9]{1,2}[.)])\s+")
_SENTENCE_END = re.compile(r"[.!?。！？][\"”’»)\]]?(?:\s+|$)|(?<=[。！？])|\s{3,}")
_ABBREVIATED = re.compile(r"(?:^|[\s(.])(?:[A-Za-z]|[0-9]{1,2}|Mr|Mrs|Ms|Dr|No|St|Nr|Sr|Sra|Art|bzw|Mme)$")


class _Folding(dict[int, str]):
    """One character to one character: small, without accents, figures of any script as 0-9, quotes and dashes plain."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = self._fold(char)
        self[code] = folded
        return folded

    @staticmethod
    def _fold(char: str) -> str:
        figure = unicodedata.decimal(char, None)
        if figure is not None:
            return str(figure)
        if char in "’‘`´ʼ":
            return "'"
        small = char.lower()[0]
        plain = unicodedata.normalize("NFD", small)[0]
        return plain if plain.isalnum() else small


_FOLDING = _Folding()


def fold(text: str) -> str:
    """The text made comparable, character by character: places in it stay the same."""
    return text.translate(_FOLDING)


def words_of(text: str) -> tuple[str, ...]:
    """The folded words of a phrase."""
    return tuple(_WORD.findall(fold(text)))


@dataclass(frozen=True, slots=True)
class Word:
    """One folded word and its place in the text."""

    text: str
    start: int
    end: int


class Source:
    """A cleaned text: words, lines, sentences. `text` uses "\\n" alone and no control characters."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = [Word(m.group(), m.start(), m.end()) for m in _WORD.finditer(fold(text))]
        self.texts = tuple(word.text for word in self.words)
        # Lines that carry a label and its value: they end where they end, however long they are.
        self.closed_lines: frozenset[int] = frozenset()
        self.line_starts = [0]
        for match in re.finditer("\n", text):
            self.line_starts.append(match.end())

    @cached_property
    def lines(self) -> list[str]:
        """The lines, without their ends."""
        return [line.rstrip() for line in self.text.split("\n")]

    @cached_property
    def width(self) -> int:
        """How wide the lines of the text are where they are full: all but the widest tenth of the long ones."""
        long = sorted(length for line in self.lines if (length := len(line)) >= WRAP_WIDTH)
        return long[len(long) * 9 // 10] if long else WRAP_WIDTH

    def line_of(self, position: int) -> int:
        """The number of the line in which a place lies."""
        return bisect_right(self.line_starts, position) - 1

    def line_span(self, number: int) -> tuple[int, int]:
        """Where a line starts and ends."""
        start = self.line_starts[number]
        return start, start + len(self.lines[number])

    def words_between(self, start: int, end: int) -> range:
        """The numbers of the words that start between two places."""
        first = bisect_right(self.words, start - 1, key=lambda word: word.start)
        last = bisect_right(self.words, end - 1, key=lambda word: word.start)
        return range(first, last)

    def gap(self, number: int) -> str:
        """What stands between a word and the next one; after the last word, the rest."""
        end = self.words[number + 1].start if number + 1 < len(self.words) else len(self.text)
        return self.text[self.words[number].end : min(end, self.words[number].end + 80)]

    def flows(self, number: int) -> bool:
        """Whether a line goes on in the next one: a sentence wrapped by the width of the page."""
        if number + 1 >= len(self.lines):
            return False
        line, following = self.lines[number].strip(), self.lines[number + 1].strip()
        if not line or not following or line[-1] in ".!?:;。！？：" or _BULLET.match(self.lines[number + 1] + " "):
            return False
        if len(line) >= 20 and following[0].islower():
            return True
        if number in self.closed_lines or number + 1 in self.closed_lines:
            return False
        return len(line) >= WRAP_WIDTH and len(line) + len(following.split(" ", 1)[0]) >= FULL_LINE_SHARE * self.width

    def sentence(self, position: int) -> tuple[int, int]:
        """Start and end of the sentence around a place; wrapped lines are joined, blocks of lines are not."""
        first = last = self.line_of(position)
        while first > 0 and last - first < LINES_OF_A_SENTENCE and self.flows(first - 1):
            first -= 1
        while last - first < 2 * LINES_OF_A_SENTENCE and self.flows(last):
            last += 1
        start, end = self.line_starts[first], self.line_span(last)[1]
        start, end = max(start, position - LONGEST_SENTENCE), min(end, position + LONGEST_SENTENCE)
        for match in _SENTENCE_END.finditer(self.text, start, end):
            if match.group()[0] == "." and _is_abbreviated(self.text[max(0, match.start() - 5) : match.start()]):
                continue
            if match.end() > position:
                end = match.end()
                break
            start = match.end()
        piece = self.text[start:end]
        return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


def _is_abbreviated(before: str) -> bool:
    """Whether the dot behind these letters ends an abbreviation or a day ("22. Dezember") rather than a sentence."""
    return bool(_ABBREVIATED.search(before))
