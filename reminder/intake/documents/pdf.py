"""The text layer of a PDF, with bounded work.

pypdf, because it is alive, pure Python (a hostile file cannot crash the process) and bounds its own work; its layout
mode places words by their coordinates, so that blank lines and columns survive, which labels and addresses need.
"""

import io
import re

from pypdf import PageObject, PdfReader, apply_configuration
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError

from reminder.errors import UnreadableDocument
from reminder.intake.documents.clean import without_page_numbers

MOST_PAGES = 60
MOST_CHARACTERS = 200_000
# Per stream, in bytes and operators; an appeal needs a hundredth of it.
_LARGEST_STREAM = 8_000_000
_MOST_OPERATORS = 300_000
_COLUMN_GAP = re.compile(r"\s{4,}")
_AGAIN = "Download it again, or save the appeal as plain text."


def pdf_text(data: bytes, file_name: str) -> str:
    """The text of all pages, one below the other, side-by-side columns one after the other.

    Raises UnreadableDocument for what is encrypted, damaged, too large or without a text layer."""
    with apply_configuration(
        zlib_maximum_output_length=_LARGEST_STREAM,
        lzw_maximum_output_length=_LARGEST_STREAM,
        run_length_maximum_output_length=_LARGEST_STREAM,
        array_based_stream_maximum_output_length=_LARGEST_STREAM,
        stream_decoding_work_maximum_length=2 * _LARGEST_STREAM,
        stream_parsing_work_maximum_count=_MOST_OPERATORS,
        page_tree_maximum_entries=10 * MOST_PAGES,
        xform_maximum_invocations_per_extraction=200,
    ):
        try:
            pages = _pages(data, file_name)
        except (FileNotDecryptedError, DependencyError):
            raise _encrypted(file_name) from None
        except LimitReachedError:
            raise UnreadableDocument(file_name, "unpacking this PDF takes more than any appeal needs", _AGAIN) from None
        except (
            PyPdfError,
            ValueError,
            KeyError,
            IndexError,
            TypeError,
            AttributeError,
            OSError,
            RecursionError,
            ArithmeticError,
        ):
            raise UnreadableDocument(file_name, "the PDF is damaged or cut short", _AGAIN) from None
    if sum(char.isalnum() for page in pages for char in page) < 20:
        remedy = (
            "It may be a scan: make its text selectable (OCR), or type the appeal into the form: reminder case form."
        )
        raise UnreadableDocument(file_name, "the PDF holds pictures but no text", remedy)
    return "\n".join(pages)


def _pages(data: bytes, file_name: str) -> list[str]:
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise _encrypted(file_name)
    if len(reader.pages) > MOST_PAGES:
        raise UnreadableDocument(
            file_name, f"it has more than {MOST_PAGES} pages", "Cut out the appeal as a file of its own."
        )
    pages: list[str] = []
    length = 0
    for page in reader.pages:
        text = _page_text(page)
        length += len(text)
        if length > MOST_CHARACTERS:
            raise UnreadableDocument(
                file_name, "it is too long to be an appeal", "Cut out the appeal as a file of its own."
            )
        pages.append(_unfolded(without_page_numbers(text)))
    return pages


def _page_text(page: PageObject) -> str:
    """The page by coordinates; where its fonts give none, in the order of its drawing."""
    text = page.extract_text(
        extraction_mode="layout", layout_mode_space_vertically=True, layout_mode_strip_rotated=True
    )
    return text if text.strip() else page.extract_text()


def _encrypted(file_name: str) -> UnreadableDocument:
    return UnreadableDocument(
        file_name, "the PDF is locked with a password", "Save a copy without the password, or as plain text."
    )


def _unfolded(page: str) -> str:
    """Blocks of lines that stand side by side, one below the other: addresses are printed in columns."""
    result: list[str] = []
    block: list[list[tuple[int, str]]] = []
    for line in [*page.split("\n"), ""]:
        cells = _cells(line)
        if len(cells) > 1 or (block and len(cells) == 1 and line.strip()):
            block.append(cells)
            continue
        result += _columns(block)
        block = []
        result.append(line)
    return "\n".join(result[:-1])


def _cells(line: str) -> list[tuple[int, str]]:
    """The pieces of a line between wide gaps, each with its column."""
    cells, start = [], 0
    for match in _COLUMN_GAP.finditer(line):
        if line[start : match.start()].strip():
            cells.append((start, line[start : match.start()]))
        start = match.end()
    return [*cells, (start, line[start:])] if line[start:].strip() else cells


def _columns(block: list[list[tuple[int, str]]]) -> list[str]:
    """The lines of each column in turn; where only one line has a gap, all stay as they are."""
    if sum(len(cells) > 1 for cells in block) < 2:
        return ["      ".join(text for _, text in cells) for cells in block]
    starts = sorted({start for cells in block for start, _ in cells})
    edges = [start for number, start in enumerate(starts) if number == 0 or start - starts[number - 1] > 6]
    columns: list[list[str]] = [[] for _ in edges]
    for cells in block:
        for start, text in cells:
            columns[max(number for number, edge in enumerate(edges) if edge <= start)].append(text)
    return [line for column in columns for line in (*column, "")]
