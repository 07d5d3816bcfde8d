"""The model letter, what it demands, and the lines on language and late appeals."""

import re
from dataclasses import dataclass
from functools import cache

from babel import Locale

from reminder.intake.documents.layout import NOWHERE, Layout, Lines
from reminder.intake.documents.source import words_of
from reminder.intake.documents.wording import Hit, Phrase, languages

OWN_LANGUAGE = "own language"
MOST_DEMANDS = 20
LONGEST_DEMAND = 600
LONGEST_LETTER = 12_000
LINES_OF_AN_ADDRESS = 9
WIDEST_ADDRESS_LINE = 80
_BULLET = re.compile(r"\s*(?:[•●▪◦‣∙*–—-]|\(?[0-9]{1,2}[.)])\s+(?=\S)")


@dataclass(frozen=True, slots=True)
class Letter:
    """The parts of the model letter: salutation, the lines of an address inside it, the text to its closing words."""

    salutation: str | None = None
    address: Lines = NOWHERE
    body: str | None = None


def read_letter(layout: Layout) -> Letter:
    """The model letter of a document; empty where it has none."""
    if layout.letter is NOWHERE:
        return Letter()
    lines = layout.letter
    salutation = _salutation(layout)
    start = _after_heading(layout)
    address = _address(layout, Lines(layout.source.line_of(start), lines.end), salutation)
    parts = _body_lines(layout, start, salutation, address)
    body = join_lines(layout, parts)
    return Letter(salutation[2] if salutation else None, address, body[:LONGEST_LETTER] or None)


def _after_heading(layout: Layout) -> int:
    """The place behind the letter's heading; the start of its first line where it has none."""
    hits = [hit for hit in layout.headings["letter"] if layout.line(hit) == layout.letter.start]
    if not hits:
        return layout.source.line_starts[layout.letter.start]
    end = max(layout.source.words[hit.last].end for hit in hits)
    rest = re.match(r"[\s\"”’]*(?:\([^()]{0,60}\))?[ \t]*[:：]?", layout.source.text[end : end + 120])
    return end + (rest.end() if rest else 0)


def _salutation(layout: Layout) -> tuple[int, int, str] | None:
    """Start, end and words of the salutation: to its comma or colon."""
    start = _after_heading(layout)
    for hit in layout.hits["salutations"]:
        place = layout.source.words[hit.first].start
        if place < start or layout.line(hit) not in layout.letter:
            continue
        if not (layout.begins_segment(hit) or not layout.source.text[start:place].strip()):
            continue
        text = layout.source.text[place : place + 90].split("\n")[0]
        match = re.match(r"[^,:;，：!]{3,80}[,:;，：!]", text)
        if match:
            return place, place + match.end(), match.group().strip()
        if len(text) < 60 and text.strip() == layout.source.lines[layout.line(hit)].strip():
            return place, place + len(text), text.strip()
    return None


def _address(layout: Layout, lines: Lines, salutation: tuple[int, int, str] | None) -> Lines:
    """The block of short lines right before or right behind the salutation: the addressee."""
    at = layout.source.line_of(salutation[0]) if salutation else lines.start
    for start in dict.fromkeys((_next_filled(layout, lines.start), _next_filled(layout, at + 1))):
        end = start
        while end < lines.end and end - start < LINES_OF_AN_ADDRESS and _is_address_line(layout, end, at):
            end += 1
        if end - start >= 2 and _looks_like_address(layout, Lines(start, end)):
            return Lines(start, end)
    return NOWHERE


def _is_address_line(layout: Layout, line: int, salutation_line: int) -> bool:
    text = layout.source.lines[line].strip()
    if not text or line == salutation_line or len(text) > WIDEST_ADDRESS_LINE:
        return False
    return not (text.endswith(".") and len(text) > 40) and not _BULLET.match(layout.source.lines[line])


def _looks_like_address(layout: Layout, lines: Lines) -> bool:
    texts = [layout.source.lines[line].strip() for line in range(lines.start, lines.end)]
    capital = sum(not text[0].islower() for text in texts)
    wide = sum(len(text) > 65 for text in texts)
    return capital >= len(texts) - 1 and wide <= 2 and not texts[-1].endswith((".", ","))


def _next_filled(layout: Layout, line: int) -> int:
    while line < len(layout.source.lines) - 1 and not layout.source.lines[line].strip():
        line += 1
    return line


def _body_lines(
    layout: Layout, start: int, salutation: tuple[int, int, str] | None, address: Lines
) -> list[tuple[int, str]]:
    first = layout.source.line_of(salutation[1] if salutation else start)
    found = []
    for line in range(first, layout.letter.end):
        if line in address:
            continue
        begin, end = layout.source.line_span(line)
        begin = max(begin, salutation[1] if salutation and line == first else start)
        found.append((line, layout.source.text[begin:end].strip()))
    return found


def join_lines(layout: Layout, parts: list[tuple[int, str]]) -> str:
    """Lines made paragraphs: wrapped ones joined, bullets and blank lines kept."""
    text = ""
    for line, part in parts:
        if not part:
            text = text.rstrip("\n") + "\n\n" if text else ""
        elif text and not text.endswith("\n") and layout.source.flows(line - 1) and not _BULLET.match(part):
            text += " " + part
        else:
            text += ("" if not text or text.endswith("\n") else "\n") + part
    return text.strip()


