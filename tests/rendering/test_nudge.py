"""What a reminder says: days left, the one thing to do, the few links."""

import html
import re
from dataclasses import replace
from datetime import date

import pytest

from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.rendering.views import Advice, AppealView, NudgeView, TargetView
from tests.rendering.cast import CLARA, HOST, LANGUAGES, LINKS, OPEN_ENDED, TEACHER, WRITER, nudge, renderer, values_for

RENDERER = renderer()
BY_MAIL = replace(WRITER, advice=Advice.EMAIL)


def text_of(view: NudgeView) -> str:
    content = RENDERER.nudge(view)
    return content.text.fill(values_for(content))


def html_of(view: NudgeView) -> str:
    content = RENDERER.nudge(view)
    assert content.html is not None
    return content.html.fill(values_for(content))


@pytest.mark.parametrize(
    ("appeals", "day", "subject"),
    [
        ((BY_MAIL,), date(2020, 12, 22), "Reminder: 7 days left to write (until Tuesday 29 December)"),
        ((BY_MAIL,), date(2020, 12, 28), "Reminder: 1 day left to write (until Tuesday 29 December)"),
        ((BY_MAIL,), date(2020, 12, 29), "Reminder: last day to write (Tuesday 29 December)"),
        ((WRITER,), date(2020, 12, 8), "Reminder: 7 days left to post your letter (by Tuesday 15 December)"),
        ((WRITER,), date(2020, 12, 15), "Reminder: last day to post your letter (Tuesday 15 December)"),
        ((WRITER,), date(2020, 12, 16), "Reminder: 13 days left to write (until Tuesday 29 December)"),
        ((OPEN_ENDED,), date(2020, 12, 22), "Reminder: your letter still counts"),
        ((TEACHER, BY_MAIL), date(2020, 12, 22), "Reminder: 2 appeals, the first until Thursday 24 December"),
        ((TEACHER, BY_MAIL), date(2020, 12, 24), "Reminder: 2 appeals, the first until today (Thursday 24 December)"),
        ((OPEN_ENDED, OPEN_ENDED), date(2020, 12, 24), "Reminder: 2 appeals are open"),
    ],
)
def test_the_subject_says_how_long_there_is(appeals: tuple[AppealView, ...], day: date, subject: str) -> None:
    assert RENDERER.nudge(nudge("en", *appeals, day=day)).subject == subject


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("en-US", "Reminder: 7 days left to write (until Tuesday, December 29)"),
        ("fr", "Rappel : il reste 7 jours pour écrire (jusqu'au mardi 29 décembre)"),
        ("es", "Recordatorio: quedan 7 días para escribir (hasta el martes 29 de diciembre)"),
        ("ar", "تذكير: بقيت 7 أيام للكتابة (حتى الثلاثاء 29 ديسمبر)"),
        ("zh", "提醒：还有7天可以写信（至12月29日星期二）"),
        ("ru", "Напоминание: осталось 7 дней, чтобы написать (до 29 декабря, вторник)"),
        ("kk", "Напоминание: осталось 7 дней, чтобы написать (до 29 декабря, вторник)"),
    ],
)
def test_the_subject_is_in_the_readers_language(locale: str, subject: str) -> None:
    assert RENDERER.nudge(nudge(locale, BY_MAIL)).subject == subject


@pytest.mark.parametrize(
    ("days", "words"), [(1, "остался 1 день"), (2, "осталось 2 дня"), (5, "осталось 5 дней"), (21, "остался 21 день")]
)
def test_plurals_follow_the_language(days: int, words: str) -> None:
    view = nudge("ru", replace(BY_MAIL, deadline=date(2020, 12, 1 + days)), day=date(2020, 12, 1))
    assert words in RENDERER.nudge(view).subject


def test_no_reminder_speaks_after_the_deadline() -> None:
    with pytest.raises(Trouble, match="has passed"):
        RENDERER.nudge(nudge("en", WRITER, day=date(2020, 12, 30)))


@pytest.mark.parametrize(
    ("advice", "sentence"),
    [
        (Advice.EMAIL, "Please write by email"),
        (Advice.FAX, "Please send a fax"),
        (Advice.PHONE, "Please call"),
        (Advice.FORM, "Please use the online form"),
        (Advice.EMBASSY, "Please write to the embassy"),
        (Advice.ANY, "Please write now"),
        (Advice.POST, "Please post your letter as soon as you can"),
    ],
)
def test_the_one_thing_to_do_is_by_a_channel_that_can_still_arrive(advice: Advice, sentence: str) -> None:
    text = text_of(nudge("en", replace(WRITER, advice=advice, post_by=None)))
    assert sentence in text
    assert advice is Advice.POST or "post your letter" not in text


