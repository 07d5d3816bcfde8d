"""The first lines of an address: which is the person, which the office."""

from reminder.intake.documents.source import fold, words_of
from reminder.intake.documents.wording import Phrase, languages

WORDS_OF_A_PERSON = 6


class NameReader:
    """The words for titles and offices in some languages."""

    def __init__(self, spoken: tuple[str, ...]) -> None:
        def phrases(role: str) -> frozenset[Phrase]:
            return frozenset(phrase for code in spoken for phrase in languages()[code].phrases[role])

        self._titles = phrases("titles")
        self._offices = phrases("offices")
        self._honorifics = phrases("honorifics")
        self._copy_offices = phrases("copy_offices")
        self._of = phrases("of")

    def name_and_role(self, lines: list[str]) -> tuple[str | None, str | None, list[str]]:
        """Name, role and the lines of the address that are left."""
        if not lines:
            return None, None, []
        first, rest = lines[0], lines[1:]
        title, bare = self._without_title(first)
        if (title is None and _starts_with(first, self._offices)) or (title and not bare):
            return self._role_first(first, rest)
        if title and words_of(bare)[:1] in self._of:
            return self._role_first(first, rest)
        name = bare
        role = [title] if title else []
        if rest and (self._title_of(rest[0]) if not role else _starts_with(rest[0], self._offices)):
            role.append(rest.pop(0))
            while rest and rest[0][:1].islower() and not _has_figure(rest[0]):
                role[-1] += " " + rest.pop(0)
        return name, ", ".join(role) or None, rest

    def _role_first(self, role: str, rest: list[str]) -> tuple[str | None, str | None, list[str]]:
        """A block that starts with the office: the person, if any, in the second line."""
        while rest and rest[0][:1].islower():
            role += " " + rest.pop(0)
        if len(rest) > 1 and self._is_person(rest[0]):
            return self._without_honorific(rest.pop(0)), role, rest
        return (role if _starts_with(role, self._copy_offices) else None), role, rest

    def _is_person(self, line: str) -> bool:
        if _has_figure(line) or "," in line or len(line.split()) > WORDS_OF_A_PERSON:
            return False
        return not _starts_with(line, self._offices)

    def _without_title(self, line: str) -> tuple[str | None, str]:
        """A leading title and the rest: ("Director", "Wang Jiang")."""
        line = self._without_honorific(line)
        words = line.split()
        for length in (3, 2, 1):
            if words_of(" ".join(words[:length])) in self._titles and len(words) >= length:
                return " ".join(words[:length]).rstrip(","), " ".join(words[length:]).lstrip(", ")
        return None, line

    def _without_honorific(self, line: str) -> str:
        words = line.split()
        for length in (3, 2, 1):
            if len(words) > length and words_of(" ".join(words[:length])) in self._honorifics:
                return " ".join(words[length:])
        return line

    def _title_of(self, line: str) -> bool:
        return _starts_with(line, self._titles) or _starts_with(line, self._offices)

    def is_office(self, words: list[str]) -> bool:
        """Whether an office starts with these one or two words."""
        return words_of(words[0])[:1] in self._offices or words_of(" ".join(words)) in self._offices

    def is_copy_office(self, line: str) -> bool:
        """Whether this is an embassy or the like, which gets copies."""
        return any(phrase and " ".join(phrase) in fold(line) for phrase in self._copy_offices)


def _has_figure(line: str) -> bool:
    return any(char.isdecimal() for char in line)


def _starts_with(line: str, phrases: frozenset[Phrase]) -> bool:
    """Whether a phrase begins the line, or a single word of them stands among its first three."""
    words = words_of(line)
    return any(
        phrase and (words[: len(phrase)] == phrase or (phrase[0] in words[:3] and len(phrase) == 1))
        for phrase in phrases
    )
