"""The words of each language, read from `labels/*.toml`, and the places in a text where they stand.

A new language is a new file; no code knows a language by name, but for English being the one that forms are drafted in.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from reminder.domain.documents import DeadlineKind
from reminder.intake.documents.source import Source, words_of

Phrase = tuple[str, ...]

# Words of a language that are neither labels nor phrases of letters: each is a list in its file.
_ROLES = (
    *("operators", "late_operators", "range_joins", "negations", "relative", "open_ended", "actions"),
    *(
        "diversions",
        "conjunctions",
        "asks",
        "of",
        "nouns",
        "update",
        "first",
        "closed",
        "polite",
        "list_headings",
        "marks",
        "after",
    ),
)
COMMON_ENGLISH = "en"
FEWEST_COMMON_WORDS = 2
# A language that has so many of its common words beside the foremost one is read too.
SHARE_OF_A_SECOND_LANGUAGE = 0.3
# Between two words of one label: a space, a dash, a slash, a quote, a bracket, at most one line break.
WIDEST_GAP = 6
_GAP_BREAKERS = frozenset(".!?;")


@dataclass(frozen=True)
class Language:
    """The words of one language. `phrases` maps a role ("background", "negations" ...) to its phrases."""

    code: str
    common: frozenset[str]
    months: Mapping[Phrase, int]
    weekdays: Mapping[Phrase, int]
    ordinals: frozenset[str]
    particles: frozenset[str]
    figures: Mapping[str, str]
    signs: Mapping[str, frozenset[str]]
    deadlines: Mapping[Phrase, DeadlineKind]
    headings: frozenset[Phrase]
    around: frozenset[Phrase]
    countries: Mapping[Phrase, str]
    phrases: Mapping[str, frozenset[Phrase]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """Words of a role found in a text: the numbers of the first and the last word."""

    role: str
    language: str
    first: int
    last: int
    kind: DeadlineKind | None = None


@cache
def languages() -> Mapping[str, Language]:
    """All languages that have a file, by code."""
    found = {}
    for entry in files(__package__).joinpath("labels").iterdir():
        if entry.name.endswith(".toml"):
            language = _language(tomllib.loads(entry.read_text(encoding="utf-8")))
            found[language.code] = language
    return dict(sorted(found.items()))


def _language(data: dict[str, Any]) -> Language:
    deadline = {key: _phrases(value) for key, value in data["deadline"].items()}
    headings, around = deadline.pop("headings", frozenset()), deadline.pop("around", frozenset())
    lists = {role: data.get(role, []) for role in _ROLES} | data["labels"] | data["phrases"]
    signs = data.get("signs", {})
    return Language(
        code=data["code"],
        common=frozenset(words_of(" ".join(data["common"]))),
        months={words_of(name): number for number, names in enumerate(data["months"], 1) for name in names},
        weekdays={words_of(name): number for number, names in enumerate(data["weekdays"]) for name in names},
        ordinals=frozenset(data["ordinals"]),
        particles=frozenset(words_of(" ".join(data["particles"]))),
        figures=data["figures"],
        signs={key: frozenset([value] if isinstance(value, str) else value) for key, value in signs.items()},
        deadlines={phrase: DeadlineKind(kind) for kind, phrases in deadline.items() for phrase in phrases},
        headings=headings,
        around=around,
        countries={words_of(name): code for name, code in data.get("countries", {}).items()},
        phrases={role: _phrases(phrases) for role, phrases in lists.items()},
    )


def _phrases(texts: Iterable[str]) -> frozenset[Phrase]:
    return frozenset(words_of(text) for text in texts)


class Index:
    """Phrases by their first word, so that one walk over a text finds them all."""

    def __init__(self, entries: Iterable[tuple[Phrase, str, str, DeadlineKind | None]]) -> None:
        self._by_word: dict[str, list[tuple[Phrase, str, str, DeadlineKind | None]]] = defaultdict(list)
        for entry in entries:
            self._by_word[entry[0][0]].append(entry)
        for candidates in self._by_word.values():
            candidates.sort(key=lambda entry: -len(entry[0]))

    def find(self, source: Source) -> list[Hit]:
        """Every place of every role, the longest phrase of a role at each place, in the order of the text."""
        hits = []
        for number, word in enumerate(source.words):
            candidates = self._by_word.get(word.text)
            if not candidates:
                continue
            seen: set[tuple[str, str]] = set()
            for phrase, role, language, kind in candidates:
                if (role, language) not in seen and matches(source, number, phrase):
                    seen.add((role, language))
                    hits.append(Hit(role, language, number, number + len(phrase) - 1, kind))
        return hits


def matches(source: Source, number: int, phrase: Phrase) -> bool:
    """Whether a phrase starts at a word; punctuation and one line break may stand between its words."""
    if source.texts[number : number + len(phrase)] != phrase:
        return False
    return all(_is_inside_label(source.gap(number + step)) for step in range(len(phrase) - 1))


def _is_inside_label(gap: str) -> bool:
    return len(gap.strip(" ")) <= WIDEST_GAP and gap.count("\n") <= 1 and not _GAP_BREAKERS & set(gap) and len(gap) < 40


@cache
def deadline_index() -> Index:
    """The deadline labels of all languages: long ones are not taken for one another, short ones count as headings only."""
    entries: list[tuple[Phrase, str, str, DeadlineKind | None]] = []
    for language in languages().values():
        entries += [(phrase, "deadline", language.code, kind) for phrase, kind in language.deadlines.items()]
        entries += [(phrase, "around", language.code, DeadlineKind.APPEAL) for phrase in language.around]
        entries += [(phrase, "heading", language.code, DeadlineKind.APPEAL) for phrase in language.headings]
    return Index(entries)


@cache
def role_index(codes: tuple[str, ...]) -> Index:
    """All other words of these languages."""
    entries: list[tuple[Phrase, str, str, DeadlineKind | None]] = []
    for code in codes:
        language = languages()[code]
        entries += [
            (phrase, role, code, None) for role, phrases in language.phrases.items() for phrase in phrases if phrase
        ]
    return Index(entries)


def recognise(source: Source) -> list[str]:
    """The languages of a text by their common words, the foremost first; none where nothing tells."""
    counts = dict.fromkeys(languages(), 0.0)
    for word in source.texts[:20_000]:
        speakers = _speakers().get(word, ())
        for code in speakers:
            counts[code] += 1 / len(speakers)
    ranked = sorted(counts, key=lambda code: -counts[code])
    most = counts[ranked[0]]
    if most < FEWEST_COMMON_WORDS or most == counts[ranked[1]]:
        return []
    return [code for code in ranked if counts[code] >= max(FEWEST_COMMON_WORDS, SHARE_OF_A_SECOND_LANGUAGE * most)]


@cache
def _speakers() -> Mapping[str, tuple[str, ...]]:
    """The languages in which each common word or month is at home: the fewer, the more it tells."""
    homes: dict[str, list[str]] = defaultdict(list)
    for code, language in languages().items():
        for word in language.common | {phrase[0] for phrase in language.months if len(phrase[0]) > 3}:
            if len(word) > 1 or not word.isascii():
                homes[word].append(code)
    return {word: tuple(codes) for word, codes in homes.items()}
