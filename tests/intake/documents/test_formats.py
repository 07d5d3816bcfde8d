"""Files as they come: encodings, PDF, and what cannot be read."""

import datetime
import io
import zlib
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from reminder.domain.documents import Document
from reminder.errors import UnreadableDocument
from reminder.intake.documents import read_document, read_file
from reminder.intake.documents.pdf import MOST_PAGES
from reminder.intake.documents.read import LARGEST_PDF_BYTES, LARGEST_TEXT_BYTES
from tests.intake.documents.reading import READ_ON, SAMPLES, codes, document_or_error

TEXT = "ACTION URGENTE\nLIBÉREZ L’ÉCRIVAIN\n\nMerci d’agir avant le : 29 décembre 2020\nNom : Bikash Gurung\n"
DEADLINE = datetime.date(2020, 12, 29)

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]


def read(data: bytes, file_name: str = "appeal.txt") -> Document:
    return read_document(data, file_name=file_name, read_on=READ_ON)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_is_read_in_every_unicode_encoding(encoding: str) -> None:
    document = read(TEXT.encode(encoding))
    assert document.title == "LIBÉREZ L’ÉCRIVAIN"
    assert document.deadline == DEADLINE
    assert not codes(document) & {"encoding_guessed", "garbled_text"}


def test_western_european_text_is_read_with_a_warning() -> None:
    document = read(TEXT.encode("cp1252"))
    assert document.title == "LIBÉREZ L’ÉCRIVAIN"
    assert "encoding_guessed" in codes(document)
    assert not document.certain


def test_garbled_accents_are_mended_with_a_warning() -> None:
    document = read(TEXT.encode().decode("cp1252").encode())
    assert document.title == "LIBÉREZ L’ÉCRIVAIN"
    assert "garbled_text" in codes(document)


@pytest.mark.parametrize("line_end", ["\r\n", "\r", "\n", "\u2028"])
def test_any_line_end_will_do(line_end: str) -> None:
    assert read(TEXT.replace("\n", line_end).encode()).deadline == DEADLINE


def test_a_quoted_mail_in_quoted_printable_is_read_without_its_own_date() -> None:
    body = b"> UA 12/20\n> Deadline: 29 Dec=\nember 2020\n> LIB=C3=89REZ LA BIBLIOTH=C3=89CAIRE\n"
    mail = b"From: list@example.org\nSubject: appeal\nDate: Fri, 6 Nov 2020 15:19:59 +0200\n\n" + body
    document = read(mail)
    assert document.deadline == DEADLINE
    assert document.title == "LIBÉREZ LA BIBLIOTHÉCAIRE"
    assert document.issued_on is None


def test_marks_that_nobody_sees_are_taken_out_of_every_field() -> None:
    document = read(
        "URGENT ACTION\nFREE \u202eTHE\u202c \x07LIBRARIAN\u200b NOW\n\nUNTIL: 29\u00ad December 2020\nNAME: Bi\u2066kash\n".encode()
    )
    assert document.title == "FREE THE LIBRARIAN NOW"
    assert document.case_names == ("Bikash",)
    assert document.deadline == DEADLINE


@pytest.mark.parametrize("name", ["nagyz-muhammed.pdf", "renamed.txt", "no-extension"])
def test_a_pdf_is_known_by_its_content(name: str) -> None:
    data = (SAMPLES / "nagyz-muhammed.pdf").read_bytes()
    assert read(data, name).deadline == DEADLINE


def test_the_pdf_says_what_the_text_says() -> None:
    text = read((SAMPLES / "nagyz-muhammed.txt").read_bytes()).to_json()
    assert read((SAMPLES / "nagyz-muhammed.pdf").read_bytes()).to_json() == text


UNREADABLE = {
    "empty": (b"", "the file is empty"),
    "blanks": (b" \n\t\n", "the file is empty"),
    "order mark alone": (b"\xef\xbb\xbf", "the file is empty"),
    "binary": (bytes(range(256)) * 20, "this is neither text nor PDF"),
    "zeros and text": (b"\0\0\0\1UNTIL: 29 December 2020\0\0", "this is neither text nor PDF"),
    "odd UTF-16": (b"\xff\xfea\x00\xd8", "this is neither text nor PDF"),
    "office document": (b"PK\x03\x04rest", "this is an office document or archive, not a text or PDF"),
    "picture": (b"\x89PNG\r\n\x1a\n", "this is a picture, not a text or PDF"),
    "web page": (b"<!DOCTYPE html><html><body>Until: 29 December 2020</body>", "this is a web page"),
    "head of a PDF alone": (b"%PDF-1.7\n", "the PDF is damaged or cut short"),
    "shopping list": (
        b"milk\nbread\n12 eggs\n",
        "nothing in it shows that it is an appeal: no deadline, number, letter or addressee",
    ),
}


