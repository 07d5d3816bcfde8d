"""The whole message: read back by the standard library's parser, for any text in any place."""

import email
import email.policy
import html
import re
from dataclasses import replace
from datetime import date
from email.message import EmailMessage
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.message import Content
from reminder.errors import Trouble
from reminder.rendering.clean import clean_line
from reminder.rendering.mime import quoted_printable, quoted_value
from reminder.rendering.views import Sender
from tests.rendering.cast import CLARA, HOST, LANGUAGES, LINKS, MAIL, TEACHER, WRITER, nudge, renderer, values_for

RENDERER = renderer()
HEADERS = [
    *(
        "Date",
        "From",
        "To",
        "Subject",
        "Reply-To",
        "Message-ID",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "List-Id",
    ),
    *("Auto-Submitted", "Content-Language", "MIME-Version", "Content-Type"),
]
nasty = st.text() | st.sampled_from(
    [
        "a\r\nBcc: ivo@example.org",
        "\r\n.\r\n",
        "..",
        "From x",
        "=?utf-8?q?=0ABcc:?=",
        "x" * 300,
        " ",
        "=",
        "<script>",
        "\ud800",
        "a b " * 60,
        '"><b>',
        "é" * 80,
    ]
)


def message_of(content: Content, *values: str) -> tuple[str, EmailMessage]:
    assert content.mime is not None
    text = content.mime.fill(values)
    return text, email.message_from_bytes(text.encode("ascii"), policy=email.policy.default)


def parts_of(message: EmailMessage) -> tuple[str, str]:
    plain, rich = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert rich is not None
    return (_content(plain), _content(rich))


def _content(part: object) -> str:
    return str(cast(EmailMessage, part).get_content()).replace("\r\n", "\n").rstrip("\n")


def no_defects(message: EmailMessage) -> bool:
    return not any(part.defects for part in message.walk()) and not any(
        getattr(value, "defects", ()) for value in message.values()
    )


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_reminder_is_read_back_as_it_was_meant(locale: str) -> None:
    content = RENDERER.nudge(nudge(locale, TEACHER, WRITER, also_open=2))
    values = values_for(content)
    text, message = message_of(content, *values)
    assert no_defects(message)
    assert message.keys() == HEADERS
    assert message["Subject"] == content.subject
    assert message["To"] == "clara@example.org"
    assert message["From"] == "Letters <reminders@example.org>"
    assert message["Message-ID"] == "<4711.0123456789abcdef@example.org>"
    assert message["Date"].datetime.isoformat() == "2020-12-22T09:00:00+00:00"
    assert message["Content-Language"] == locale
    assert content.html is not None
    assert parts_of(message) == (content.text.fill(values).rstrip("\n"), content.html.fill(values))
    assert re.search("[^\r]\n", text) is None


def test_one_click_leaving_is_offered_as_rfc_8058_wants_it() -> None:
    sender = replace(MAIL, leave_address="leave@example.org")
    content = RENDERER.nudge(replace(nudge(), sender=sender))
    _, message = message_of(content, *values_for(content))
    assert message["List-Unsubscribe"] == f"<{LINKS.leave(CLARA)}>, <mailto:leave@example.org?subject=leave>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Id"] == "<reminders.example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    passed_on = {name: value.fill(values_for(content)) for name, value in content.headers}
    assert passed_on == {name: message[name] for name in passed_on}
    assert {"Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Auto-Submitted"} == set(passed_on)


@given(st.data())
def test_any_value_in_any_field_adds_no_header_and_breaks_no_line(data: st.DataObject) -> None:
    content = RENDERER.nudge(nudge("en", TEACHER))
    given_values = values_for(content)
    values = tuple(data.draw(nasty | st.just(known)) for known in given_values)
    date_place = content.fields.index("date")
    values = (*values[:date_place], given_values[date_place], *values[date_place + 1 :])
    text, message = message_of(content, *values)
    assert message.keys() == HEADERS
    assert no_defects(message)
    assert content.html is not None
    assert parts_of(message) == (content.text.fill(values).rstrip("\n"), content.html.fill(values).rstrip("\n"))
    body = text.partition("\r\n\r\n")[2].split("\r\n")
    assert max(map(len, body)) <= 76
    assert not any(line.startswith((".", "From ")) for line in body)
    assert max(map(len, text.split("\r\n"))) <= 998


