"""Languages, countries and zones as lists write them. Small closed sets, so each reading is remembered."""

import re
import unicodedata
import zoneinfo
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError
from babel.core import get_global

_REMEMBERED = 4096
# Names that CLDR has under another wording, and the code that people type for the United Kingdom.
_OTHER_NAMES = {
    "uk": "GB",
    "greatbritain": "GB",
    "usa": "US",
    "unitedstatesofamerica": "US",
    "czechrepublic": "CZ",
    "russianfederation": "RU",
    "turkey": "TR",
    "ivorycoast": "CI",
    "republicofkorea": "KR",
    "hongkong": "HK",
    "macau": "MO",
    "burma": "MM",
    "swaziland": "SZ",
    "capeverde": "CV",
    "holland": "NL",
    "palestine": "PS",
}
# CLDR codes that are no country: the EU, the euro area, the UN, test locales, "unknown", outlying Oceania.
_NO_COUNTRY = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"})
_NAMED_LANGUAGE = re.compile(r"(?P<language>[^()]+?)\s*(?:\((?P<country>[^()]+)\))?\Z")
_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*\Z")


@lru_cache(maxsize=_REMEMBERED)
def read_locale(text: str) -> str | None:
    """The BCP 47 tag of `text` ("pt_BR", "zh-hans", "French", "English (United Kingdom)"), or None.

    The script is written where it matters: zh-CN comes out as zh-Hans-CN.
    """
    tag = text.partition(".")[0].partition("@")[0]
    if not _TAG.match(tag):
        return _locale_of_name(text)
    try:
        locale = Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return _locale_of_name(text)
    if tag[:3].lower() == "und":
        return None
    # Babel fills in a likely territory for old codes (iw becomes he_IL); nobody said that one.
    territory = locale.territory if locale.territory and locale.territory in tag.upper() else None
    return "-".join(part for part in (locale.language, locale.script, territory) if part)


def _locale_of_name(text: str) -> str | None:
    named = _NAMED_LANGUAGE.match(text)
    language = _languages().get(_folded(named["language"])) if named else None
    if named is None or language is None:
        return None
    if named["country"] is None:
        return language
    country = read_country(named["country"])
    return read_locale(f"{language}-{country}") if country else None


@lru_cache(maxsize=_REMEMBERED)
def read_country(text: str) -> str | None:
    """The ISO 3166 alpha-2 code of `text` (a code or an English name), or None."""
    folded = _folded(text)
    return _countries().get(folded) or _OTHER_NAMES.get(folded)


@lru_cache(maxsize=_REMEMBERED)
def read_zone(text: str) -> str | None:
    """The IANA zone of `text`, whatever its case, or None.

    Only zones of places: "EST", "GMT+5" and "Etc/GMT+5" say an offset, not where somebody lives, and would be wrong for
    half of the year.
    """
    return _zones().get(text.lower())


@cache
def _languages() -> dict[str, str]:
    known = get_global("likely_subtags")
    names = Locale("en").languages
    return {
        _folded(name): code for code, name in sorted(names.items(), reverse=True) if code in known and len(code) < 4
    }


@cache
def _countries() -> dict[str, str]:
    territories = {
        code: name
        for code, name in Locale("en").territories.items()
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRY
    }
    by_name = {_folded(name): code for code, name in territories.items()}
    return by_name | {code.lower(): code for code in territories}


@cache
def _zones() -> dict[str, str]:
    offsets = ("Etc/", "SystemV/")
    return {
        name.lower(): name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith(offsets)
    }


def _folded(text: str) -> str:
    """Letters only, without accents or case: "Côte d’Ivoire" and "cote d'ivoire" are one."""
    return "".join(char for char in unicodedata.normalize("NFKD", text).casefold() if char.isalnum())
