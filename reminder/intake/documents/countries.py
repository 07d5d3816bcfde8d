"""Names of countries in the languages of the reader, from CLDR, as a country's English name and its two letters."""

from collections.abc import Mapping
from functools import cache

from babel import Locale

from reminder.intake.documents.source import Source, words_of
from reminder.intake.documents.wording import Phrase, languages, matches

# Where CLDR's English name is not what appeals say.
_PLAIN_NAMES = {
    "CD": "Democratic Republic of the Congo",
    "CG": "Republic of the Congo",
    "CI": "Côte d'Ivoire",
    "HK": "Hong Kong",
    "MM": "Myanmar",
    "MO": "Macao",
    "PS": "Palestine",
    "TR": "Turkey",
    "BA": "Bosnia and Herzegovina",
    "CZ": "Czech Republic",
}


@cache
def _names() -> Mapping[Phrase, str]:
    """Folded words of each name to the country's two letters."""
    names: dict[Phrase, str] = {}
    for language in languages():
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in ("ZZ", "EU", "UN", "EZ", "XA", "XB", "QO"):
                names.setdefault(words_of(name.split("(")[0]), code)
    names.update({words_of(name): code for code, name in _PLAIN_NAMES.items()})
    for spoken in languages().values():
        names.update(spoken.countries)
    names.pop((), None)
    return names


@cache
def _first_words() -> Mapping[str, tuple[Phrase, ...]]:
    by_word: dict[str, list[Phrase]] = {}
    for phrase in _names():
        by_word.setdefault(phrase[0], []).append(phrase)
    return {word: tuple(sorted(phrases, key=lambda phrase: -len(phrase))) for word, phrases in by_word.items()}


def country_code(name: str) -> str | None:
    """The two letters of a country's name in any of the languages, or None."""
    return _names().get(words_of(name.split("(")[0]))


def country_name(code: str) -> str:
    """The plain English name."""
    return _PLAIN_NAMES.get(code) or str(Locale("en").territories.get(code, code))


def countries_in(source: Source, start: int, end: int) -> list[str]:
    """The two letters of every country named between two places, in order."""
    found, number = [], 0
    numbers = source.words_between(start, end)
    number = numbers.start
    while number < numbers.stop:
        phrases = _first_words().get(source.words[number].text, ())
        phrase = next((one for one in phrases if matches(source, number, one)), None)
        if phrase and source.text[source.words[number].start].isupper() | (
            not source.text[source.words[number].start].isascii()
        ):
            found.append(_names()[phrase])
            number += len(phrase)
        else:
            number += 1
    return found
