"""Every SMS is one segment, in every language, with a host of 24 characters."""

from dataclasses import replace
from datetime import date
from urllib.parse import urlsplit

import pytest

from reminder.domain.message import Content
from reminder.domain.states import Channel
from reminder.rendering.renderer import Renderer
from reminder.rendering.segments import Alphabet, count_segments
from reminder.rendering.sms import choose
from reminder.rendering.splice import Fields
from reminder.rendering.templates import default_template_folder
from reminder.rendering.views import (
    AnswerKind,
    AnswerView,
    AppealView,
    ClosingView,
    ConfirmationView,
    NudgeView,
    OutcomeView,
    Sender,
    Still,
    StopView,
)
from tests.rendering.cast import (
    CLARA,
    HOST,
    LANGUAGES,
    LINKS,
    OFFICE,
    OPEN_ENDED,
    TEACHER,
    TEXT,
    TWO_WAY,
    WRITER,
    renderer,
    values_for,
)

RENDERER = renderer()
APPEALS: dict[str, tuple[AppealView, ...]] = {
    "one": (WRITER,),
    "named": (replace(WRITER, named=True),),
    "open-ended": (OPEN_ENDED,),
    "three": (WRITER, TEACHER, OPEN_ENDED),
    "three open-ended": (OPEN_ENDED,) * 3,
}
every_sender = pytest.mark.parametrize("sender", [TEXT, TWO_WAY], ids=["one-way", "two-way"])
every_language = pytest.mark.parametrize("locale", LANGUAGES)


def text_of(content: Content) -> str:
    return content.text.fill(values_for(content))


def nudge(locale: str, sender: Sender, appeals: tuple[AppealView, ...], days: int = 2) -> str:
    day = date.fromordinal(date(2020, 12, 24).toordinal() - days)
    moved = tuple(replace(each, post_by=None, deadline=each.deadline and date(2020, 12, 24)) for each in appeals)
    return text_of(RENDERER.nudge(NudgeView(Channel.SMS, locale, sender, day, moved)))


def test_the_host_of_these_tests_has_24_characters() -> None:
    assert len(urlsplit(HOST).netloc) == 24


@every_sender
@every_language
@pytest.mark.parametrize("kind", APPEALS)
@pytest.mark.parametrize("days", [0, 1, 2, 3, 5, 7, 11, 21, 42])
def test_a_reminder_is_one_segment(locale: str, sender: Sender, kind: str, days: int) -> None:
    assert count_segments(nudge(locale, sender, APPEALS[kind], days)).count == 1


@every_sender
@every_language
def test_all_other_kinds_are_one_segment(locale: str, sender: Sender) -> None:
    contents = [
        RENDERER.closing(ClosingView(Channel.SMS, locale, sender, WRITER)),
        RENDERER.outcome(OutcomeView(Channel.SMS, locale, sender, WRITER, "…")),
        RENDERER.stop(StopView(Channel.SMS, locale, sender, 12)),
    ]
    assert [count_segments(text_of(content)).count for content in contents] == [1] * len(contents)


@every_sender
@every_language
def test_a_confirmation_is_one_segment_but_for_the_long_link_in_the_short_alphabet(locale: str, sender: Sender) -> None:
    text = text_of(RENDERER.confirmation(ConfirmationView(Channel.SMS, locale, sender)))
    segments = count_segments(text)
    # The link alone takes more than the 70 places of the one segment that is not in the alphabet of GSM.
    assert segments.count == (2 if segments.alphabet is Alphabet.UCS2 and sender is TEXT else 1)


def test_a_wording_is_chosen_with_the_links_at_their_own_length() -> None:
    long_host = Renderer(
        [default_template_folder()], replace(OFFICE, public_url="https://letters.for.the.writers.example.org")
    )
    text = long_host.confirmation(ConfirmationView(Channel.SMS, "en", TEXT)).text
    assert text.parts == ("Reminders by SMS? Confirm: ", "")
    with_a_short_link = long_host.stop(StopView(Channel.SMS, "en", TEXT, 12)).text
    assert with_a_short_link.parts[0].startswith("Please do not write for now. There is nothing else")


def test_of_wordings_that_all_take_two_segments_the_first_is_sent() -> None:
    link = Fields().text("confirm_url")
    text, segments = choose([f"{'ж' * 130} {link}", f"Напоминания по SMS? {link}", f"Да: {link}"], [80])
    assert (text.parts[0], segments.count) == ("Напоминания по SMS? ", 2)


@every_sender
@every_language
@pytest.mark.parametrize("kind", [kind for kind in AnswerKind if kind is not AnswerKind.LINK])
def test_an_answer_is_one_segment_whatever_still_comes(locale: str, sender: Sender, kind: AnswerKind) -> None:
    for still in Still:
        content = RENDERER.answer(AnswerView(Channel.SMS, locale, sender, kind, still, day=date(2020, 12, 27)))
        assert count_segments(text_of(content)).count == 1


@every_language
@pytest.mark.parametrize("kind", APPEALS)
def test_stop_can_be_answered_only_where_answers_reach_us(locale: str, kind: str) -> None:
    one_way, two_way = nudge(locale, TEXT, APPEALS[kind]), nudge(locale, TWO_WAY, APPEALS[kind])
    assert "STOP" not in one_way
    assert LINKS.short(CLARA) in one_way
    assert "STOP" in two_way


@pytest.mark.parametrize("locale", ["en", "fr", "es"])
def test_latin_languages_use_the_long_alphabet(locale: str) -> None:
    assert count_segments(nudge(locale, TEXT, (WRITER,))).alphabet is Alphabet.GSM7


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", "2 days left"),
        ("fr", "reste 2 jours"),
        ("es", "quedan 2 dias"),
        ("ar", "يومان"),
        ("zh", "2天"),
        ("ru", "2 дн."),
    ],
)
def test_an_sms_says_the_days_left(locale: str, words: str) -> None:
    assert words in nudge(locale, TEXT, (WRITER,))


def test_several_appeals_are_counted_and_not_told() -> None:
    assert nudge("en", TEXT, APPEALS["three"]).startswith("Reminder: 3 letters wait for you, the first until")


def test_the_name_is_said_only_where_it_may_be_and_fits() -> None:
    assert nudge("en", TEXT, APPEALS["named"]).startswith("Nagyz Muhammed. ")
    long_name = replace(WRITER, names=("N" * 140,), named=True)
    assert nudge("en", TEXT, (long_name,)).startswith("Reminder: 2 days left")


def test_a_yes_is_asked_for_only_where_it_reaches_us() -> None:
    one_way = RENDERER.confirmation(ConfirmationView(Channel.SMS, "en", TEXT))
    two_way = RENDERER.confirmation(ConfirmationView(Channel.SMS, "en", TWO_WAY))
    assert one_way.fields == ("confirm_url",)
    assert "YES" not in text_of(one_way)
    assert two_way.fields == ()
    assert "YES" in text_of(two_way)


def test_a_test_says_that_it_is_one() -> None:
    content = RENDERER.test(NudgeView(Channel.SMS, "en", TEXT, date(2020, 12, 22), (WRITER,)))
    assert text_of(content).startswith("Test: ")


def test_an_sms_has_no_mail_parts() -> None:
    content = RENDERER.nudge(NudgeView(Channel.SMS, "en", TEXT, date(2020, 12, 22), (WRITER,)))
    assert (content.subject, content.html, content.mime, content.headers) == ("", None, None, ())
    assert (content.sender, content.fields) == ("Letters", ("short_url",))
