"""Reading a subscriber list: bytes in, rows and problems out, one at a time."""

import io
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import BinaryIO

from reminder.errors import Trouble
from reminder.intake.subscribers.build import RowReader
from reminder.intake.subscribers.layout import Layout, check, folded, layout_of
from reminder.intake.subscribers.places import read_country, read_locale, read_zone
from reminder.intake.subscribers.presets import OWN_STATUSES, Column, Preset, Standing, preset_named
from reminder.intake.subscribers.records import DELIMITERS, Lines, Record, encoding_of, next_record, open_list, records
from reminder.intake.subscribers.rows import Counts, ImportDefaults, Problem, Row
from reminder.intake.subscribers.seen import Seen
from reminder.intake.subscribers.values import FURTHEST_AHEAD

# Excel writes the delimiter on a line of its own before the column names.
_SEPARATOR_LINE = re.compile(r"sep=([,;\t])\s*\Z", re.IGNORECASE)


class ListReading:
    """A list that is ready to be gone through: `for item in reading` gives each `Row` and each `Problem`.

    Going through it again reads the file again and gives the same. Only one pass at a time; `counts` belongs to the
    pass that is under way or was the last. `presumed` is what the file's columns say of everybody in it (Mailchimp's
    unsubscribed and cleaned files), for the organiser to see.
    """

    def __init__(self, stream: BinaryIO, encoding: str, delimiter: str, reader: RowReader) -> None:
        self._stream = stream
        self._reader = reader
        self.encoding = encoding
        self.delimiter = delimiter
        self.counts = Counts()

    @property
    def preset(self) -> str:
        """The name of the list format."""
        return self._reader.preset.name

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that were recognised, in our words."""
        return tuple(self._reader.layout.columns)

    @property
    def ignored_columns(self) -> int:
        """How many columns of the file nobody reads."""
        return self._reader.layout.ignored

    @property
    def presumed(self) -> Standing | None:
        """What everybody in the file is, by the organiser's word or by the file's columns; None if each row says it."""
        return self._reader.told or self._reader.layout.presumed

    def __iter__(self) -> Iterator[Row | Problem]:
        self.counts = counts = Counts()
        seen = Seen()
        for record in _body(self._stream, self.encoding, self.delimiter):
            for item in _items(record, self._reader, seen):
                if isinstance(item, Row):
                    counts.add_row(item)
                else:
                    counts.add_problem(item)
                yield item


def read_list(
    source: bytes | BinaryIO,
    *,
    now: datetime,
    preset: str | None = None,
    defaults: ImportDefaults = ImportDefaults(),  # noqa: B008
    encoding: str | None = None,
) -> ListReading:
    """A reading of the CSV file `source`; a stream must stay open until it has been gone through.

    `preset` names the list format (presets.py), our own where it is None. `now` (aware, UTC) is what consent may not be
    later than. `encoding` is what the organiser says of the file; without it only UTF-8 and marked UTF-16 are taken.
    Raises `Trouble` for a file that cannot be read as this format at all, and for defaults that make no sense; what is
    wrong with single rows comes out of the reading as `Problem`.
    """
    chosen = preset_named(preset)
    told = _told(defaults)
    defaults = _checked(defaults, now)
    stream = open_list(source)
    encoding = encoding_of(stream, encoding)
    names, delimiter, layout = _header(stream, encoding, chosen)
    check(layout, names, chosen, is_told=told is not None)
    return ListReading(stream, encoding, delimiter, RowReader(chosen, layout, defaults, told, now))


def _items(record: Record | Problem, reader: RowReader, seen: Seen) -> Iterator[Row | Problem]:
    """What comes of one record: notes first, then the row or the problem that leaves it out."""
    if isinstance(record, Problem):
        yield record
        return
    row, notes = reader.read(record)
    yield from notes
    if isinstance(row, Row):
        row, notes = seen.settle(row)
        yield from notes
    yield row


def _body(stream: BinaryIO, encoding: str, delimiter: str) -> Iterator[Record | Problem]:
    """The records after the column names."""
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    try:
        lines = Lines(text)
        _names(lines, delimiter)
        yield from records(lines, delimiter)
    finally:
        text.detach()


def _names(lines: Lines, delimiter: str) -> list[str]:
    """The column names: the first record that is neither blank nor Excel's line about the delimiter."""
    while (record := next_record(lines, delimiter)) is not None:
        if isinstance(record, Problem):
            if record.code == "blank_line":
                continue
            raise Trouble(
                "The list", f"cannot be read: {record.reason}", "Open it in a text editor and look at its first line."
            )
        if not (record.line == 1 and _SEPARATOR_LINE.match(delimiter.join(record.cells))):
            return record.cells
    raise Trouble("The list", "is blank", "Export it again and look into the file.")


def _header(stream: BinaryIO, encoding: str, preset: Preset) -> tuple[list[str], str, Layout]:
    """The column names, read with the delimiter that makes the most sense of them."""
    found: list[tuple[list[str], str, Layout]] = []
    trouble: Trouble | None = None
    for delimiter in DELIMITERS:
        stream.seek(0)
        text = io.TextIOWrapper(stream, encoding=encoding, newline="")
        try:
            names = _names(Lines(text), delimiter)
        except Trouble as error:  # quotes that another delimiter makes sense of
            trouble = trouble or error
        else:
            found.append((names, delimiter, layout_of(names, preset)))
        finally:
            text.detach()
    if not found and trouble is not None:
        raise trouble
    return max(found, key=lambda choice: (choice[2].known, choice[2].width))


def _told(defaults: ImportDefaults) -> Standing | None:
    """What the organiser says that everybody in the file is."""
    if defaults.status is None:
        return None
    words = OWN_STATUSES[Column.STATUS]
    standing = words.get(folded(defaults.status))
    if standing is None:
        raise Trouble("The status", "is not one we know", f"Say one of {', '.join(word for word in words if word)}.")
    return standing


def _checked(defaults: ImportDefaults, now: datetime) -> ImportDefaults:
    """The defaults with zone, language and country in their proper form; `Trouble` for what is none."""
    if now.utcoffset() != timedelta(0):
        raise ValueError("now must be aware and in UTC")
    latest = (now + FURTHEST_AHEAD).date()
    for grounds in (defaults.email, defaults.sms):
        if grounds.given_on is not None and grounds.given_on > latest:
            raise Trouble("The day of the consent", "lies in the future", "Give the day on which people agreed.")
    readers = {
        "locale": (read_locale, "a language tag such as en or pt-BR"),
        "zone": (read_zone, "a zone such as Europe/London"),
        "country": (read_country, "a country code such as GB"),
    }
    proper: dict[str, str] = {}
    for name, (reader, example) in readers.items():
        text = getattr(defaults, name)
        if text is not None:
            value = reader(text)
            if value is None:
                raise Trouble(f"The {name} of the list", f"is not {example}", "Give it in that form.")
            proper[name] = value
    return ImportDefaults(
        email=defaults.email,
        sms=defaults.sms,
        locale=proper.get("locale"),
        zone=proper.get("zone"),
        country=proper.get("country"),
        subscriptions=defaults.subscriptions,
        status=defaults.status,
    )
