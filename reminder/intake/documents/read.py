"""The door of the document reader: bytes in, a Document out, or an error that says what to do."""

import datetime
import stat
from pathlib import Path

from reminder.domain.documents import Document
from reminder.errors import UnreadableDocument
from reminder.intake.documents.clean import clean
from reminder.intake.documents.decode import decode
from reminder.intake.documents.form import document_of_form_text, is_form
from reminder.intake.documents.pdf import pdf_text
from reminder.intake.documents.text import document_of_text

LARGEST_PDF_BYTES = 20_000_000
LARGEST_TEXT_BYTES = 5_000_000
_PDF_MARK = b"%PDF-"
# The mark may stand behind a mail header or other noise, but not far behind.
_PDF_MARK_WITHIN = 1024


def read_file(path: Path, *, read_on: datetime.date) -> Document:
    """The document in a file. Raises UnreadableDocument, also where the file cannot be opened."""
    return read_document(bytes_of(path), file_name=path.name, read_on=read_on)


def bytes_of(path: Path) -> bytes:
    """A file's bytes. What is too large or no plain file (a device and a pipe may never end) is refused unopened."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableDocument(path.name, "it is no plain file", "Save the appeal as a file and name that.")
        if found.st_size > LARGEST_PDF_BYTES:
            raise _too_large(path.name, found.st_size)
        with path.open("rb") as file:
            data = file.read(LARGEST_PDF_BYTES + 1)  # It may have grown, or not know its size.
        if len(data) > LARGEST_PDF_BYTES:
            raise _too_large(path.name, len(data))
        return data
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise UnreadableDocument(path.name, reason.lower(), "Check the name and the rights of the file.") from None


def read_document(data: bytes, *, file_name: str, read_on: datetime.date) -> Document:
    """What a document says, as understood on the day `read_on`. The format is told by the content: PDF, form or text.

    Doubts stand in `Document.warnings`; `Document.certain` says whether it may go live without an organiser.
    Raises UnreadableDocument for what is no appeal or cannot be read."""
    is_pdf = _PDF_MARK in data[:_PDF_MARK_WITHIN]
    if len(data) > (LARGEST_PDF_BYTES if is_pdf else LARGEST_TEXT_BYTES):
        raise _too_large(file_name, len(data))
    if is_pdf:
        return document_of_text(clean(pdf_text(data, file_name)), file_name=file_name, read_on=read_on)
    decoded = decode(data, file_name)
    if is_form(decoded.text, file_name):
        document = document_of_form_text(decoded.text, file_name=file_name, read_on=read_on)
    else:
        document = document_of_text(clean(decoded.text), file_name=file_name, read_on=read_on)
    return document.with_doubts(decoded.doubts)


def _too_large(file_name: str, size: int) -> UnreadableDocument:
    reason = f"with {size / 1_000_000:.0f} MB it is too large to be an appeal"
    return UnreadableDocument(file_name, reason, "Save the appeal alone, without pictures, as PDF or plain text.")
