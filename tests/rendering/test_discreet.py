"""What a locked screen, a shared computer or a mail server sees names nobody."""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from reminder.domain.message import Content
from reminder.domain.states import Channel
from reminder.rendering.views import ClosingView, OutcomeView, Sender, StopView
from tests.rendering.cast import (
    LANGUAGES,
    MAIL,
    OPEN_ENDED,
    SECRETS,
    TEACHER,
    TEXT,
    TWO_WAY,
    WRITER,
    nudge,
    renderer,
    values_for,
)

RENDERER = renderer()
SEEN_CHARACTERS = 200

MAILS: dict[str, Callable[[str], Content]] = {
    "one appeal": lambda locale: RENDERER.nudge(nudge(locale, TEACHER)),
    "one appeal by post": lambda locale: RENDERER.nudge(nudge(locale, WRITER, day=date(2020, 12, 15))),
    "open-ended": lambda locale: RENDERER.nudge(nudge(locale, OPEN_ENDED)),
    "three appeals": lambda locale: RENDERER.nudge(nudge(locale, TEACHER, WRITER, OPEN_ENDED)),
    "closing": lambda locale: RENDERER.closing(ClosingView(Channel.EMAIL, locale, MAIL, WRITER)),
    "outcome": lambda locale: RENDERER.outcome(
        OutcomeView(Channel.EMAIL, locale, MAIL, WRITER, "Nagyz Muhammed may see his family.")
    ),
    "stop": lambda locale: RENDERER.stop(StopView(Channel.EMAIL, locale, MAIL, 12, WRITER.deadline)),
}


def secrets_in(text: str) -> list[str]:
    return [secret for secret in (*SECRETS, "63/20") if secret.lower() in text.lower()]


def visible(page: str) -> str:
    """What a reader sees of the page, without the preheader."""
    body = re.sub(r"<style.*?</style>|<head.*?</head>|<div style=\"display:none.*?</div>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def preheader(page: str) -> str:
    found = re.search(r"<div style=\"display:none[^>]*>(.*?)</div>", page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


@pytest.mark.parametrize("kind", MAILS)
@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_preview_of_a_mail_names_no_person_country_charge_or_number(locale: str, kind: str) -> None:
    content = MAILS[kind](locale)
    values = values_for(content)
    assert content.html is not None
    assert content.mime is not None
    page = content.html.fill(values)
    head = content.mime.fill(values).partition("\r\n\r\n")[0]
    assert secrets_in(content.sender_name + content.subject + head) == []
    assert secrets_in(preheader(page)) == []
    assert secrets_in(visible(page)[:SEEN_CHARACTERS]) == []
    assert secrets_in(" ".join(content.text.fill(values).split())[:SEEN_CHARACTERS]) == []
    assert [link for link in re.findall(r"https://[^\s\"<>]+", page) if secrets_in(link)] == []
    assert "name=" not in head


@pytest.mark.parametrize("kind", ["one appeal", "one appeal by post", "three appeals", "closing", "outcome"])
@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_detail_stands_further_down(locale: str, kind: str) -> None:
    content = MAILS[kind](locale)
    assert content.html is not None
    assert secrets_in(visible(content.html.fill(values_for(content)))) != []
    assert secrets_in(content.text.fill(values_for(content))) != []


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_stop_note_names_nobody_at_all(locale: str) -> None:
    content = MAILS["stop"](locale)
    assert content.html is not None
    assert secrets_in(content.html.fill(values_for(content)) + content.text.fill(values_for(content))) == []


@pytest.mark.parametrize("sender", [TEXT, TWO_WAY])
@pytest.mark.parametrize("locale", LANGUAGES)
def test_an_sms_names_nobody(locale: str, sender: Sender) -> None:
    appeals = [(TEACHER,), (WRITER,), (TEACHER, WRITER, OPEN_ENDED)]
    contents = [RENDERER.nudge(replace(nudge(locale, *each), channel=Channel.SMS, sender=sender)) for each in appeals]
    contents += [
        RENDERER.closing(ClosingView(Channel.SMS, locale, sender, WRITER)),
        RENDERER.outcome(OutcomeView(Channel.SMS, locale, sender, WRITER, "Nagyz Muhammed may see his family.")),
    ]
    assert [secrets_in(content.text.fill(values_for(content))) for content in contents] == [[]] * 5
