"""Mail that comes back: reports in the forms of the standards, bounces of old servers, replies."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.consent import Leaving
from reminder.domain.replies import is_automatic
from reminder.domain.states import Channel, Result
from reminder.providers.contract import Inbound, ProviderEvent
from reminder.providers.email.mailbox import Mailbox, as_callback

NOW = datetime(2020, 12, 22, 9, tzinfo=UTC)
WIRE = "1f4a.9c0e6f2b7d81a355"

REPORT = """\
Return-Path: <>
From: MAILER-DAEMON@mx.example.net
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Arrival-Date: Tue, 22 Dec 2020 09:00:00 +0000

Final-Recipient: rfc822; clara@example.org
Original-Recipient: rfc822;clara@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 <clara@example.org>: Recipient address rejected

--B
Content-Type: {kind}

{original}
--B--
"""

HEADERS = f"From: letters@example.org\nTo: clara@example.org\nMessage-ID: <{WIRE}@example.org>\nSubject: Reminder\n"

COMPLAINT = f"""\
From: <complaints@isp.example>
To: letters@example.org
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="B"

--B
Content-Type: text/plain

This is an email abuse report.

--B
Content-Type: message/feedback-report

Feedback-Type: {{kind}}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Rcpt-To: <clara@example.org>

--B
Content-Type: message/rfc822

{HEADERS}
Hello
--B--
"""


def told(mail: str | bytes) -> list[ProviderEvent]:
    raw = mail if isinstance(mail, bytes) else mail.encode()
    found = Mailbox().parse(as_callback(raw, NOW))
    assert all(isinstance(each, ProviderEvent) for each in found)
    return [each for each in found if isinstance(each, ProviderEvent)]


def report(
    action: str = "failed", status: str = "5.1.1", kind: str = "message/rfc822", to: str = "letters@example.org"
) -> str:
    return REPORT.format(action=action, status=status, kind=kind, original=HEADERS + "\nHello\n", to=to)


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
def test_a_report_names_the_message_by_its_message_id(kind: str) -> None:
    [event] = told(report(kind=kind))
    assert (event.wire_id, event.result, event.permanent) == (WIRE, Result.BOUNCED, True)
    assert (event.address, event.code) == ("clara@example.org", "5.1.1")


@pytest.mark.parametrize("to", [f"letters+{WIRE}@example.org", f"bounces={WIRE}@example.org"])
def test_a_report_that_leaves_the_message_out_names_it_by_where_it_came_back_to(to: str) -> None:
    [event] = told(report(to=to).replace(f"Message-ID: <{WIRE}@example.org>\n", ""))
    assert event.wire_id == WIRE


@pytest.mark.parametrize("name", ["Delivered-To", "X-Original-To", "Envelope-To", "To"])
def test_the_address_that_a_mail_came_back_to_stands_in_several_headers(name: str) -> None:
    mail = report(to="letters@example.org").replace(f"Message-ID: <{WIRE}@example.org>\n", "")
    [event] = told(f"Delivered-To: reminder@localhost\n{name}: Bounces+{WIRE.upper()}@example.org\n{mail}")
    assert event.wire_id == WIRE


def test_where_it_came_back_to_says_more_than_the_message_id_that_a_stranger_wrote() -> None:
    other = "2b3c.0123456789abcdef"
    [event] = told(report(to=f"bounces+{other}@example.org"))
    assert event.wire_id == other


@pytest.mark.parametrize(
    ("text", "result", "permanent"),
    [
        ("550 5.1.1 no such mailbox", Result.BOUNCED, True),
        ("Your mail was refused.", Result.BOUNCED, False),
        ("5.2.2 mailbox full", Result.BOUNCED, False),
        ("still trying, 4.4.1", Result.DEFERRED, False),
    ],
)
def test_a_bounce_in_no_form_at_all_names_its_message_by_where_it_came_back_to(
    text: str, result: Result, permanent: bool
) -> None:
    head = f"Return-Path: <>\nFrom: MAILER-DAEMON@old.example.net\nTo: bounces+{WIRE}@example.org\nSubject: Mail\n"
    [event] = told(f"{head}Auto-Submitted: auto-replied\n\n{text}\n")
    assert (event.wire_id, event.result, event.permanent) == (WIRE, result, permanent)


def test_a_holidays_notice_that_comes_back_the_same_way_is_no_bounce() -> None:
    head = f"Return-Path: <>\nFrom: clara@example.org\nTo: bounces+{WIRE}@example.org\nSubject: Away\n"
    [said] = Mailbox().parse(as_callback(f"{head}Auto-Submitted: auto-replied\n\nI am away.\n".encode(), NOW))
    assert isinstance(said, Inbound)
    assert is_automatic(said.headers)


@pytest.mark.parametrize(
    ("action", "status", "result", "permanent"),
    [
        ("failed", "5.1.1", Result.BOUNCED, True),
        ("Failed", "5.1.10", Result.BOUNCED, True),
        ("failed", "5.2.2", Result.BOUNCED, False),
        ("failed", "5.7.1", Result.BOUNCED, False),
        ("failed", "4.4.7", Result.BOUNCED, False),
        ("delayed", "4.4.1", Result.DEFERRED, False),
        ("delivered", "2.0.0", Result.DELIVERED, False),
        ("relayed", "2.0.0", Result.SENT, False),
    ],
)
def test_what_a_report_means(action: str, status: str, result: Result, permanent: bool) -> None:
    [event] = told(report(action, status))
    assert (event.kind, event.result, event.permanent) == ("status", result, permanent)


def test_an_action_that_nobody_knows_is_unknown() -> None:
    [event] = told(report("vanished"))
    assert event.kind == "unknown"


@pytest.mark.parametrize(
    ("kind", "result", "event_kind", "leaving"),
    [
        ("abuse", Result.COMPLAINED, "status", None),
        ("fraud", Result.COMPLAINED, "status", None),
        ("opt-out", Result.UNKNOWN, "left", Leaving.ALL_EMAIL),
        ("not-spam", Result.UNKNOWN, "noted", None),
    ],
)
def test_a_complaint(kind: str, result: Result, event_kind: str, leaving: Leaving | None) -> None:
    [event] = told(COMPLAINT.format(kind=kind))
    assert (event.result, event.kind, event.leaving, event.wire_id) == (result, event_kind, leaving, WIRE)


def test_a_bounce_of_an_old_server_is_understood() -> None:
    mail = f"""\
