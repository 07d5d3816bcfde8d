"""The languages of what readers get: catalogues (.po, read at start, no compiled files), fall-back chains, dates.

The English text is the key of a catalogue. A language without catalogue falls back along its chain; so does a single
message that a catalogue lacks. An operator's folder given first may change any message, of English too (en.po).
"""

import gettext
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, get_timezone_location
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from reminder.errors import Trouble
from reminder.rendering.clean import clean_line

DEFAULT = "en"
# A tag becomes a file name and a header: what does not look like one is not looked for.
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")

# Who reads what when there is no catalogue of their own; before the parent that the tag itself names (pt-BR → pt).
FALLBACKS: dict[str, tuple[str, ...]] = {
    "be": ("ru",),
    "kk": ("ru",),
    "ky": ("ru",),
    "tg": ("ru",),
    "tt": ("ru",),
    "uz": ("ru",),
    "br": ("fr",),
    "ht": ("fr",),
    "ln": ("fr",),
    "mg": ("fr",),
    "oc": ("fr",),
    "wo": ("fr",),
    "ca": ("es",),
    "eu": ("es",),
    "gl": ("es",),
    "gn": ("es",),
    "qu": ("es",),
    "zh-TW": ("zh-Hant", "zh"),
    "zh-HK": ("zh-Hant", "zh"),
    "zh-MO": ("zh-Hant", "zh"),
}


def language_code(name: str, written_in: str) -> str:
    """The code of a language that a text names in its own language or in English, "own" for the reader's own; else `name`."""
    if name.casefold() == "own language":
        return "own"
    known = (_language_names(written_in).get(name.casefold()), _language_names(DEFAULT).get(name.casefold()))
    return next((code for code in known if code), name)


@lru_cache(maxsize=64)
def _language_names(tag: str) -> dict[str, str]:
    try:
        names = Locale.parse(tag, sep="-").languages
    except (UnknownLocaleError, ValueError):
        return {}
    return {name.casefold(): code for code, name in names.items()}


@dataclass(frozen=True, slots=True)
class DayPatterns:
    """How days are written: in a sentence, with the year, in an SMS (CLDR pattern letters)."""

    day: str
    day_and_year: str
    short: str


# CLDR has no long form without a year that reads well after "until"; these do, in each grammar.
PATTERNS: dict[str, DayPatterns] = {
    "en": DayPatterns("EEEE d MMMM", "EEEE d MMMM y", "d MMM"),
    "en-US": DayPatterns("EEEE, MMMM d", "EEEE, MMMM d, y", "MMM d"),
    "fr": DayPatterns("EEEE d MMMM", "EEEE d MMMM y", "d MMM"),
    "es": DayPatterns("EEEE d 'de' MMMM", "EEEE d 'de' MMMM 'de' y", "d MMM"),
    "ar": DayPatterns("EEEE d MMMM", "EEEE d MMMM y", "d/M"),
    "zh": DayPatterns("M月d日EEEE", "y年M月d日EEEE", "M月d日"),
    "ru": DayPatterns("d MMMM, EEEE", "d MMMM y 'г'., EEEE", "dd.MM"),
}


def chain(locale: str) -> tuple[str, ...]:
    """The languages to try for a BCP 47 tag, the default last: "pt-BR" → ("pt-BR", "pt", "en")."""
    tag_or_nothing = _TAG.fullmatch(locale.replace("_", "-"))
    tags = list[str]()
    for tag in _parents(tag_or_nothing[0] if tag_or_nothing else ""):
        tags += [tag, *(other for given in FALLBACKS.get(tag, ()) for other in _parents(given))]
    return tuple(dict.fromkeys([*tags, DEFAULT]))


def _parents(tag: str) -> Iterator[str]:
    while tag:
        yield tag
        tag = tag.rpartition("-")[0]