@given(nasty, nasty, nasty)
def test_any_text_of_an_organiser_adds_no_header(name: str, place: str, own: str) -> None:
    appeal = replace(
        TEACHER, names=(name,), countries=(place,), letter=own, demands=(own,), late_policy=own, named=True
    )
    view = replace(nudge("en", appeal), sender=replace(MAIL, name=name))
    content = RENDERER.nudge(view)
    values = values_for(content)
    _, message = message_of(content, *values)
    assert message.keys() == HEADERS
    assert no_defects(message)
    assert message["From"].addresses[0].addr_spec == "reminders@example.org"
    # The parser of Python 3.11 keeps the space between two encoded words of a name.
    shown = message["From"].addresses[0].display_name.replace(" ", "")
    assert shown == clean_line(name)[:250].replace(" ", "")
    assert " ".join(message["Subject"].split()) == content.subject[:250].strip()
    assert content.html is not None
    assert parts_of(message) == (content.text.fill(values).rstrip("\n"), content.html.fill(values).rstrip("\n"))


@given(nasty)
def test_a_text_stays_text_in_html(text: str) -> None:
    content = RENDERER.nudge(nudge("en", replace(TEACHER, demands=(f"<i>{text}</i>",))))
    assert content.html is not None
    page = content.html.fill(values_for(content, name=f"<b>{text}"))
    assert "<i>" not in page
    assert "<b>" not in page
    assert html.escape("<i>") in page


@pytest.mark.parametrize(
    "sender",
    [
        Sender("reminders@example.org\r\nBcc: ivo@example.org"),
        Sender(""),
        Sender("reminders@example.org", reply_to="a@example.org, b@example.org"),
        Sender("reminders@example.org", leave_address="x>,<https://example.net"),
    ],
)
def test_a_sender_whose_address_is_none_is_refused(sender: Sender) -> None:
    with pytest.raises(Trouble, match="address"):
        RENDERER.nudge(replace(nudge(), sender=sender))


@given(st.text(), st.text())
def test_quoted_printable_is_read_back_beside_any_value(text: str, value: str) -> None:
    text = text.replace("\r", "").encode("utf-8", "replace").decode()
    encoded = f"{quoted_printable(text)}=\r\n{quoted_value(value)}=\r\n{quoted_printable(text)}"
    message = email.message_from_bytes(
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        + encoded.encode(),
        policy=email.policy.default,
    )
    payload = cast(bytes, message.get_payload(decode=True)).decode()
    assert payload.replace("\r\n", "\n") == f"{text}{clean_line(value)}{text}"


def test_the_links_of_a_host_of_any_usual_length_are_whole_again() -> None:
    content = RENDERER.nudge(nudge())
    for length in range(1, 120):
        values = values_for(content, wrote_url=f"{HOST}/wrote/{'A' * length}")
        _, message = message_of(content, *values)
        assert f"{HOST}/wrote/{'A' * length}\n" in parts_of(message)[0]


def test_the_same_view_gives_the_same_bytes_on_another_machine() -> None:
    view = nudge("ru", WRITER, day=date(2020, 12, 8))
    one, other = renderer().nudge(view), renderer().nudge(view)
    assert one.mime is not None
    assert other.mime is not None
    assert one.mime.fill(values_for(one)) == other.mime.fill(values_for(other))


def test_another_text_has_another_boundary() -> None:
    def boundary(content: Content) -> str | None:
        return message_of(content, *values_for(content))[1].get_boundary()

    assert boundary(RENDERER.nudge(nudge("en", WRITER))) != boundary(RENDERER.nudge(nudge("en", TEACHER)))
