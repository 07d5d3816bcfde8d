"""Catalogues: complete, fillable, and found along the chain."""

import re
from datetime import date
from pathlib import Path

import pytest

from reminder.errors import Trouble
from reminder.rendering.check import check_languages, code_messages, missing_messages, used_messages
from reminder.rendering.languages import Languages, chain, read_catalogue
from reminder.rendering.templates import Templates, default_template_folder

FOLDER = default_template_folder()
TEMPLATES = Templates([FOLDER])
LANGUAGES = Languages([FOLDER / "languages"])
PLACE = re.compile(r"%\((\w+)\)s")
HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


@pytest.mark.parametrize(
    ("locale", "languages"),
    [
        ("en", ("en",)),
        ("fr-CA", ("fr-CA", "fr", "en")),
        ("kk", ("kk", "ru", "en")),
        ("kk-KZ", ("kk-KZ", "kk", "ru", "en")),
        ("pt_BR", ("pt-BR", "pt", "en")),
        ("zh-Hant", ("zh-Hant", "zh", "en")),
        ("zh-TW", ("zh-TW", "zh-Hant", "zh", "en")),
        ("tlh", ("tlh", "en")),
        ("../../etc", ("en",)),
        ("en\r\nX: y", ("en",)),
        ("", ("en",)),
    ],
)
def test_a_language_without_catalogue_falls_back_along_its_chain(locale: str, languages: tuple[str, ...]) -> None:
    assert chain(locale) == languages


def test_six_languages_come_with_the_program() -> None:
    assert LANGUAGES.tags == ("ar", "en", "es", "fr", "ru", "zh")


@pytest.mark.parametrize("tag", ["ar", "es", "fr", "ru", "zh"])
def test_a_catalogue_is_complete_and_can_be_filled_in(tag: str) -> None:
    assert missing_messages(TEMPLATES, LANGUAGES.files(tag)) == []
    assert check_languages(LANGUAGES) == []


def texts_of(told: object) -> list[str]:
    """One text, or the singular and the plurals."""
    return [str(text) for text in told] if isinstance(told, (tuple, list)) else [str(told)]


@pytest.mark.parametrize("tag", ["ar", "es", "fr", "ru", "zh"])
def test_a_translation_says_all_that_the_english_text_says(tag: str) -> None:
    """The same places; only a plural form may leave its number out: "two letters" is one word in Arabic."""
    messages = [message for message in read_catalogue(FOLDER / f"languages/{tag}.po") if message.id]
    assert messages
    for message in messages:
        places = {place for text in texts_of(message.id) for place in PLACE.findall(text)}
        may_go = {"count"} if message.pluralizable else set()
        for text in texts_of(message.string):
            assert set(PLACE.findall(text)) | may_go == places, text


@pytest.mark.parametrize("tag", ["ar", "es", "fr", "ru", "zh"])
def test_no_message_stands_twice_in_a_catalogue(tag: str) -> None:
    lines = (FOLDER / f"languages/{tag}.po").read_text().splitlines()
    messages = [line for line in lines if line.startswith("msgid ")]
    assert len(messages) == len(set(messages)) > 300


def test_what_the_pages_say_is_among_what_a_catalogue_needs() -> None:
    messages = used_messages(TEMPLATES)
    assert "Shall we remind you?" in messages  # a page's template
    assert messages["%(count)s day left"] == "%(count)s days left"  # a page's code
    assert "Texts still come." in messages  # the answer to somebody who leaves


def test_the_texts_of_code_are_read_without_running_it(tmp_path: Path) -> None:
    file = tmp_path / "page.py"
    file.write_text(
        'a = words.t("One %(day)s", day=day)\nb = site.words(request).tn("%(count)s x", "%(count)s y", 2)\nc = words.t(a)'
    )
    assert dict(code_messages(file)) == {"One %(day)s": None, "%(count)s x": "%(count)s y"}


