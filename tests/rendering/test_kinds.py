"""The other kinds of message: what each says, and what it must not."""

from dataclasses import replace
from datetime import date
from email import message_from_string

import pytest

from reminder.domain.message import Content
from reminder.domain.states import Channel
from reminder.rendering.views import (
    AlertView,
    AnswerKind,
    AnswerView,
    ClosingView,
    ConfirmationView,
    InvitationView,
    OutcomeView,
    ReportView,
    Still,
    StopView,
    Table,
)
from tests.rendering.cast import HOST, LANGUAGES, MAIL, OPEN_ENDED, WRITER, renderer, values_for

RENDERER = renderer()
EMAIL = Channel.EMAIL


def text_of(content: Content) -> str:
    return content.text.fill(values_for(content))


def headers_of(content: Content) -> dict[str, str]:
    assert content.mime is not None
    return dict(message_from_string(content.mime.fill(values_for(content))).items())


def test_the_closing_note_says_to_check_and_asks_for_no_letter() -> None:
    content = RENDERER.closing(ClosingView(EMAIL, "en", MAIL, WRITER))
    text = text_of(content)
    assert content.subject == "The date has passed: please check before you write"
    assert "was Tuesday 29 December 2020." in text
    assert "Please send no more letters for it without asking." in text
    assert "office@example.org" in text
    assert "After that date, ask the office in your country." in text
    assert "wrote_url:12" not in content.fields
    assert "leave_url" in content.fields


def test_an_appeal_without_a_date_can_be_closed_too() -> None:
    text = text_of(RENDERER.closing(ClosingView(EMAIL, "en", MAIL, OPEN_ENDED)))
    assert "An appeal of which we reminded you has ended." in text


def test_the_outcome_is_told_in_the_organisers_words_and_claimed_by_nobody() -> None:
    text = text_of(RENDERER.outcome(OutcomeView(EMAIL, "en", MAIL, WRITER, "He is at home.\n\nHe thanks all.")))
    assert "He is at home.\n\nHe thanks all." in text
    assert "we do not claim it" in text


def test_the_stop_note_is_neutral() -> None:
    content = RENDERER.stop(StopView(EMAIL, "en", MAIL, 12, date(2020, 12, 29)))
    assert content.subject == "Please do not write for now"
    assert "the appeal that was open until Tuesday 29 December 2020." in text_of(content)
    assert "the appeal of which we reminded you." in text_of(RENDERER.stop(StopView(EMAIL, "en", MAIL, 12)))


def test_a_confirmation_has_one_link_and_shows_the_wording_that_is_agreed_to() -> None:
    content = RENDERER.confirmation(ConfirmationView(EMAIL, "en", MAIL, "I agree to get reminders.", hours=24))
    text = text_of(content)
    assert text.count(values_for(content)[content.fields.index("confirm_url")]) == 1
    assert "I agree to get reminders." in text
    assert "24 hours" in text
    assert "List-Unsubscribe" not in headers_of(content)
    assert "/leave/" not in text


@pytest.mark.parametrize("kind", AnswerKind)
@pytest.mark.parametrize("locale", LANGUAGES)
def test_each_answer_says_in_a_line_what_still_comes(locale: str, kind: AnswerKind) -> None:
    def answer(still: Still) -> str:
        return text_of(RENDERER.answer(AnswerView(EMAIL, locale, MAIL, kind, still, day=date(2020, 12, 27))))

    assert len({answer(still) for still in Still}) == len(Still)


def test_an_answer_says_that_it_is_one() -> None:
    content = RENDERER.answer(AnswerView(EMAIL, "en", MAIL, AnswerKind.LATER, day=date(2020, 12, 27)))
    assert "We will remind you on Sunday 27 December." in text_of(content)
    assert headers_of(content)["Auto-Submitted"] == "auto-replied"


def test_a_fresh_link_says_how_long_it_works() -> None:
    text = text_of(RENDERER.answer(AnswerView(EMAIL, "en", MAIL, AnswerKind.LINK, minutes=15)))
    assert "Your link works for 15 minutes." in text
    assert f"{HOST}/me/AAAAAAAAAAA" in text


def test_a_report_shows_its_facts_and_tables_in_both_parts() -> None:
    table = Table("By step", ("Step", "Email", "SMS"), (("start", "120", "0"), ("2 days", "40", "51")))
    view = ReportView(
        "en", MAIL, "Report: an appeal has expired", (("Zone", "Europe/London"),), (table,), ("Done.",), HOST
    )
    content = RENDERER.report(view)
    text = text_of(content)
    assert content.subject == "Report: an appeal has expired"
    assert "Zone: Europe/London" in text
    assert "Step | Email | SMS\nstart | 120 | 0\n2 days | 40 | 51" in text
    assert content.html is not None
    assert "Europe/London</td>" in content.html.fill(values_for(content))
    assert content.fields == ("to", "message_id", "date")


def test_an_alert_says_what_is_the_matter_and_what_to_do() -> None:
    text = text_of(
        RENDERER.alert(AlertView("en", MAIL, "A case waits for you", "Two dates.", "Decide.", ("one", "two"), HOST))
    )
    assert "Two dates.\n\nWhat to do\n\nDecide.\n\n- one\n- two\n\nOpen:\n" in text


def test_an_invitation_names_who_invites_where_somebody_does() -> None:
    view = InvitationView("en", MAIL, "approver", "Bikash")
    assert "Bikash invites you to help with reminders as approver." in text_of(RENDERER.invitation(view))
    assert "You are invited to help" in text_of(RENDERER.invitation(replace(view, inviter="")))
