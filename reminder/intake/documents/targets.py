"""Who the letter goes to: blocks of lines taken apart into name, role, address and ways to reach them."""

import re
from dataclasses import dataclass, field, replace
from functools import cached_property

from reminder.domain.documents import Doubt, DoubtCode, Target
from reminder.intake.documents.deadline import Deadline
from reminder.intake.documents.layout import NOWHERE, Layout, Lines
from reminder.intake.documents.letter import Letter
from reminder.intake.documents.names import NameReader
from reminder.intake.documents.source import Source

MOST_TARGETS = 12
LINES_OF_A_BLOCK = 30
WIDEST_LINE = 110
# What may stand behind "SEND APPEALS TO" in its own line: a second label, a bracket.
LONGEST_REST = 40
CONTACTS = ("email", "fax", "phone", "social", "salutation", "postage")
_EMAIL = re.compile(
    r"\[email[\s\u00a0]protected\]|[\w.+-]{1,64}\s?(?:@|\(a\)|\(at\)|\[at\]|\[a\])\s?[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"protected\]|\(a\)|\(at\)|\[at\]|\[a\]", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w.])@\w{2,30}")
_NUMBER = re.compile(r"\+?[0-9(][0-9 ()/.+-]{4,40}[0-9](?:\s?(?:ext|x)\.? ?[0-9]{1,5})?")


@dataclass
class _Block:
    """The lines of one addressee, and what was told with a label."""

    lines: list[str] = field(default_factory=list)
    contacts: dict[str, list[str]] = field(default_factory=dict)
    copy: bool = False


