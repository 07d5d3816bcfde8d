"""What a document tells beside its letter: the summary under the title, and the background."""

import re

from reminder.intake.documents.layout import NOWHERE, Layout, Lines
from reminder.intake.documents.letter import join_lines
from reminder.intake.documents.source import words_of

LONGEST_STORY = 20_000
_PARAGRAPH_END = re.compile(r"[.!?:…。！？：][\"”’»)\]]*$")


def read_story(layout: Layout, title: str | None) -> str | None:
    """The paragraphs of the summary and of the background, parted by empty lines; None where there are none."""
    parts = [_summary(layout, title), _background(layout)]
    return "\n\n".join(part for part in parts if part)[:LONGEST_STORY] or None


def _summary(layout: Layout, title: str | None) -> str:
    """The sentences between the title and the first part that follows."""
    start = _after_title(layout, title)
    if start is None:
        return ""
    asking = [layout.line(hit) for hit in layout.hits["actions"] if layout.begins_sentence(hit)]
    end = min((line for line in (*layout.part_lines, *asking) if line >= start), default=len(layout.source.lines))
    return _paragraphs(layout, Lines(start, end))


def _after_title(layout: Layout, title: str | None) -> int | None:
    """The line behind the title, which may be wrapped; None where it stands behind a mark in running text."""
    wanted = words_of(title or "")
    for line in layout.head_lines:
        first = words_of(layout.source.lines[line])
        if not first or not wanted or first[-1] not in wanted:
            continue
        rest = wanted[len(first) :] if first == wanted[: len(first)] else None
        if rest is None and first[-len(wanted) :] != wanted:
            continue
        last = line
        while rest:
            last += 1
            following = words_of(layout.source.lines[last]) if last < len(layout.source.lines) else ()
            if not following or following != rest[: len(following)]:
                break
            rest = rest[len(following) :]
        return _behind_capitals(layout, last + 1)
    return None


def _behind_capitals(layout: Layout, line: int) -> int:
    """Past the lines of a title in capitals that goes on."""
    while line < len(layout.source.lines) and layout.source.lines[line].strip().isupper():
        line += 1
    return line


def _background(layout: Layout) -> str:
    if layout.background is NOWHERE:
        return ""
    return _paragraphs(layout, Lines(layout.background.start + 1, layout.background.end))


def _paragraphs(layout: Layout, lines: Lines) -> str:
    """Whole sentences alone: what is no sentence is a heading, a caption or a number."""
    joined = join_lines(layout, [(line, layout.source.lines[line].strip()) for line in range(lines.start, lines.end)])
    pieces = [piece.strip() for piece in re.split(r"\n+", joined)]
    return "\n\n".join(piece for piece in pieces if _PARAGRAPH_END.search(piece) and len(piece.split()) > 3)