@pytest.mark.parametrize(("data", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_a_clear_error(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read(data)
    assert caught.value.exit_code == 2
    assert caught.value.reason == reason
    assert caught.value.remedy


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_pdf_that_is_cut_short_is_an_error_or_tells_nothing_false(share: float) -> None:
    data = (SAMPLES / "nagyz-muhammed.pdf").read_bytes()
    result = document_or_error(data[: int(len(data) * share)])
    assert result.remedy if isinstance(result, UnreadableDocument) else result.deadline in (None, DEADLINE)


def test_a_locked_pdf_asks_for_a_copy_without_its_password() -> None:
    writer = PdfWriter(clone_from=PdfReader(SAMPLES / "nagyz-muhammed.pdf"))
    writer.encrypt("secret", algorithm="RC4-128")
    with pytest.raises(UnreadableDocument, match="locked with a password"):
        read(written(writer))


def test_a_pdf_that_anybody_may_open_is_read() -> None:
    writer = PdfWriter(clone_from=PdfReader(SAMPLES / "nagyz-muhammed.pdf"))
    writer.encrypt("", owner_password="secret", algorithm="RC4-128")
    assert read(written(writer)).deadline == DEADLINE


def test_a_pdf_without_text_asks_for_text() -> None:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    with pytest.raises(UnreadableDocument, match="pictures but no text"):
        read(written(writer))


def test_a_pdf_with_too_many_pages_is_refused() -> None:
    writer = PdfWriter()
    for _ in range(MOST_PAGES + 1):
        writer.add_blank_page(200, 200)
    with pytest.raises(UnreadableDocument, match="more than 60 pages"):
        read(written(writer))


def test_a_pdf_that_unpacks_to_hundreds_of_megabytes_is_refused() -> None:
    packed = zlib.compress(b"(a) Tj " * 30_000_000, 9)
    assert len(packed) < 1_000_000
    with pytest.raises(UnreadableDocument, match="more than any appeal needs"):
        read(page_with(packed))


def test_a_pdf_whose_drawing_never_ends_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="more than any appeal needs"):
        read(page_with(zlib.compress(b"q Q " * 1_000_000, 9)))


@pytest.mark.parametrize("mark", [b"", b"%PDF-1.7\n"])
def test_a_hundred_megabytes_are_refused_unread(mark: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="100 MB it is too large"):
        read(mark + b"Deadline: 29 December 2020\n" * (100_000_000 // 27))


def test_the_limits_are_those_of_each_format() -> None:
    assert LARGEST_TEXT_BYTES < LARGEST_PDF_BYTES
    with pytest.raises(UnreadableDocument, match="too large"):
        read(b"a" * (LARGEST_TEXT_BYTES + 1))


def test_a_large_file_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "large.pdf"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    path.chmod(0)
    with pytest.raises(UnreadableDocument, match="100 MB it is too large"):
        read_file(path, read_on=READ_ON)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument, match=r"missing\.txt: no such file"):
        read_file(tmp_path / "missing.txt", read_on=READ_ON)


def test_addresses_in_columns_are_read_one_after_the_other() -> None:
    rows = [
        (b"Minister of Justice", b"Head of Prisons"),
        (b"Anna Specimen", b"Paul Muster"),
        (b"Hill Road 1", b"Lake Road 2"),
    ]
    drawing = b"BT /F1 10 Tf 50 700 Td (PLEASE SEND APPEALS BEFORE 29 DECEMBER 2020 TO:) Tj ET "
    for number, (left, right) in enumerate(rows):
        drawing += b"BT /F1 10 Tf 50 %d Td (%s) Tj ET BT /F1 10 Tf 300 %d Td (%s) Tj ET " % (
            676 - 12 * number,
            left,
            676 - 12 * number,
            right,
        )
    document = read(page_with(zlib.compress(drawing)))
    assert [(one.name, one.postal_address) for one in document.targets] == [
        ("Anna Specimen", "Hill Road 1"),
        ("Paul Muster", "Lake Road 2"),
    ]


def written(writer: PdfWriter) -> bytes:
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def page_with(packed: bytes) -> bytes:
    """A PDF of one page that draws these packed commands in Helvetica."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(data)
    return data + b"xref\n0 6\n0000000000 65535 f \n" + table + trailer