class Words:
    """One language: its messages, plurals and dates. `tag` is the language of the catalogue that was found."""

    def __init__(self, tag: str, locale: str, translations: gettext.NullTranslations) -> None:
        self.tag = tag
        # The region of the reader decides on dates only where the language is hers: "en-US" reads "Tuesday, December 29".
        self.locale = locale if locale.split("-")[0] == tag.split("-")[0] else tag
        self._translations = translations

    @cached_property
    def babel(self) -> Locale:
        for tag in (self.locale, *chain(self.tag)):
            try:
                return Locale.parse(tag, sep="-")
            except (UnknownLocaleError, ValueError):
                continue
        return Locale(DEFAULT)

    @property
    def rtl(self) -> bool:
        return self.babel.text_direction == "rtl"

    def t(self, message: str, **values: object) -> str:
        """The message in this language, `%(name)s` filled in."""
        return self._fill(self._translations.gettext(message), values)

    def tn(self, one: str, many: str, count: int, **values: object) -> str:
        """The message in the plural form of `count`, which is filled in as `%(count)s`."""
        return self._fill(self._translations.ngettext(one, many, count), {"count": count, **values})

    def _fill(self, text: str, values: dict[str, object]) -> str:
        try:
            return text % values if values else text
        except (KeyError, ValueError, TypeError) as error:
            raise Trouble(
                f"Catalogue {self.tag}.po",
                f"the translation “{text}” cannot be filled in ({error})",
                "Give it the same %(…)s as the English message.",
            ) from None

    @cached_property
    def _patterns(self) -> DayPatterns | None:
        return next((PATTERNS[tag] for tag in _parents(self.locale) if tag in PATTERNS), None)

    def day(self, day: date) -> str:
        """A day in a sentence, without the year: "Tuesday 29 December"."""
        if self._patterns is None:
            return clean_line(format_skeleton("MMMMEEEEd", day, locale=self.babel))
        return clean_line(format_date(day, self._patterns.day, self.babel))

    def day_and_year(self, day: date) -> str:
        """A day with its year: "Tuesday 29 December 2020"."""
        return clean_line(format_date(day, self._patterns.day_and_year if self._patterns else "full", self.babel))

    def short_day(self, day: date) -> str:
        """A day in an SMS: "29 Dec"."""
        if self._patterns is None:
            return clean_line(format_skeleton("MMMd", day, locale=self.babel))
        return clean_line(format_date(day, self._patterns.short, self.babel))

    def country(self, code_or_name: str) -> str:
        """The name of a country in this language; a name stays as it is."""
        return str(self.babel.territories.get(code_or_name, code_or_name))

    def language(self, code_or_name: str) -> str:
        """The name of a language in this language; a name stays as it is."""
        name = self.babel.languages.get(code_or_name)
        return code_or_name if name is None else str(name)

    def place(self, zone: str) -> str:
        """The town that a zone is named after, in this language: "Europe/London" is "London"."""
        return str(get_timezone_location(zone, locale=self.babel, return_city=True))

    def names(self, names: Sequence[str]) -> str:
        """Several names as one writes them in a sentence: "A, B and C"."""
        return str(format_list([clean_line(name) for name in names], locale=self.babel))


class Languages:
    """All catalogues of the folders, the first folder first. Reading happens when a language is first asked for."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._words = lru_cache(maxsize=128)(self._make)

    @property
    def tags(self) -> tuple[str, ...]:
        """Every language that a reader may get, the default included."""
        found = {path.stem for folder in self._folders for path in folder.glob("*.po")}
        return tuple(sorted(found | {DEFAULT}))

    def words(self, locale: str) -> Words:
        """The best language for a reader of `locale`."""
        return self._words(locale)

    def _make(self, locale: str) -> Words:
        tags = [tag for tag in chain(locale) if tag == DEFAULT or self.files(tag)]
        messages = gettext.NullTranslations()
        for path in reversed([path for tag in tags for path in self.files(tag)]):
            # Compiled anew for each chain: a catalogue knows one fall-back only.
            catalogue = compiled(read_catalogue(path))
            catalogue.add_fallback(messages)
            messages = catalogue
        return Words(tags[0], chain(locale)[0], messages)

    def files(self, tag: str) -> tuple[Path, ...]:
        """The catalogue files of a language, the operator's first."""
        return tuple(path for folder in self._folders if (path := folder / f"{tag}.po").is_file())


def read_catalogue(path: Path) -> Catalog:
    """The catalogue in a .po file; `Trouble` naming file and line where it cannot be read."""
    try:
        with path.open("rb") as file:
            return read_po(file, locale=path.stem.replace("-", "_"), abort_invalid=True)
    except PoFileError as error:
        raise Trouble(f"{path}:{error.lineno + 1}", "the catalogue cannot be read", f"Mend it: {error}.") from None
    except (UnicodeDecodeError, ValueError, UnknownLocaleError, OSError) as error:
        raise Trouble(str(path), f"the catalogue cannot be read ({error})", "Save it as a UTF-8 .po file.") from None


def compiled(catalogue: Catalog) -> gettext.GNUTranslations:
    """The catalogue as the standard library uses it, made in memory."""
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    buffer.seek(0)
    return gettext.GNUTranslations(buffer)
