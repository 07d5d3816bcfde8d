"""What callbacks of email providers have in common."""

from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.providers.email.reading import (
    answered,
    code_of,
    decoded_text,
    form_of,
    instant,
    iso_instant,
    named,
    page_text,
    raw_mail,
    text_at,
)
from tests.providers.over_http import WIRE, callback, form
from tests.providers.people import NOW

OTHER = "2b.0123456789abcdef"


@pytest.mark.parametrize(
    ("headers", "wire_id"),
    [
        ({"in-reply-to": f"<{WIRE}@example.org>"}, WIRE),
        ({"in-reply-to": "<x@example.net>", "references": f"<{OTHER}@example.org> <{WIRE}@example.org>"}, WIRE),
        ({"in-reply-to": f"<{WIRE}@example.org>", "references": f"<{OTHER}@example.org>"}, WIRE),
        ({"references": "<1f4a.short@example.org> <not.ours@example.org>"}, ""),
        ({"subject": f"<{WIRE}@example.org>"}, ""),
        ({}, ""),
    ],
)
def test_a_reply_names_the_nearest_message_of_ours(headers: dict[str, str], wire_id: str) -> None:
    assert answered(headers) == wire_id


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>STOP</p><p>Clara &amp; I</p>", "STOP\nClara & I"),
        ("DONE<br/>  today  ", "DONE\ntoday"),
        ("<style>p{}</style><script>x()</script><b>STOP</b>", "STOP"),
        ("<blockquote>Leave</blockquote>", "Leave"),
        ("", ""),
        ("<![if x]>STOP", "STOP"),
        ("</style></style>STOP", "STOP"),
        ("<head><title>x</title><body>STOP", "STOP"),
        ("a <!-- <p>no</p> --> b<!-- open", "a b"),
        ("<script>if (a < b) { '<p>' }</script>1 < 2", "1 < 2"),
    ],
)
def test_a_page_is_read_as_a_reader_sees_it(page: str, text: str) -> None:
    assert page_text(page) == text


@given(page=st.text(alphabet="<>!/-[]a b&;\"'=?", max_size=40))
def test_any_page_gives_a_text(page: str) -> None:
    assert isinstance(page_text(page), str)


@pytest.mark.parametrize("piece", ["<", "<!", "<!--", "<a ", "</", "<a b='", "<!-- -->", "&#", "<script>"])
def test_no_page_keeps_us_busy(piece: str) -> None:
    before = process_time()
    page_text(piece * 200_000)
    # The standard parser takes minutes for some of these.
    assert process_time() - before < 5


def test_parts_within_parts_without_end_are_no_mail() -> None:
    parts = (f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(2_000))
    raw = "".join(parts).encode()
    assert raw_mail(raw) == ({}, "")
    assert form_of(callback(b"--a\r\n" + raw, "multipart/form-data; boundary=a")) == {}


@pytest.mark.parametrize(
    ("seconds", "found"),
    [
        (NOW.timestamp(), NOW),
        (str(NOW.timestamp()), NOW),
        (1e20, datetime(1970, 1, 1, tzinfo=UTC)),
        (float("nan"), datetime(1970, 1, 1, tzinfo=UTC)),
        ("soon", datetime(1970, 1, 1, tzinfo=UTC)),
        (True, datetime(1970, 1, 1, tzinfo=UTC)),
        (None, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_seconds_are_an_instant_or_not(seconds: object, found: datetime) -> None:
    assert instant(seconds, datetime(1970, 1, 1, tzinfo=UTC)) == found


@pytest.mark.parametrize(
    "text", ["2020-12-22T09:00:00Z", "2020-12-22T04:00:00-05:00", "2020-12-22T09:00:00", "2020-12-22T09:00:00.0000000Z"]
)
def test_an_iso_text_is_an_instant(text: str) -> None:
    assert iso_instant(text, datetime(1970, 1, 1, tzinfo=UTC)) == NOW


@pytest.mark.parametrize("text", ["", "soon", "0001-01-01T00:00:00+14:00"])
def test_any_other_text_is_none(text: str) -> None:
    assert iso_instant(text, NOW) == NOW


@pytest.mark.parametrize(
    ("path", "text"), [(("a", "b"), "x"), (("a", "n"), "7"), (("a", "t"), ""), (("a",), ""), (("z", "b"), "")]
)
def test_text_is_found_where_there_is_some(path: tuple[str, ...], text: str) -> None:
    assert text_at({"a": {"b": "x", "n": 7, "t": True}}, *path) == text


@pytest.mark.parametrize(("code", "kept"), [("5.1.1", "5.1.1"), ("Bounced Address", "Bounced Address"), ("a@b", "")])
def test_a_code_holds_nobody(code: str, kept: str) -> None:
    assert code_of(code) == kept


def test_the_last_of_a_repeated_field_counts_and_files_do_not() -> None:
    body, kind = form({"token": "first"})
    again, _ = form({"token": "second"})
    assert form_of(callback(body.replace(b"--xYzZY--\r\n", b"") + again, kind)) == {"token": b"second"}
    assert form_of(callback(b"token=1&token=2&x=%C3%A9", "application/x-www-form-urlencoded; charset=utf-8")) == {
        "token": b"2",
        "x": "é".encode(),
    }
    assert form_of(callback(b"token=1", "text/plain")) == {}


def test_headers_are_on_one_line_and_the_first_counts() -> None:
    found = named([("Subject", "=?utf-8?q?caf=C3=A9?=\r\n =?utf-8?q?_2?="), ("SUBJECT", "x"), ("Bad", "=?no?such?=")])
    assert found == {"subject": "café 2", "bad": "=?no?such?="}


def test_the_plain_part_of_a_mail_is_read_before_its_page_and_files_are_not() -> None:
    raw = (
        b"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nfile\r\n"
        b"--b\r\nContent-Type: text/html\r\n\r\n<p>page</p>\r\n"
        b"--b\r\nContent-Type: text/plain; charset=no-such\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"caf=C3=A9\r\n--b--\r\n"
    )
    headers, text = raw_mail(raw)
    assert (headers["from"], text.strip()) == ("a@example.org", "café")


@given(raw=st.binary(max_size=200), charset=st.text(max_size=12))
def test_any_bytes_are_read(raw: bytes, charset: str) -> None:
    assert isinstance(decoded_text(raw, charset), str)
    headers, text = raw_mail(raw)
    assert isinstance(headers, dict)
    assert isinstance(text, str)
