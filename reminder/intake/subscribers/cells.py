"""One record as cells by column, with the notes that come up while they are read."""

from collections.abc import Callable, Mapping

import orjson

from reminder.intake.subscribers.layout import Layout
from reminder.intake.subscribers.presets import Column
from reminder.intake.subscribers.problems import problem
from reminder.intake.subscribers.rows import Problem
from reminder.intake.subscribers.values import clean_cell

CELL_CHARS = 2_000


class Cells:
    """The cells of one row. What cannot be read becomes a note, never a guess."""

    __slots__ = ("_cells", "_said", "line", "notes")

    def __init__(self, line: int, cells: list[str], layout: Layout) -> None:
        self.line = line
        self.notes: list[Problem] = []
        self._cells = cells
        length = len(cells)
        self._said = {
            column: text
            for column, position in layout.columns.items()
            if position < length and (text := clean_cell(cells[position]))
        }

    def at(self, position: int) -> str:
        """The cell at a place; blank where the row is shorter."""
        return clean_cell(self._cells[position]) if position < len(self._cells) else ""

    def get(self, column: Column) -> str:
        """The cell of a column; blank where the file has no such column."""
        return self._said.get(column, "")

    def says(self, *columns: Column) -> bool:
        """Whether any of the columns is filled."""
        return not self._said.keys().isdisjoint(columns)

    def raw(self, columns: tuple[Column, ...]) -> tuple[str | None, ...]:
        """The cells of several columns as they are, None where one is blank."""
        return tuple(map(self._said.get, columns))

    def note(self, code: str, column: Column | None = None) -> None:
        """Write down that a value is left out."""
        self.notes.append(problem(self.line, code, column))

    def read(self, column: Column, reader: Callable[[str], str | None], default: str | None, code: str) -> str | None:
        """The value of a cell; the default only where the cell is blank, None and a note where it is unreadable."""
        text = self.get(column)
        if not text:
            return default
        value = reader(text)
        if value is None:
            self.note(code, column)
        return value

    def add_attributes(self, keys: Mapping[Column, tuple[str, ...]]) -> None:
        """Take what `keys` name out of the JSON object in the attributes cell."""
        text = self.get(Column.ATTRIBUTES)
        if not text:
            return
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            self.note("bad_attributes", Column.ATTRIBUTES)
            return
        for column, names in keys.items():
            values = (found.get(name) for name in names)
            texts = (clean_cell(value) for value in values if isinstance(value, str))
            text = next((text for text in texts if text), "")
            if text and len(text) <= CELL_CHARS:
                self._said.setdefault(column, text)
