"""From bytes to records: the encoding, the delimiter, and one record after the other without losing the good ones.

The standard csv reader swallows everything from a stray quotation mark to the next one. Here a record may go over
several lines only as long as it then parses strictly; where it does not, its first line alone is told as a problem and
reading goes on with the next line.
"""

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from reminder.errors import Trouble
from reminder.intake.subscribers.problems import problem
from reminder.intake.subscribers.rows import Problem

DELIMITERS = (",", ";", "\t")
LINE_CHARS = 100_000  # a longer line is no person
RECORD_LINES = 40  # as many lines as one quoted cell may go over
_CHUNK_BYTES = 1 << 20

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# What an organiser may name. Codecs that are no encodings of text files (rot13, punycode …) stay out.
ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp1250",
    "cp1251",
    "cp1252",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "cp1258",
    "iso8859-1",
    "iso8859-2",
    "iso8859-5",
    "iso8859-7",
    "iso8859-9",
    "iso8859-15",
    "koi8-r",
    "koi8-u",
    "mac-roman",
    "cp437",
    "cp850",
    "cp866",
    "cp874",
    "gb18030",
    "gbk",
    "big5",
    "shift_jis",
    "cp932",
    "euc_jp",
    "euc_kr",
    "cp949",
)


def open_list(source: bytes | BinaryIO) -> BinaryIO:
    """A stream that can be gone through twice; one that cannot (a pipe) is read into memory."""
    if isinstance(source, bytes):
        return io.BytesIO(source)
    return source if source.seekable() else io.BytesIO(source.read())


def encoding_of(stream: BinaryIO, named: str | None) -> str:
    """The encoding of the whole stream, tried to its end, so that no half of a list is imported.

    `named` is what the organiser says. Without it only UTF-8 and UTF-16 with a byte order mark are taken: any bytes at
    all are good Windows-1252, so a guess would turn names and addresses into others.
    """
    stream.seek(0)
    head = stream.read(4)
    if not head:
        raise Trouble("The list", "is empty", "Export it again and look into the file.")
    marked = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)
    if named is None:
        encoding = marked or "utf-8"
    else:
        encoding = _known(named)
        if marked == "utf-8-sig" and encoding == "utf-8":
            encoding = marked
    line = _first_bad_line(stream, encoding)
    if line is not None:
        reason = f"is not {encoding.upper()} from line {line} on"
        remedy = "Save it as “CSV UTF-8”, or name its encoding, such as --encoding cp1252."
        raise Trouble("The list", reason, remedy)
    return encoding


def _known(named: str) -> str:
    try:
        name = codecs.lookup(named).name
    except (LookupError, ValueError):
        name = ""
    known = {codecs.lookup(encoding).name: encoding for encoding in ENCODINGS}
    if name not in known:
        raise Trouble("The encoding", "is not one we know", f"Name one of {', '.join(ENCODINGS)}.")
    return known[name]


def _first_bad_line(stream: BinaryIO, encoding: str) -> int | None:
    """The line of the first byte that is no text in `encoding`, counted in line feeds; None if all is well."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    stream.seek(0)
    line = 1
    while True:
        chunk = stream.read(_CHUNK_BYTES)
        try:
            line += decoder.decode(chunk, final=not chunk).count("\n")
        except UnicodeDecodeError as error:
            return line + error.object[: error.start].count(b"\n")
        except UnicodeError:  # UTF-16 without its mark tells no position
            return line
        if not chunk:
            return None


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one row; `line` is where it begins."""

    line: int
    cells: list[str] = field(repr=False)


class Lines:
    """The numbered lines of a text; lines can be put back. A line that is too long comes as None."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._next = 1
        self._back: deque[tuple[int, str | None]] = deque()

    def take(self) -> tuple[int, str | None] | None:
        """The next line with its number; None at the end."""
        if self._back:
            return self._back.popleft()
        line = self._text.readline(LINE_CHARS)
        if not line:
            return None
        number = self._next
        self._next += 1
        if number == 1:
            line = line.removeprefix("\ufeff") or "\n"
        if len(line) < LINE_CHARS or line.endswith(("\n", "\r")):
            return number, line
        while line and not line.endswith(("\n", "\r")):
            line = self._text.readline(LINE_CHARS)
        return number, None

    def put_back(self, lines: list[tuple[int, str | None]]) -> None:
        """Lines, in their order, that are to come again."""
        self._back.extendleft(reversed(lines))


def next_record(lines: Lines, delimiter: str) -> Record | Problem | None:
    """The next record or what is wrong with it; None at the end."""
    first = lines.take()
    if first is None:
        return None
    number, text = first
    if text is None:
        return problem(number, "long_line")
    if "\0" in text:
        return problem(number, "nul")
    if not text.strip():
        return problem(number, "blank_line")
    cells = _parsed([text], delimiter)
    if cells is None:
        cells = _over_lines(lines, text, delimiter)
    return problem(number, "broken_quotes") if cells is None else Record(number, cells)


def _over_lines(lines: Lines, first: str, delimiter: str) -> list[str] | None:
    """The cells of a record whose quoted cell goes on over further lines; None leaves those lines to be read."""
    texts, taken = [first], []
    # With every quotation mark answered, further lines mend nothing.
    is_open = first.count('"') % 2 == 1
    while is_open and len(texts) < RECORD_LINES and (following := lines.take()) is not None:
        taken.append(following)
        text = following[1]
        if text is None or "\0" in text:
            break
        texts.append(text)
        if text.count('"') % 2 == 1:
            cells = _parsed(texts, delimiter)
            if cells is not None:
                return cells
            break
    lines.put_back(taken)
    return None


def _parsed(texts: list[str], delimiter: str) -> list[str] | None:
    """The cells of exactly one well-formed record, or None."""
    try:
        return next(csv.reader(texts, delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        return None


def records(lines: Lines, delimiter: str) -> Iterator[Record | Problem]:
    """All records that are left."""
    while (record := next_record(lines, delimiter)) is not None:
        yield record