@dataclass(frozen=True, slots=True)
class Targets:
    """All addressees, and what is doubtful about them."""

    targets: tuple[Target, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def read_targets(layout: Layout, letter: Letter, deadline: Deadline) -> Targets:
    """The addressees of a document: behind a heading, inside the letter, or in one line with their telephone."""
    reader = _Reader(layout)
    blocks = reader.labelled(deadline)
    if letter.address is not NOWHERE and not any(not block.copy for block in blocks):
        blocks = reader.blocks(letter.address, copy=False) + blocks
    blocks = blocks or reader.beside_contacts() or reader.inline()
    targets = [target for block in blocks if (target := reader.target(block))]
    if targets and all(target.copy for target in targets) and not any(block.copy for block in blocks):
        targets = [replace(target, copy=False) for target in targets]
    targets = _with_salutation(targets[:MOST_TARGETS], letter.salutation)
    if not targets:
        message = "No addressee was found. Give name, role and address of the target."
        return Targets((), (Doubt(DoubtCode.NO_TARGET, message),))
    return Targets(tuple(targets), tuple(_doubts(targets)))


def _doubts(targets: list[Target]) -> list[Doubt]:
    doubts = []
    if any(_HIDDEN.search(email) for target in targets for email in target.email):
        message = "An email address is printed so that machines cannot read it. Type it in if people shall write to it."
        doubts.append(Doubt(DoubtCode.EMAIL_HIDDEN, message))
    if not any(one.postal_address or one.email or one.fax or one.phone or one.social for one in targets):
        doubts.append(Doubt(DoubtCode.TARGET_UNCERTAIN, "The target has no address. Give a way to reach them."))
    return doubts


def _with_salutation(targets: list[Target], salutation: str | None) -> list[Target]:
    """The letter's own salutation belongs to its first addressee who has none."""
    for number, target in enumerate(targets):
        if salutation and not target.copy and not target.salutation:
            return [*targets[:number], replace(target, salutation=salutation), *targets[number + 1 :]]
    return targets


class _Reader:
    """The words for offices and titles of the document's languages, and its lines."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.source: Source = layout.source
        self.names = NameReader(layout.spoken)
        self.contact_starts = {
            hit.first: (role, hit) for role in CONTACTS for hit in layout.hits[role] if layout.has_colon(hit)
        }

    def labelled(self, deadline: Deadline) -> list[_Block]:
        """The blocks behind "send to" and "copies to", and behind a deadline line that ends in a colon."""
        starts = {
            self.source.line_of(self.source.words[hit.last].end): False
            for hit in self.layout.hits["target"]
            if self._opens(hit.first, hit.last)
        }
        if deadline.line is not None and self.source.lines[deadline.line].rstrip().endswith(":"):
            starts[deadline.line] = False
        copies = [hit for hit in self.layout.hits["copies"] if self._opens(hit.first, hit.last)]
        starts = {self.source.line_of(self.source.words[hit.last].end): True for hit in copies} | starts
        blocks: list[_Block] = []
        for line in sorted(starts):
            if (line in self.layout.letter and line > self.layout.letter.start) or line in self.layout.background:
                continue
            others = [other for other in starts if other > line]
            end = min([*others, self._end(line + 1)])
            blocks += self.blocks(Lines(line + 1, end), copy=starts[line])
        return blocks

    def _opens(self, first: int, last: int) -> bool:
        """Whether an address follows in the next lines: the words end their line, with a colon or in capitals."""
        start, end = self.source.words[first].start, self.source.words[last].end
        line_start = self.source.line_starts[self.source.line_of(start)]
        rest = self.source.text[end : self.source.line_span(self.source.line_of(end))[1]].strip()
        loud = self.source.text[start:end].isupper()
        if loud and (not any(char.isalnum() for char in rest) or (len(rest) < LONGEST_REST and rest.isupper())):
            return True
        if loud and rest.endswith(":") and len(rest) < LONGEST_REST:
            return True
        return rest in (":", "：") or (not rest and not self.source.text[line_start:start].strip())

    def _end(self, line: int) -> int:
        """Where a block ends: at the next part, a long line, the letter, or after so many lines."""
        start = line
        while line < len(self.source.lines) and line - start < LINES_OF_A_BLOCK:
            text = self.source.lines[line].strip()
            if line in self.closers or line == self.layout.salutation_line:
                break
            if not self._contacts_in(line) and (len(text) > WIDEST_LINE or (len(text) > 50 and text.endswith("."))):
                break
            if self.layout.letter.start < line < self.layout.letter.end and self.layout.letter is not NOWHERE:
                break
            line += 1
        return line

    @cached_property
    def closers(self) -> set[int]:
        """The lines that no address runs into: headings, deadlines, marks, sentences on late appeals."""
        roles = ("heading", "deadline", "marks", "late")
        closers = {
            self.layout.line(hit) for role in roles for hit in self.layout.hits[role] if self.layout.begins_segment(hit)
        }
        own = ("target", "copies", "heading")
        return closers | {
            self.layout.line(hit) for role, hits in self.layout.headings.items() if role not in own for hit in hits
        }

    def _contacts_in(self, line: int) -> list[int]:
        start, end = self.source.line_span(line)
        return [number for number in self.source.words_between(start, end) if number in self.contact_starts]

    def blocks(self, lines: Lines, *, copy: bool) -> list[_Block]:
        """Lines parted at blank ones; where every line stands alone, blank lines mean nothing."""
        groups: list[list[int]] = [[]]
        for line in range(lines.start, lines.end):
            if self.source.lines[line].strip():
                groups[-1].append(line)
            elif groups[-1]:
                groups.append([])
        groups = [group for group in groups if group]
        if groups and sum(map(len, groups)) < 1.6 * len(groups):
            groups = [[line for group in groups for line in group]]
        blocks: list[_Block] = []
        for group in groups:
            block = _Block(copy=copy)
            for line in group:
                self._take(block, line)
            if not block.lines and blocks:
                for role, values in block.contacts.items():
                    blocks[-1].contacts.setdefault(role, []).extend(values)
            elif len(block.lines) > 1 or block.contacts or (block.lines and not blocks):
                blocks.append(block)
        return blocks

    def _take(self, block: _Block, line: int) -> None:
        """One line into a block: the part before the first contact label is address, each label's part is its own."""
        start, end = self.source.line_span(line)
        labels = self._contacts_in(line)
        first = self.source.words[labels[0]].start if labels else end
        before = self.source.text[start:first].strip(" |/;,•(")
        if before and (_EMAIL.fullmatch(before) or _HANDLE.fullmatch(before)):
            block.contacts.setdefault("email" if _EMAIL.fullmatch(before) else "social", []).append(before)
        elif before and not (before.startswith("Fr.") and "postage" in block.contacts):
            block.lines.append(re.sub(r"\s{2,}", " ", before))
        for number, word in enumerate(labels):
            role, hit = self.contact_starts[word]
            stop = self.source.words[labels[number + 1]].start if number + 1 < len(labels) else end
            value = self.source.text[self.source.words[hit.last].end : stop].strip(" :：\t")
            block.contacts.setdefault(role, []).append(
                re.sub(r"[\s|/(;,]+$|\s+I$", "", value).removesuffix(")" if "(" not in value else " ")
            )

    def beside_contacts(self) -> list[_Block]:
        """Blocks of short lines that hold a labelled telephone, fax, email or salutation, without a heading above them."""
        lines = self.source.lines
        blocks: list[_Block] = []
        line = 0
        while line < len(lines):
            end = line
            while (
                end < len(lines)
                and lines[end].strip()
                and len(lines[end]) <= WIDEST_LINE
                and end - line < LINES_OF_A_BLOCK
            ):
                end += 1
            place = Lines(line, end)
            labelled = any(
                self.contact_starts[word][0] != "postage" for one in range(line, end) for word in self._contacts_in(one)
            )
            if end - line >= 3 and labelled and line not in self.layout.letter and line not in self.layout.background:
                blocks += self.blocks(place, copy=False)
            line = max(end, line + 1)
        return blocks

    def inline(self) -> list[_Block]:
        """Addressees that stand in one line, as web pages print them: with "Phone:" or "Email:" in it."""
        blocks = []
        for line, text in enumerate(self.source.lines):
            labels = self._contacts_in(line)
            roles = {self.contact_starts[word][0] for word in labels}
            if (
                line in self.layout.background
                or not (roles & {"phone", "fax", "salutation"})
                or len(text) < 60
                or len(labels) < 2
            ):
                continue
            block = _Block()
            self._take(block, line)
            if len(block.lines) == 1:
                block.lines = self._parted(block.lines[0])
                blocks.append(block)
        return blocks

    def _parted(self, text: str) -> list[str]:
        """Name, office and address of one line: the office starts with its word, the address with its first figure."""
        words = text.split()
        figure = next((number for number, word in enumerate(words) if word[0].isdecimal()), len(words))
        office = next(
            (number for number in range(2, figure) if self.names.is_office(words[number : number + 2])), figure
        )
        parts = (words[:office], words[office:figure], words[figure:])
        return [" ".join(part) for part in parts if part]

    def target(self, block: _Block) -> Target | None:
        """Name, role and address out of a block's lines; None where nothing is left to write to."""
        lines = list(block.lines)
        emails = [match.group() for value in block.contacts.get("email", []) for match in _EMAIL.finditer(value)]
        emails += [match.group() for line in lines for match in _EMAIL.finditer(line)]
        lines = [line for line in lines if not _EMAIL.search(line)]
        social = [" ".join(value.split()) for value in block.contacts.get("social", [])]
        if not lines and not emails:
            return None
        name, role, address = self.names.name_and_role(lines)
        copy = (
            block.copy or self.names.is_copy_office(lines[0] if lines else "") or self.names.is_copy_office(role or "")
        )
        return Target(
            name=name,
            role=role,
            postal_address="\n".join(address) or None,
            salutation=next(iter(block.contacts.get("salutation", [])), None),
            email=tuple(dict.fromkeys(emails)),
            fax=_number(block.contacts.get("fax")),
            phone=_number(block.contacts.get("phone")),
            social=" ".join(social) or None,
            copy=copy,
        )


def _number(values: list[str] | None) -> str | None:
    for value in values or []:
        match = _NUMBER.search(value)
        if match:
            return match.group().strip(" -./")
    return None
