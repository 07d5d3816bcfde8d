"""Mail that came back, from its bytes to what becomes of it: bounces by VERP, answers by mail, machines."""

from datetime import datetime
from typing import Any

import pytest

from reminder.domain.states import Result
from reminder.events.apply import Applied, Callbacks
from reminder.events.intake import keep, sealed
from reminder.providers.email.mailbox import NAME, Mailbox, as_callback
from reminder.providers.email.smtp_envelope import returning
from tests.databases import vault_for_tests
from tests.events.conftest import Ear
from tests.events.test_replies import answers, waiting, with_both
from tests.outbox.world import EPOCH, MORNING, address

# A bounce without any header of ours, as some servers write it.
BOUNCE = """\
Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: {to}
Subject: Undelivered Mail
Message-ID: <{number}@mx.example.net>

{text}
"""
ANSWER = """\
From: {who}
To: letters@example.org
Subject: {subject}
Message-ID: <{number}@mail.example.org>
In-Reply-To: <{wire_id}@example.org>
{headers}Content-Type: text/plain; charset=utf-8

{text}

On Tue, 22 Dec 2020 at 09:00, Letters <letters@example.org> wrote:
> Reply STOP to leave, or say DONE.
"""


def came(ear: Ear, mail: str, at: datetime = MORNING) -> Applied:
    """A mail comes in by the pipe or the mailbox and is applied."""
    keep(ear.world.database, sealed(vault_for_tests(), NAME, as_callback(mail.encode(), at)))
    speaking = {NAME: Mailbox(), ear.provider.name: ear.provider}
    return Callbacks(ear.world.database, vault_for_tests(), speaking, EPOCH, ear.replies.take).apply_waiting(at)


def bounce(ear: Ear, wire_id: str, text: str = "550 5.1.1 no such mailbox") -> Applied:
    return came(ear, BOUNCE.format(to=returning("bounces@example.org", wire_id), number=len(wire_id), text=text))


def answer(ear: Ear, name: str, text: str, **more: Any) -> Applied:
    values = {"who": address(name), "subject": "Re: Reminder", "headers": "", "number": 1, **more}
    return came(ear, ANSWER.format(text=text, wire_id=more.pop("wire_id", None) or ear.wire_id(name), **values))


def test_a_bounce_without_any_of_our_headers_finds_its_message_by_the_address_it_came_to(ear: Ear) -> None:
    with_both(ear, "Clara")
    assert bounce(ear, ear.wire_id("Clara")).news == 1
    assert Result(ear.world.message_of("Clara").result) is Result.BOUNCED
    assert ear.closed() == ["bounced"]


def test_an_address_that_somebody_made_up_bounces_nobody(ear: Ear) -> None:
    with_both(ear, "Clara")
    number = ear.wire_id("Clara").partition(".")[0]
    applied = bounce(ear, f"{number}.0123456789abcdef")
    assert (applied.news, applied.foreign, ear.closed()) == (0, 1, [])
    assert ear.world.one("SELECT waits_because FROM instance") == "", "and stops nothing"


def test_done_by_mail_counts_for_both_appeals_of_the_message(ear: Ear) -> None:
    ear.world.person("Clara", sms=True)
    ear.world.scene(letters="AB").open(MORNING)
    ear.world.send(ear.provider)
    answer(ear, "Clara", "I wrote!")
    assert [row.campaign_id for row in ear.world.rows("SELECT campaign_id FROM letter ORDER BY 1")] == [1, 2]
    assert any("wrote" in each for each in answers(ear))
    assert waiting(ear) == []


@pytest.mark.parametrize("text", ["STOP", "DONE", "START", "JOIN", "HELP", "leave me alone", "I am away until Monday."])
@pytest.mark.parametrize(
    "headers",
    [
        "Auto-Submitted: auto-replied\n",
        "X-Auto-Response-Suppress: All\n",
        "Return-Path: <>\n",
        "Precedence: bulk\n",
        "X-Autoreply: yes\n",
    ],
)
def test_what_a_machine_answers_changes_nothing(ear: Ear, text: str, headers: str) -> None:
    with_both(ear, "Clara")
    assert answer(ear, "Clara", text, headers=headers).replies == 1
    assert (ear.closed(), waiting(ear), answers(ear), ear.joined) == ([], [], [], [])
    assert ear.world.one("SELECT count(*) FROM letter") == 0
    assert ear.world.one("SELECT paused_until FROM subscriber") is None


def test_a_mail_that_nothing_can_read_stops_no_other(ear: Ear) -> None:
    with_both(ear, "Clara")
    came(ear, "\x00\x01 nothing that a mail could be")
    came(ear, "Content-Type: multipart/report; boundary=\n\n--\n\n--")
    answer(ear, "Clara", "unsubscribe", number=2)
    assert ear.closed() == ["left"]


def test_a_mail_that_comes_by_the_pipe_and_from_the_mailbox_is_one_reply(ear: Ear) -> None:
    with_both(ear, "Clara")
    answer(ear, "Clara", "Is a postcard fine?")
    answer(ear, "Clara", "Is a postcard fine?", headers="Delivered-To: letters@example.org\n")
    assert ear.world.one("SELECT count(*) FROM raw_event") == 2
    assert len(waiting(ear)) == 1
