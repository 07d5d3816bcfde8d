"""The whole RFC 5322 message as a text with gaps, made once per content.

Both parts are quoted-printable and every gap stands between soft line breaks, so that a value of any length is spliced
without shifting its neighbours. No line of the body begins with a dot or with "From "; what a transport does with dots
(aiosmtplib doubles them) therefore never matters. Everything is ASCII, so a message is encoded to bytes without thought.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

from reminder.domain.message import Gap, Spliced
from reminder.rendering.clean import clean_line
from reminder.rendering.splice import GREETING, VALUE, Encoder, Greeting, Mark, Piece, html_value, spliced, url_value

SOFT_BREAK = "=\r\n"
LINE_CHARACTERS = 75  # and the "=" of a soft break makes 76, the most that RFC 2045 allows
LONGEST_HEADER_TEXT = 250
_TOKENS = [chr(byte) if 32 <= byte <= 126 and byte != ord("=") else f"={byte:02X}" for byte in range(256)]
_ROW_START = {".": "=2E", "F": "=46"}
# A link or a name in plain letters stands as it is: no space, no "=", no dot first.
_ONE_ROW = re.compile(rf"(?!\.)[!-<>-~]{{1,{LINE_CHARACTERS}}}")
_LINK_ROW = re.compile(rf"[A-Za-z][A-Za-z0-9:/._~%-]{{1,{LINE_CHARACTERS - 1}}}")


def quoted_printable(text: str) -> str:
    """`text` (LF line ends) in quoted-printable with CRLF, beginning in the first column; no soft break at its end."""
    return "\r\n".join(_quoted_line(line.encode("utf-8", "replace")) for line in text.split("\n"))


def _quoted_line(line: bytes) -> str:
    tokens = [_TOKENS[byte] for byte in line]
    if tokens and tokens[-1] == " ":
        tokens[-1] = "=20"
    rows, row, used = list[str](), list[str](), 0
    for index, token in enumerate(tokens):
        if used + len(token) > LINE_CHARACTERS:
            rows.append("".join(row))
            row, used = [], 0
        if not row and (token == "." or (token == "F" and line[index : index + 5] == b"From ")):
            token = _ROW_START[token]
        row.append(token)
        used += len(token)
    rows.append("".join(row))
    return SOFT_BREAK.join(rows)


def quoted_value(value: str) -> str:
    """A person's value in quoted-printable, standing between soft line breaks."""
    return value if _ONE_ROW.fullmatch(value) else quoted_printable(clean_line(value))


def quoted_html_value(value: str) -> str:
    """A person's value in HTML in quoted-printable."""
    return quoted_value(html_value(value))


def quoted_link(value: str) -> str:
    """A link in quoted-printable, for both parts."""
    return value if _LINK_ROW.fullmatch(value) else quoted_printable(url_value(value))


def _quoted_pieces(pieces: Sequence[Piece]) -> list[Piece]:
    out = list[Piece]()
    for index, piece in enumerate(pieces):
        if isinstance(piece, Mark):
            out.append(piece)
            continue
        encoded = quoted_printable(piece)
        if index > 0 and not piece.startswith("\n"):
            encoded = SOFT_BREAK + encoded
        if index + 1 < len(pieces) and piece and not piece.endswith("\n"):
            encoded += SOFT_BREAK
        out.append(encoded)
    return out


def quoted_greeting(greeting: Greeting, encode: Encoder) -> Greeting:
    """The greeting of a part that becomes quoted-printable; `encode` is for the name."""
    return Greeting(
        before=quoted_printable(greeting.before) + SOFT_BREAK,
        after=SOFT_BREAK + quoted_printable(greeting.after),
        without=quoted_printable(greeting.without),
        encode=encode,
    )


def header_text(name: str, text: str) -> str:
    """The value of header `name` for any text: one line of words, RFC 2047 where ASCII is not enough, folded."""
    text = clean_line(text)[:LONGEST_HEADER_TEXT].strip()
    # A text that looks like an encoded word must be encoded, or a reader would decode it.
    charset = "us-ascii" if text.isascii() and "=?" not in text else "utf-8"
    return Header(text, charset, header_name=name, maxlinelen=75).encode(linesep="\r\n")


def header_mailbox(name: str, display_name: str, address: str) -> str:
    """A From or Reply-To value: display name, quoted or RFC 2047, and address."""
    display_name = clean_line(display_name)[:LONGEST_HEADER_TEXT].strip()
    if not display_name:
        return address
    if display_name.isascii() and "=?" not in display_name:
        quoted = display_name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    encoded = Header(display_name, "utf-8", header_name=name, maxlinelen=75).encode(linesep="\r\n")
    return f"{encoded}\r\n <{address}>"


def date_header(instant: datetime) -> str:
    """The value of field `date`: an aware instant as a Date header has it, e.g. "Tue, 22 Dec 2020 09:00:00 +0000"."""
    return format_datetime(instant)


def build_mime(
    headers: Sequence[tuple[str, Spliced]],
    text: Sequence[Piece],
    html: Sequence[Piece],
    greeting: Greeting,
    html_greeting: Greeting,
) -> Spliced:
    """The message: `headers` are already folded and encoded, `text` and `html` are rendered pieces with LF line ends."""
    boundary = f"=_{hashlib.sha256(repr((text, html)).encode()).hexdigest()[:32]}"  # "=_" is never quoted-printable
    # What stands in both parts in the same form is encoded once.
    plain: Mapping[str, Encoder] = {VALUE: quoted_link, GREETING: quoted_greeting(greeting, quoted_value)}
    rich: Mapping[str, Encoder] = {
        VALUE: quoted_link,
        GREETING: quoted_greeting(html_greeting, quoted_html_value),
    }
    return join(
        *(join(literal(f"{name}: "), value, literal("\r\n")) for name, value in headers),
        literal(f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'),
        literal(f"--{boundary}\r\n{_part_head('plain')}"),
        spliced(_quoted_pieces(text), plain),
        literal(f"\r\n--{boundary}\r\n{_part_head('html')}"),
        spliced(_quoted_pieces(html), rich),
        literal(f"\r\n--{boundary}--\r\n"),
    )


def _part_head(subtype: str) -> str:
    return f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'


def literal(text: str) -> Spliced:
    """A text without gaps."""
    return Spliced((text,), ())


def join(*texts: Spliced) -> Spliced:
    """Texts with gaps, one after the other."""
    parts, gaps = [""], list[Gap]()
    for text in texts:
        parts[-1] += text.parts[0]
        parts += text.parts[1:]
        gaps += text.gaps
    return Spliced(tuple(parts), tuple(gaps))
