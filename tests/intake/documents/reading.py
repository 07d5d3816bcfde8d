"""What the tests of the reader share: the day of reading, and a short way from text to what was understood."""

import datetime
from pathlib import Path

from reminder.domain.documents import Document
from reminder.errors import UnreadableDocument
from reminder.intake.documents import read_document

READ_ON = datetime.date(2020, 11, 2)
SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def read_text(text: str, *, read_on: datetime.date = READ_ON) -> Document:
    """A text as if it came in a file."""
    return read_document(text.encode(), file_name="appeal.txt", read_on=read_on)


def codes(document: Document) -> set[str]:
    """The codes of all warnings."""
    return {doubt.code.value for doubt in document.warnings}


def document_or_error(data: bytes) -> Document | UnreadableDocument:
    """What these bytes say, or the error that a person would see."""
    try:
        return read_document(data, file_name="appeal", read_on=READ_ON)
    except UnreadableDocument as error:
        return error