def test_there_is_one_link_each_to_write_to_say_so_to_be_reminded_and_to_leave() -> None:
    for whole in (text_of(nudge("en", WRITER)), html_of(nudge("en", WRITER))):
        for link in (LINKS.appeal("k7Qx2a"), LINKS.wrote(12, CLARA), LINKS.later(12, CLARA), LINKS.leave(CLARA)):
            assert whole.count(link) == 1


def test_the_fields_name_what_differs_from_person_to_person() -> None:
    content = RENDERER.nudge(nudge("en", TEACHER, WRITER))
    assert set(content.fields) == {
        *("to", "message_id", "date", "name", "leave_url"),
        *("wrote_url:13", "later_url:13", "wrote_url:12", "later_url:12"),
    }


def test_several_appeals_stand_in_order_each_with_its_own_links() -> None:
    text = text_of(nudge("en", TEACHER, WRITER, also_open=2))
    places = [
        text.index(each) for each in ("Amina Testova", LINKS.wrote(13, CLARA), "Nagyz Muhammed", LINKS.wrote(12, CLARA))
    ]
    assert places == sorted(places)
    assert "Also open: 2 more appeals." in text
    assert f"{HOST}\n" in text


def test_the_body_tells_all_that_a_letter_needs() -> None:
    text = text_of(nudge("en", WRITER, day=date(2020, 12, 8)))
    for each in (
        *("Nagyz Muhammed", "China", "until Tuesday 29 December 2020", "Director Wang Jiang", "Dear Director Wang"),
        *("Chinese", "your own language", "that his family may visit him", "a writer sentenced to life"),
        "After that date, ask the office in your country.",
    ):
        assert each in text


def test_all_ways_to_a_target_are_named() -> None:
    target = TargetView(
        ("Bureau",), email=("a@example.net",), fax="+44 7700 900111", phone="+44 7700 900112", form_url=HOST
    )
    embassy = TargetView(("Embassy",), copy=True)
    text = text_of(nudge("en", replace(WRITER, targets=(embassy, target))))
    assert "Email: a@example.net\nFax: +44 7700 900111\nPhone: +44 7700 900112\nOnline form: " in text
    assert text.index("Write to\n\nBureau") < text.index("Copies to\n\nEmbassy")


def test_greeting_is_by_name_only_where_there_is_one() -> None:
    content = RENDERER.nudge(nudge("fr"))
    assert "Bonjour Clara,\n" in content.text.fill(values_for(content))
    assert "Bonjour,\n" in content.text.fill(values_for(content, name=""))


def test_the_name_stands_in_the_subject_only_where_campaign_and_reader_allow_it() -> None:
    named = replace(BY_MAIL, named=True)
    assert RENDERER.nudge(nudge("en", named)).subject.endswith("(until Tuesday 29 December) · Nagyz Muhammed")
    assert "Nagyz" not in RENDERER.nudge(nudge("en", named, TEACHER)).subject


def test_a_test_says_that_it_is_one_and_is_otherwise_the_same() -> None:
    content = RENDERER.test(nudge("en", WRITER))
    text = content.text.fill(values_for(content))
    assert "This is a test." in text
    assert text.replace("This is a test. Nobody else got it.\n\n", "") == text_of(nudge("en", WRITER))


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_page_says_its_language_and_direction_and_has_one_heading(locale: str) -> None:
    page = html_of(nudge(locale, TEACHER, WRITER))
    direction = "rtl" if locale == "ar" else "ltr"
    assert f'<html lang="{locale}" dir="{direction}">' in page
    assert re.findall(r"<h1[^>]*>(.*?)</h1>", html.unescape(page)) == [
        RENDERER.nudge(nudge(locale, TEACHER, WRITER)).subject
    ]
    tables = re.findall(r"<table[^>]*>", page)
    assert all('role="presentation"' in table for table in tables)
    assert "http://" not in page
    assert re.search(r"<img|src=|url\(", page) is None


def test_a_letter_in_arabic_runs_from_right_to_left_in_an_english_mail() -> None:
    page = html_of(nudge("en", replace(WRITER, language="ar", letter="تحية طيبة")))
    assert re.search(r'lang="ar" dir="rtl"[^>]*text-align:right[^>]*><p[^>]*>تحية طيبة', page)


def test_who_we_are_stands_in_the_footer() -> None:
    for whole in (text_of(nudge("zh")), html_of(nudge("zh"))):
        for each in ("Letters e.V.", "1 Example Row", "London E1 0AA", "office@example.org", f"{HOST}/privacy"):
            assert each in whole


def test_a_view_is_rendered_once() -> None:
    view = nudge("en", WRITER)
    assert RENDERER.nudge(view) is RENDERER.nudge(nudge("en", WRITER))


def test_an_email_has_no_segments() -> None:
    assert RENDERER.segments(replace(nudge(), channel=Channel.SMS)).count == 1
    with pytest.raises(ValueError, match="no segments"):
        RENDERER.segments(nudge())
