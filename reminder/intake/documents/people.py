"""Who the appeal is for, and the pronouns to write with."""

import re
from collections import Counter
from dataclasses import dataclass

from reminder.domain.documents import Doubt, DoubtCode
from reminder.intake.documents.layout import Layout
from reminder.intake.documents.source import words_of
from reminder.intake.documents.wording import languages

LONGEST_NAME = 80
MOST_NAMES = 60
_CAPITAL = r"[A-ZÀ-ÖØ-ÞĀ-Ž][\w'’-]{1,24}"
_LINK = r"(?: (?:al|el|bin|bint|ibn|de|da|dos|del|van|von|ben|abu|la|le)(?=[ -]))?"
_NAME = re.compile(rf"{_CAPITAL}(?:{_LINK}[ -]{_CAPITAL}){{1,3}}")
_PRONOUNS = re.compile(r"\(\s*([^\W\d_]{1,12}(?:\s?/\s?[^\W\d_]{1,12}){1,2})\s*\)")
# Behind a label that speaks of pronouns, any short bracket holds them.
_ANY_BRACKET = re.compile(r"[(（]\s*([^()（）\d]{1,30}?)\s*[)）]")
_SEX_MARK = re.compile(rf"(?<!\w)({_CAPITAL}(?:{_LINK}[ -]{_CAPITAL}){{0,4}})\s\((?:m|f)\)")
_AGED = re.compile(rf"^({_CAPITAL}(?: {_CAPITAL}){{0,4}}), aged [0-9]{{1,3}}\b")
_POSSESSIVE = re.compile(r"['’]s?$")


@dataclass(frozen=True, slots=True)
class People:
    """Names as printed and pronouns, with the doubt where no label gave them."""

    names: tuple[str, ...] = ()
    pronouns: str | None = None
    doubts: tuple[Doubt, ...] = ()


def read_people(layout: Layout, *, not_these: frozenset[str]) -> People:
    """The people of the case: by their label, by the marks (m) and (f), else from the story and with a doubt.

    `not_these` are folded words of targets, country and organisation: names made of them are not the person's."""
    pronouns = _labelled_pronouns(layout)
    if labelled := _labelled(layout, pronouns):
        return labelled
    marked = _marked(layout)
    if marked:
        return People(marked, pronouns)
    told = _told(layout, not_these)
    if told:
        message = f"No label gives the name; the text speaks of {told}. Check who the appeal is for."
        return People((told,), pronouns, (Doubt(DoubtCode.NAME_WITHOUT_LABEL, message),))
    message = "The text does not say plainly who the appeal is for. Give the name."
    return People((), pronouns, (Doubt(DoubtCode.NO_NAME, message),))


def _labelled(layout: Layout, pronouns: str | None) -> People | None:
    """The people behind the first label that names any; the same label again with others is put as a doubt."""
    lines: list[tuple[tuple[str, ...], tuple[str, ...], str | None]] = []
    for hit in layout.headings["name"]:
        speaks = any(hit.first <= other.first and other.last <= hit.last for other in layout.hits["pronouns"])
        label = tuple(word.text for word in layout.source.words[hit.first : hit.last + 1])
        names, found = _split(layout, layout.value(hit), _ANY_BRACKET if speaks else _PRONOUNS)
        if names and (not lines or label == lines[0][0]):
            lines.append((label, names, found))
    if not lines:
        return None
    names = tuple(dict.fromkeys(name for _, named, _ in lines for name in named))[:MOST_NAMES]
    said = ", ".join(dict.fromkeys(found for _, _, found in lines if found)) or pronouns
    if all(set(named) == set(names) for _, named, _ in lines):
        return People(names, said)
    message = f"Several lines name the person, and they differ: {', '.join(names)}. Say who the appeal is for."
    return People(names, said, (Doubt(DoubtCode.NAMES_DIFFER, message),))


def _labelled_pronouns(layout: Layout) -> str | None:
    for hit in layout.headings["pronouns"]:
        value = layout.value(hit).strip(" []()")
        if value and len(value) <= 40:
            return value
    return None