def test_what_a_catalogue_lacks_is_listed(tmp_path: Path) -> None:
    (tmp_path / "pt.po").write_text(HEAD + 'msgid "Hello,"\nmsgstr "Olá,"\n\n#, fuzzy\nmsgid "Write now"\nmsgstr "?"\n')
    missing = missing_messages(TEMPLATES, [tmp_path / "pt.po"])
    assert "Hello," not in missing
    assert "Write now" in missing


def test_no_message_says_a_word_that_frightens() -> None:
    never = re.compile(
        r"\b(releas\w*|held|kill\w*|poison\w*|execut\w*|suppress\w*|ambiguous|waves?|ladders?|due)\b", re.I
    )
    messages = used_messages(TEMPLATES)
    assert len(messages) > 300
    # A letter that is due is one to write, not a debt.
    texts = [text.replace("is due", "").replace("are due", "") for pair in messages.items() for text in pair if text]
    assert [text for text in texts if never.search(text)] == []


@pytest.mark.parametrize(
    ("locale", "day", "with_year", "short"),
    [
        ("en", "Tuesday 29 December", "Tuesday 29 December 2020", "29 Dec"),
        ("en-US", "Tuesday, December 29", "Tuesday, December 29, 2020", "Dec 29"),
        ("fr", "mardi 29 décembre", "mardi 29 décembre 2020", "29 déc."),
        ("es", "martes 29 de diciembre", "martes 29 de diciembre de 2020", "29 dic"),
        ("ar", "الثلاثاء 29 ديسمبر", "الثلاثاء 29 ديسمبر 2020", "29/12"),
        ("zh", "12月29日星期二", "2020年12月29日星期二", "12月29日"),
        ("ru", "29 декабря, вторник", "29 декабря 2020 г., вторник", "29.12"),
    ],
)
def test_days_are_written_as_each_language_writes_them(locale: str, day: str, with_year: str, short: str) -> None:
    words = LANGUAGES.words(locale)
    deadline = date(2020, 12, 29)
    assert (words.day(deadline), words.day_and_year(deadline), words.short_day(deadline)) == (day, with_year, short)


def test_a_language_of_the_operators_own_has_dates_too(tmp_path: Path) -> None:
    (tmp_path / "pt.po").write_text(HEAD + 'msgid "Hello,"\nmsgstr "Olá,"\n')
    words = Languages([tmp_path, FOLDER / "languages"]).words("pt-BR")
    assert words.t("Hello,") == "Olá,"
    assert words.t("Write now") == "Write now"
    assert words.day(date(2020, 12, 29)) == "ter., 29 de dezembro"
    assert words.tag == "pt"


def test_an_operator_may_change_one_message_of_any_language(tmp_path: Path) -> None:
    (tmp_path / "en.po").write_text(HEAD + 'msgid "Write now"\nmsgstr "Write your letter"\n')
    (tmp_path / "fr.po").write_text(HEAD + 'msgid "Write now"\nmsgstr "À votre plume"\n')
    languages = Languages([tmp_path, FOLDER / "languages"])
    assert languages.words("en").t("Write now") == "Write your letter"
    assert languages.words("fr").t("Write now") == "À votre plume"
    assert languages.words("fr").t("Hello,") == "Bonjour,"
    assert languages.words("ru").t("Write now") == "Написать сейчас"


def test_a_translation_that_cannot_be_filled_in_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "fr.po"
    file.write_text(HEAD + '#, python-format\nmsgid "until %(day)s"\nmsgstr "jusqu\'au %(jour)s"\n')
    troubles = [str(trouble) for trouble in check_languages(Languages([tmp_path]))]
    assert len(troubles) == 1
    assert troubles[0].startswith(f"{file}:5:")
    with pytest.raises(Trouble, match=r"fr\.po"):
        Languages([tmp_path]).words("fr").t("until %(day)s", day="mardi")


def test_a_catalogue_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "fr.po").write_bytes(b"\xff\xfe nonsense")
    assert [trouble.thing.startswith(str(tmp_path)) for trouble in check_languages(Languages([tmp_path]))] == [True]
