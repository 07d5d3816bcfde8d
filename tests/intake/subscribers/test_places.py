"""Languages, countries and zones as lists write them."""

from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from reminder.intake.subscribers.places import read_country, read_locale, read_zone


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("en", "en"),
        ("pt_BR", "pt-BR"),
        ("PT-br", "pt-BR"),
        ("zh-hans", "zh-Hans"),
        ("zh_CN", "zh-Hans-CN"),
        ("zh-TW", "zh-Hant-TW"),
        ("pt_BR.UTF-8", "pt-BR"),
        ("iw", "he"),
        ("es-419", "es-419"),
        ("French", "fr"),
        ("English (United Kingdom)", "en-GB"),
        ("xx", None),
        ("und", None),
        ("C", None),
        ("en-XX", None),
        ("Klingon", None),
        ("", None),
    ],
)
def test_a_language_is_read_or_told_apart_from_one(text: str, tag: str | None) -> None:
    assert read_locale(text) == tag


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("gb", "GB"),
        ("UK", "GB"),
        ("Kazakhstan", "KZ"),
        ("cote d'ivoire", "CI"),
        ("Türkiye", "TR"),
        ("Turkey", "TR"),
        ("United States of America", "US"),
        ("XK", "XK"),
        ("EU", None),
        ("ZZ", None),
        ("England", None),
        ("", None),
    ],
)
def test_a_country_is_read_or_told_apart_from_one(text: str, code: str | None) -> None:
    assert read_country(text) == code


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Asia/Almaty", "Asia/Almaty"),
        ("europe/london", "Europe/London"),
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("EST", None),
        ("GMT+5", None),
        ("Etc/GMT+5", None),
        ("UTC", None),
        ("+05:45", None),
        ("GMT Standard Time", None),
        ("../etc/passwd", None),
    ],
)
def test_a_zone_is_a_place_never_an_offset(text: str, zone: str | None) -> None:
    assert read_zone(text) == zone


@given(st.text(max_size=40) | st.from_regex(r"[A-Za-z]{1,4}([-_][A-Za-z0-9]{1,9}){0,3}", fullmatch=True))
def test_no_text_breaks_the_reading_of_places(text: str) -> None:
    tag, zone, country = read_locale(text), read_zone(text), read_country(text)
    assert tag is None or read_locale(tag) == tag
    assert zone is None or ZoneInfo(zone).key == zone
    assert country is None or country in Locale("en").territories