def _split(layout: Layout, value: str, bracket: re.Pattern[str]) -> tuple[tuple[str, ...], str | None]:
    """Names and pronouns of a label's value: "[A B] (he/him)" or "A B and C D (they/them)"."""
    found = bracket.findall(value)
    pronouns = ", ".join(dict.fromkeys(re.sub(r"\s", "", one).lower() for one in found)) or None
    plain = re.sub(r"[\[\]]", " ", bracket.sub(" ; ", value))
    names = [" ".join(piece.split()).strip(" .:;-–—") for piece in layout.pieces(plain)]
    names = [name for name in names if 1 < len(name) <= LONGEST_NAME and not any(char.isdecimal() for char in name)]
    return tuple(dict.fromkeys(names[:MOST_NAMES])), pronouns


def _marked(layout: Layout) -> tuple[str, ...]:
    """Names with the marks (m), (f) or an age, as older appeals print them in a list below the country."""
    names: list[str] = []
    for line in layout.head_lines:
        text = layout.source.lines[line].strip()
        names += [_without_country(name) for name in _SEX_MARK.findall(text)]
        if names and (aged := _AGED.match(text)):
            names.append(aged.group(1))
    return tuple(dict.fromkeys(names[:MOST_NAMES]))


def _without_country(name: str) -> str:
    """The country in capitals before a name belongs not to it: "TURKEY Gevher TOPRAK"."""
    words = name.split()
    while len(words) > 2 and words[0].isupper() and not words[1].isupper():
        words.pop(0)
    return " ".join(words)


def _told(layout: Layout, not_these: frozenset[str]) -> str | None:
    """The one name that the story tells of: behind a word for a person ("the writer N N") or before a verb, and most often."""
    persons = {phrase[-1] for code in layout.spoken for phrase in languages()[code].phrases["persons"]}
    verbs = {phrase[0] for code in layout.spoken for phrase in languages()[code].phrases["verbs"]}
    others = not_these | _words_of_no_name(layout)
    lead = persons | {word for code in layout.spoken for word in languages()[code].common}
    counts: Counter[str] = Counter()
    cued: set[str] = set()
    for line, text in enumerate(layout.source.lines[:400]):
        if line in layout.background or text.isupper():
            continue
        for match in _NAME.finditer(text):
            name, dropped = _without_lead(_POSSESSIVE.sub("", match.group()), lead)
            if len(name.split()) < 2 or others & set(words_of(name)):
                continue
            counts[name] += 1
            before = words_of(text[max(0, match.start() - 40) : match.start()])[-1:] + dropped
            after = words_of(text[match.end() : match.end() + 40])[:1]
            if set(before) & persons or set(after) & (verbs | persons):
                cued.add(name)
    best = [name for name, _ in counts.most_common() if name in cued]
    return best[0] if best else None


def _without_lead(name: str, lead: set[str]) -> tuple[str, tuple[str, ...]]:
    """A name without the words before it that only begin the sentence or say what the person is, and those words."""
    words = name.split()
    dropped: tuple[str, ...] = ()
    while len(words) > 1 and (set(words_of(words[0])) & lead or (words[0].isupper() and not words[-1].isupper())):
        dropped += words_of(words.pop(0))
    return " ".join(words), dropped


def _words_of_no_name(layout: Layout) -> set[str]:
    """Months, offices, titles and the words of salutations and labels."""
    words: set[str] = {
        "international",
        "urgent",
        "action",
        "amnesty",
        "independence",
        "human",
        "rights",
        "association",
        "university",
    }
    for code in layout.spoken:
        language = languages()[code]
        words |= {word for phrase in (*language.months, *language.weekdays) for word in phrase if len(word) > 3}
        words |= {
            phrase[0]
            for role in ("offices", "titles", "salutations", "marks", "honorifics")
            for phrase in language.phrases[role]
        }
        words |= language.common
    return words
