"""Bytes to text, by their content: which encoding, and whether it is text at all."""

import quopri
import re
from dataclasses import dataclass

from reminder.domain.documents import Doubt, DoubtCode
from reminder.errors import UnreadableDocument

# About forty pages; the longest appeals have four.
LONGEST_TEXT = 200_000
# More control characters than this in the first part: no text.
_BINARY_SHARE = 0.02
_OTHER_FORMATS = (
    (b"PK\x03\x04", "an office document or archive", "Open it and save it as PDF or as plain text."),
    (b"\xd0\xcf\x11\xe0", "an old office document", "Open it and save it as PDF or as plain text."),
    (b"{\\rtf", "a rich-text document", "Open it and save it as PDF or as plain text."),
    (b"\x89PNG", "a picture", "Type the appeal into the form: reminder case form."),
    (b"\xff\xd8\xff", "a picture", "Type the appeal into the form: reminder case form."),
    (b"GIF8", "a picture", "Type the appeal into the form: reminder case form."),
)
_HTML = re.compile(rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^>]{0,500}-->\s*)?<(?:!doctype html|html)\b", re.IGNORECASE)
# UTF-8 read as a Western single-byte encoding: "Ã©", "â€™".
_GARBLED = re.compile("Ã[\u0080-\u00bf\u0152-\u0178\u2018-\u2122]|â€|Â[\u00a0-\u00bf]|Ð[\u0080-\u00bf]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text and what was odd about its encoding."""

    text: str
    doubts: tuple[Doubt, ...] = ()


def decode(data: bytes, file_name: str) -> Decoded:
    """The text of these bytes: UTF-8, UTF-16 or, with a doubt, Western European; mail encoding undone.

    Raises UnreadableDocument for what is no text, and for more than LONGEST_TEXT characters."""
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise UnreadableDocument(
            file_name, "the file is empty", "Download it again, or check that this is the right file."
        )
    _refuse_other_formats(data, file_name)
    text, doubts = _decoded(_without_mail_encoding(data), file_name)
    if len(text) > LONGEST_TEXT:
        raise UnreadableDocument(
            file_name, "it is too long to be an appeal", "Cut out the appeal and save it as a file of its own."
        )
    text, garbled = _repaired(text)
    return Decoded(text, (*doubts, *garbled))


def _refuse_other_formats(data: bytes, file_name: str) -> None:
    for mark, what, remedy in _OTHER_FORMATS:
        if data.startswith(mark):
            raise UnreadableDocument(file_name, f"this is {what}, not a text or PDF", remedy)
    if _HTML.match(data[:2_000]):
        raise UnreadableDocument(
            file_name, "this is a web page", "Copy its text into a plain text file, or print it to PDF."
        )


def _without_mail_encoding(data: bytes) -> bytes:
    """Quoted-printable undone, where soft line breaks and escaped bytes both show that it is."""
    if re.search(rb"=\r?\n", data) and len(re.findall(rb"=[0-9A-F]{2}", data[:200_000])) >= 3:
        return quopri.decodestring(data)
    return data


def _decoded(data: bytes, file_name: str) -> tuple[str, tuple[Doubt, ...]]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16"), ()
        except UnicodeDecodeError:
            raise _no_text(file_name) from None
    if b"\0" in data:
        return _without_order_mark(data, file_name), ()
    head = data[:100_000]
    controls = sum(head.count(bytes([code])) for code in range(32) if code not in (9, 10, 11, 12, 13, 27))
    if controls > _BINARY_SHARE * len(head):
        raise _no_text(file_name)
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        message = (
            "The file is not UTF-8 and was read as Western European. Check names and accents, or save it as UTF-8."
        )
        return data.decode("cp1252", errors="replace"), (Doubt(DoubtCode.ENCODING_GUESSED, message),)


def _without_order_mark(data: bytes, file_name: str) -> str:
    """UTF-16 that lacks its mark: every other byte of the first part is zero."""
    head = data[: min(len(data) // 2 * 2, 2_000)]
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if zeros.count(0) > 0.6 * len(zeros) and head.count(0) < 0.6 * len(head):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                break
    raise _no_text(file_name)


def _no_text(file_name: str) -> UnreadableDocument:
    return UnreadableDocument(
        file_name, "this is neither text nor PDF", "Give the appeal as PDF, plain text or a filled-in form."
    )


def _repaired(text: str) -> tuple[str, tuple[Doubt, ...]]:
    if "\ufffd" in text:
        message = "Some characters of the file are lost. Check names and addresses against the original."
        return text, (Doubt(DoubtCode.GARBLED_TEXT, message),)
    if len(_GARBLED.findall(text[:200_000])) < 2:
        return text, ()
    try:
        mended = text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        message = "Accents in the file are garbled. Check names and addresses against the original."
        return text, (Doubt(DoubtCode.GARBLED_TEXT, message),)
    message = "Accents in the file were garbled and have been mended. Check names and addresses against the original."
    return mended, (Doubt(DoubtCode.GARBLED_TEXT, message),)