def read_demands(layout: Layout) -> tuple[str, ...]:
    """The bulleted demands, in the letter or behind a request to write; wrapped bullets are joined."""
    starts = [layout.line(hit) for hit in [*layout.hits["demands"], *layout.hits["actions"]]]
    cues = {line for line in starts if line not in layout.background}
    for cue in sorted(cues):
        line = _end_of_cue(layout, cue)
        demands = _bullets(layout, line + 1) if line is not None else _indented(layout, cue)
        if demands:
            return tuple(demands[:MOST_DEMANDS])
    return ()


def _end_of_cue(layout: Layout, line: int) -> int | None:
    """The line with which the sentence before a list ends, in a colon or in an open word."""
    last = line
    while layout.source.flows(last) and last - line < 4:
        last += 1
    text = layout.source.lines[last].rstrip()
    following = _next_filled(layout, last + 1)
    if not text.endswith((":", "：", "to", "…")):
        if len(text) >= 60 or following != last + 1:
            return None
        following = following if _is_bullet(layout, following) else _next_filled(layout, following + 1)
    return following - 1 if _is_bullet(layout, following) else None


def _is_bullet(layout: Layout, line: int) -> bool:
    return line < len(layout.source.lines) and _BULLET.match(layout.source.lines[line]) is not None


def _bullets(layout: Layout, line: int) -> list[str]:
    demands: list[str] = []
    marks: set[str] = set()
    while line < len(layout.source.lines):
        text = layout.source.lines[line]
        bullet = _BULLET.match(text)
        if bullet:
            mark = bullet.group().strip()[-1]
            marks = marks or {mark}
            if mark not in marks:
                break
            demands.append(text[bullet.end() :].strip())
        elif text.strip() and demands and not _ends_list(layout, line) and len(demands[-1]) < LONGEST_DEMAND:
            demands[-1] += " " + text.strip()
        elif text.strip() or not _next_is_bullet(layout, line):
            break
        line += 1
    return demands


def _indented(layout: Layout, cue: int) -> list[str]:
    """Demands whose marks were lost on the way: behind a colon, each starts with an indented line."""
    line = cue + 1
    if not layout.source.lines[cue].rstrip().endswith((":", "：")) or not _is_indented(layout, line):
        return []
    demands: list[str] = []
    while line < len(layout.source.lines) and layout.source.lines[line].strip() and not _ends_list(layout, line):
        if _is_indented(layout, line):
            demands.append("")
        demands[-1] = f"{demands[-1]} {layout.source.lines[line].strip()}".strip()
        line += 1
    return demands


def _is_indented(layout: Layout, line: int) -> bool:
    return line < len(layout.source.lines) and layout.source.lines[line][:1] == " "


def _ends_list(layout: Layout, line: int) -> bool:
    if line in layout.source.closed_lines or not layout.source.lines[line - 1].strip():
        return True
    return any(layout.line(hit) == line and layout.begins_segment(hit) for hit in layout.hits["closings"])


def _next_is_bullet(layout: Layout, line: int) -> bool:
    return _is_bullet(layout, _next_filled(layout, line))


def read_languages(layout: Layout) -> tuple[str, ...]:
    """The languages to write in, as printed; "own language" for the reader's own."""
    found: list[str] = []
    for hit in layout.hits["write_in"]:
        if layout.in_story(hit) or not layout.begins_sentence(hit):
            continue
        value = _language_list(layout, hit)
        labelled = layout.is_heading(hit)
        pieces = [piece for part in value.split("/") for piece in layout.pieces(part)]
        found = [name for piece in pieces if (name := _language(layout, piece, labelled))]
        if found:
            break
    own = [hit for hit in layout.hits["own_language"] if not layout.in_story(hit)]
    if own and OWN_LANGUAGE not in found:
        found.append(OWN_LANGUAGE)
    return tuple(dict.fromkeys(found))


def _language_list(layout: Layout, hit: Hit) -> str:
    value = layout.value(hit, lines=1)
    return re.split(r"[.:;(]|\s{3,}", value.lstrip(": "), maxsplit=1)[0][:200]


def _language(layout: Layout, piece: str, is_labelled: bool) -> str | None:
    """One language of a list; in running text only what is one, behind a label anything of a word or two."""
    words = piece.strip(" .:;-–—[]").split()
    common = {word for code in layout.spoken for word in languages()[code].common}
    while len(words) > 1 and words_of(words[0])[:1] and words_of(words[0])[0] in common:
        words.pop(0)
    name = " ".join(words)
    own = {phrase for code in layout.spoken for phrase in languages()[code].phrases["own_language"]}
    if any(" ".join(phrase) in " ".join(words_of(name)) for phrase in own):
        return OWN_LANGUAGE
    if not name or len(words) > 3 or not name.replace(" ", "").replace("-", "").isalpha():
        return None
    return name if is_labelled or words_of(name) in _names_of_languages() else None


@cache
def _names_of_languages() -> frozenset[Phrase]:
    return frozenset(words_of(name) for code in languages() for name in Locale(code).languages.values())


def read_late_policy(layout: Layout) -> str | None:
    """The sentence on appeals after the deadline."""
    for hit in layout.hits["late"]:
        if layout.in_story(hit):
            continue
        start, end = layout.source.sentence(layout.source.words[hit.first].start)
        if layout.stands_in("late_operators", layout.source.words_between(start, end)):
            return " ".join(layout.source.text[start:end].split())
    return None


def read_status(layout: Layout) -> str | None:
    """The sentence that says that the action is over."""
    for hit in layout.hits["closed"]:
        if layout.in_story(hit):
            continue
        start, end = layout.source.sentence(layout.source.words[hit.first].start)
        return " ".join(layout.source.text[start:end].split())
    return None