Return-Path: <>
From: MAILER-DAEMON@old.example.net
To: letters@example.org
Subject: failure notice

Hi. This is the qmail-send program at old.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<clara@example.org>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <letters@example.org>
{HEADERS}
Hello
"""
    [event] = told(mail)
    assert (event.result, event.permanent, event.address, event.wire_id) == (
        Result.BOUNCED,
        True,
        "clara@example.org",
        WIRE,
    )


def test_a_reply_is_a_reply() -> None:
    mail = f"""\
From: "Clara Smith" <clara@example.org>
To: letters@example.org
Subject: Re: Reminder
In-Reply-To: <{WIRE}@example.org>
Message-ID: <abc@mail.example.org>
Content-Type: text/plain; charset=utf-8

Done!

On Tue, 22 Dec 2020 at 09:00, Letters <letters@example.org> wrote:
> Hello
"""
    [said] = Mailbox().parse(as_callback(mail.encode(), NOW))
    assert isinstance(said, Inbound)
    assert (said.channel, said.sender, said.in_reply_to, said.provider_id) == (
        Channel.EMAIL,
        "clara@example.org",
        WIRE,
        "<abc@mail.example.org>",
    )
    assert said.text.startswith("Done!")


@given(st.binary(max_size=400))
def test_any_bytes_are_a_mail_of_some_kind(raw: bytes) -> None:
    assert isinstance(Mailbox().parse(as_callback(raw, NOW)), list)


@given(cut=st.integers(0, 2_000))
def test_a_report_that_was_cut_off_breaks_nothing(cut: int) -> None:
    assert isinstance(Mailbox().parse(as_callback(report().encode()[:cut], NOW)), list)
