"""What the callbacks of several email providers have in common: forms, mails in them, instants, and whose reply it is."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr
from html import unescape
from typing import Any
from urllib.parse import parse_qsl

from reminder.domain.states import Channel, Result
from reminder.domain.wire import message_of
from reminder.providers.contract import Callback, Inbound, ProviderEvent, Told

_LEFT_OF_MESSAGE_ID = re.compile(r"<([0-9a-f]{1,16}\.[0-9a-f]{1,64})@")
# A page's comments, tags and texts; a "<" that begins no tag is a text.
_PIECES = re.compile(r"<!--(?:.*?-->|.*)|<[^<>]*>|[^<]+|<", re.DOTALL)
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,39}")
# What ends a line of text when a page is read as text.
_ENDS_A_LINE = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "blockquote", "table"})
_NOT_TEXT = frozenset({"script", "style", "title"})


def text_at(found: object, *path: str) -> str:
    """The text at a path in parsed JSON; empty where there is none. Numbers count as text."""
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int | float) and not isinstance(found, bool) else ""


def list_at(found: object, name: str) -> list[Any]:
    """The list under a name in parsed JSON; empty where there is none."""
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, list) else []


def code_of(text: str) -> str:
    """A provider's code if it looks like one, otherwise nothing: codes are kept in the clear, texts are not."""
    return text if _CODE.fullmatch(text) else ""


def instant(seconds: object, otherwise: datetime) -> datetime:
    """Seconds since 1970 as an instant, or the other one where they are none."""
    if isinstance(seconds, str):
        try:
            seconds = float(seconds)
        except ValueError:
            return otherwise
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        return otherwise
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return otherwise


def iso_instant(text: str, otherwise: datetime) -> datetime:
    """An ISO 8601 text as an instant, or the other one; without a zone it is UTC."""
    # Postmark writes seven digits of a second, one more than Python reads.
    text = re.sub(r"(\.\d{6})\d+", r"\1", text)
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return otherwise


def unknown(callback: Callback, code: str = "") -> ProviderEvent:
    """An event that the adapter has never heard of."""
    return ProviderEvent("unknown", Result.UNKNOWN, callback.received_at, code=code_of(code))


def form_of(callback: Callback) -> dict[str, bytes]:
    """The fields of a form, multipart or urlencoded, undecoded; attached files are left out, of a repeated field the
    last counts. Empty where the body is no form."""
    kind = callback.headers.get("content-type", "")
    if kind.lower().startswith("application/x-www-form-urlencoded"):
        pairs = parse_qsl(callback.body.decode("ascii", "replace"), keep_blank_values=True, errors="replace")
        return {name: value.encode("utf-8", "replace") for name, value in pairs}
    if not kind.lower().startswith("multipart/form-data"):
        return {}
    head = f"Content-Type: {' '.join(kind.split())}\r\n\r\n".encode("ascii", "replace")
    form = _parsed(head + callback.body)
    parts = form.get_payload() if form is not None else []
    fields: dict[str, bytes] = {}
    for part in parts if isinstance(parts, list) else []:
        if not isinstance(part, Message):
            continue
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str) and part.get_filename() is None:
            fields[name] = _bytes_of(part)
    return fields


def decoded_text(raw: bytes, charset: str = "utf-8") -> str:
    """Bytes as text, whatever they are and whatever the charset is called."""
    try:
        return _storable(raw.decode(charset or "utf-8", "replace"))
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")


def _storable(text: str) -> str:
    """Without the halves of characters that some charsets give and nothing can write."""
    return text.encode("utf-8", "replace").decode()


def _bytes_of(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def named(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by lower-case name, decoded, each on one line; of a repeated one the first."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name.strip().lower(), _header_text(value))
    return found


def _header_text(value: str) -> str:
    value = " ".join(value.split())
    if "=?" not in value:
        return value
    try:
        return _storable(" ".join(str(make_header(decode_header(value))).split()))
    except (HeaderParseError, LookupError, ValueError):
        return value


def raw_mail(raw: bytes) -> tuple[dict[str, str], str]:
    """The headers and the text of a whole mail."""
    message = _parsed(raw)
    if message is None:
        return {}, ""
    return named((name, str(value)) for name, value in message.items()), _text_in(message)


def _parsed(raw: bytes) -> Message | None:
    """A mail, or None where its parts stand in each other deeper than the parser goes: nobody writes so."""
    try:
        return message_from_bytes(raw)
    except RecursionError:
        return None


def _text_in(message: Message) -> str:
    page = ""
    for part in message.walk():
        if part.get_filename() is not None or part.get_content_disposition() == "attachment":
            continue
        charset = part.get_param("charset", "utf-8")
        text = decoded_text(_bytes_of(part), charset if isinstance(charset, str) else "utf-8")
        if part.get_content_type() == "text/plain" and text.strip():
            return text
        if part.get_content_type() == "text/html" and not page:
            page = text
    return page_text(page)


def page_text(page: str) -> str:
    """What a reader sees of an HTML page, line by line. It takes time in proportion to the page, whatever that holds: with
    the standard library's parser, a stranger's mail could keep us busy for hours."""
    pieces, inside = list[str](), ""
    for piece in _PIECES.findall(page):
        if not piece.startswith("<") or piece == "<":
            pieces.append("" if inside else piece)
            continue
        tag = _TAG.match(piece)
        closes, name = (tag[1], tag[2].lower()) if tag else ("", "")
        if closes and name == inside:
            inside = ""
        elif not closes and name in _NOT_TEXT:
            inside = inside or name
        elif name in _ENDS_A_LINE:
            pieces.append("\n")
    lines = (" ".join(line.split()) for line in unescape("".join(pieces)).split("\n"))
    return "\n".join(line for line in lines if line)


def answered(headers: Mapping[str, str]) -> str:
    """The wire id of the message that a mail answers, out of the Message-IDs that it names; the nearest first."""
    for name in ("in-reply-to", "references"):
        for wire_id in reversed(_LEFT_OF_MESSAGE_ID.findall(headers.get(name, ""))):
            if message_of(wire_id) is not None:
                return str(wire_id)
    return ""


def reply(callback: Callback, headers: Mapping[str, str], text: str, *, to: str, provider_id: str = "") -> Told:
    """A mail to us. Who wrote it stands in its From; one that names nobody there is unknown to us."""
    sender = parseaddr(headers.get("from", ""))[1]
    if "@" not in sender:
        return unknown(callback, "mail without sender")
    return Inbound(
        channel=Channel.EMAIL,
        at=callback.received_at,
        sender=sender,
        to=to or parseaddr(headers.get("to", ""))[1],
        text=text,
        provider_id=provider_id or headers.get("message-id", ""),
        in_reply_to=answered(headers),
        subject=headers.get("subject", ""),
        headers=dict(headers),
    )
